# Made by testing/document.py from the examples in the modules' READMEs. Do not edit.

module "bucket" {
  source = "../../modules/bucket"

  name             = "web-audit-123456789012"
  log_bucket       = "web-logs-123456789012"
  object_lock_days = 365
}

module "cluster" {
  source = "../../modules/cluster"

  name = "web"
}

module "codedeploy" {
  source = "../../modules/codedeploy"

  name               = "web"
  cluster_name       = module.cluster.name
  service_name       = module.ecs_service.name
  listener_arns      = module.traffic.listener_arns
  target_group_names = module.traffic.target_group_names
  passed_role_arns   = module.ecs_service.passed_role_arns
  alarm_names        = module.traffic.alarm_names
  alarm_after_s      = module.traffic.alarm_after_s
}

module "compute" {
  source = "../../modules/compute"

  name                            = "web"
  cluster                         = { arn = module.cluster.arn, name = module.cluster.name }
  vpc_id                          = module.network.vpc_id
  subnet_ids                      = module.network.private_subnet_ids
  https_egress                    = module.network.https_egress
  load_balancer_security_group_id = module.traffic.security_group_id
}

module "ecr" {
  source = "../../modules/ecr"

  name = "web"
}

module "ecs_service" {
  source = "../../modules/ecs_service"

  name                   = "web"
  cluster_arn            = module.cluster.arn
  capacity_provider_name = module.compute.capacity_provider_name
  target_group_arn       = module.traffic.target_group_arns.blue
  unhealthy_after_s      = module.traffic.unhealthy_after_s
  repository_arn         = module.ecr.repository_arn
  image                  = "${module.ecr.repository_url}@sha256:${sha256("an image")}"
}

module "kms" {
  source = "../../modules/kms"

  name            = "web"
  log_group_names = ["/ecs/web"]
}

module "network" {
  source = "../../modules/network"

  name               = "web"
  availability_zones = ["us-east-1a", "us-east-1b"]
}

module "observe" {
  source = "../../modules/observe"

  name                   = "web"
  autoscaling_group_name = module.compute.autoscaling_group_name
  cluster_name           = module.cluster.name
  load_balancer_suffix   = module.traffic.load_balancer_suffix
  target_group_suffixes  = module.traffic.target_group_suffixes
  healthy_min            = 4
  kms_key_arn            = module.kms.key_arn
}

module "pipeline" {
  source = "../../modules/pipeline"

  name                     = "web"
  audit_bucket_arn         = module.bucket.arn
  state_bucket_arn         = module.bucket.arn
  kms_key_arn              = module.kms.key_arn
  lease_table_arn          = "arn:aws:dynamodb:us-east-1:123456789012:table/hitless-lease"
  permissions_boundary_arn = "arn:aws:iam::123456789012:policy/hitless-boundary"

  github = {
    owner         = "octo-org"
    owner_id      = "1234567"
    repository    = "hitless"
    repository_id = "7654321"
    provider_arn  = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
  }
}

module "traffic" {
  source = "../../modules/traffic"

  name       = "web"
  vpc        = { id = module.network.vpc_id, cidr_block = module.network.vpc_cidr_block }
  subnet_ids = module.network.public_subnet_ids
}
