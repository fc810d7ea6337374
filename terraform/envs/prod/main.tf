# Where users are: the modules of dev with every safety on. What dev lets you choose and could cost a
# request, an image or a night's sleep is fixed here.

module "kms" {
  source = "../../modules/kms"

  name = var.name
  log_group_names = [
    "/aws/lambda/CodeDeployHook_${var.name}",
    "/ecs/${var.name}",
    "/vpc/${var.name}",
    "aws-waf-logs-${var.name}",
  ]
}

module "network" {
  source = "../../modules/network"

  name                     = var.name
  availability_zones       = var.availability_zones
  cidr_block               = var.cidr_block
  egress                   = "endpoints"
  kms_key_arn              = module.kms.key_arn
  permissions_boundary_arn = var.permissions_boundary_arn

  # The hook calls back from inside the VPC.
  more_interface_endpoints = concat(["kms"], var.hook == null ? [] : ["codedeploy"]) # hosts decrypt sessions
}

module "ecr" {
  source = "../../modules/ecr"

  name        = var.name
  images_kept = 200
  kms_key_arn = module.kms.key_arn
}

module "cluster" {
  source = "../../modules/cluster"

  name = var.name
}

module "traffic" {
  source = "../../modules/traffic"

  name                    = var.name
  vpc                     = { id = module.network.vpc_id, cidr_block = module.network.vpc_cidr_block }
  subnet_ids              = var.internal ? module.network.internal_subnet_ids : module.network.public_subnet_ids
  internal                = var.internal
  certificate_arn         = var.certificate_arn
  client_cidr_blocks      = var.client_cidr_blocks
  test_client_cidr_blocks = var.test_client_cidr_blocks
  access_logs_bucket      = var.access_logs_bucket
  alarm_topic_arn         = module.observe.topic_arn
  waf                     = { kms_key_arn = module.kms.key_arn }
}

module "compute" {
  source = "../../modules/compute"

  name                            = var.name
  cluster                         = { arn = module.cluster.arn, name = module.cluster.name }
  vpc_id                          = module.network.vpc_id
  subnet_ids                      = module.network.private_subnet_ids
  https_egress                    = module.network.https_egress
  load_balancer_security_group_id = module.traffic.security_group_id
  instance_type                   = var.instance_type
  ami_id                          = var.ami_id
  launch_template_version         = var.launch_template_version
  session_key_arn                 = var.session_key_arn
  session_log_group_arn           = var.session_log_group_arn
  group                           = var.hosts
  kms_key_arn                     = module.kms.key_arn
  permissions_boundary_arn        = var.permissions_boundary_arn
}

module "ecs_service" {
  source = "../../modules/ecs_service"

  name                     = var.name
  cluster_arn              = module.cluster.arn
  capacity_provider_name   = module.compute.capacity_provider_name
  target_group_arn         = module.traffic.target_group_arns.blue
  repository_arn           = module.ecr.repository_arn
  image                    = var.image
  container                = var.container
  environment              = var.environment
  desired_count            = var.scaling.min_count
  scaling                  = var.scaling
  unhealthy_after_s        = module.traffic.unhealthy_after_s
  kms_key_arn              = module.kms.key_arn
  permissions_boundary_arn = var.permissions_boundary_arn
}

module "codedeploy" {
  source = "../../modules/codedeploy"

  name                     = var.name
  cluster_name             = module.cluster.name
  service_name             = module.ecs_service.name
  listener_arns            = module.traffic.listener_arns
  target_group_names       = module.traffic.target_group_names
  passed_role_arns         = module.ecs_service.passed_role_arns
  alarm_names              = module.traffic.alarm_names
  alarm_after_s            = module.traffic.alarm_after_s
  approval_wait_minutes    = var.approval_wait_minutes
  termination_wait_minutes = 60
  notices_topic_arn        = module.observe.topic_arn
  kms_key_arn              = module.kms.key_arn
  permissions_boundary_arn = var.permissions_boundary_arn

  hook = var.hook == null ? null : {
    filename       = var.hook.filename
    latency_ms_max = var.hook.latency_ms_max
    requests       = var.hook.requests
    signed_by      = var.hook.signed_by
    test_url       = "${module.traffic.urls.test}/version"

    vpc = var.internal ? {
      cidr_block        = module.network.vpc_cidr_block
      https_cidr_blocks = module.network.https_egress.cidr_blocks
      id                = module.network.vpc_id
      subnet_ids        = module.network.private_subnet_ids
    } : null
  }
}

module "observe" {
  source = "../../modules/observe"

  name                   = var.name
  autoscaling_group_name = module.compute.autoscaling_group_name
  cluster_name           = module.cluster.name
  load_balancer_suffix   = module.traffic.load_balancer_suffix
  target_group_suffixes  = module.traffic.target_group_suffixes
  alarm_arns             = module.traffic.alarm_arns
  healthy_min            = max(1, floor(var.scaling.min_count / 2))
  emails                 = var.alarm_emails
  kms_key_arn            = module.kms.key_arn
}
