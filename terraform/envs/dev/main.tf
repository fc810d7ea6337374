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
  egress                   = var.egress
  kms_key_arn              = module.kms.key_arn
  permissions_boundary_arn = var.permissions_boundary_arn

  # The hook calls back from inside the VPC only when the load balancer is there, too.
  more_interface_endpoints = concat(
    var.hook != null && var.internal ? ["codedeploy"] : [],
    [for _ in var.session_key_arn[*] : "kms"], # hosts decrypt sessions
  )
}

# With AWS's own key: the repository is made first and alone, and would wait for one of ours.
module "ecr" {
  source = "../../modules/ecr"

  name         = var.name
  force_delete = var.deletable
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
  deletion_protection     = !var.deletable
  deregistration_delay_s  = var.drain.deregistration_delay_s
  request_s_max           = var.drain.request_s_max
  health_check            = var.health_check
  alarm_topic_arn         = module.observe.topic_arn
  waf                     = coalesce(var.waf, !var.lab) ? { kms_key_arn = module.kms.key_arn } : null
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
  refresh                         = var.refresh
  spot                            = var.spot
  force_delete                    = var.deletable
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
  desired_count            = var.desired_count
  scaling                  = var.scaling
  stop_timeout_s           = var.drain.stop_timeout_s
  request_s_max            = var.drain.request_s_max
  unhealthy_after_s        = module.traffic.unhealthy_after_s
  force_delete             = var.deletable
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
  deployment_config_name   = var.deployment.config_name
  shift                    = var.deployment.shift
  approval_wait_minutes    = var.deployment.approval_wait_minutes
  termination_wait_minutes = var.deployment.termination_wait_minutes
  notices_topic_arn        = var.lab ? null : module.observe.topic_arn # the lab keeps none of a function
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
  healthy_min            = max(1, floor(var.desired_count / 2))
  emails                 = var.alarm_emails
  kms_key_arn            = module.kms.key_arn
  sum_alarm              = !var.lab
}
