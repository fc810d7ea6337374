output "alarm_names" {
  description = "Alarms that stop a release."
  value       = module.traffic.alarm_names
}

output "autoscaling_group_name" {
  description = "The hosts' group."
  value       = module.compute.autoscaling_group_name
}

output "capacity_provider_name" {
  description = "Capacity provider: an AppSpec that leaves it out makes ECS forget it."
  value       = module.compute.capacity_provider_name
}

output "cluster_name" {
  description = "The ECS cluster."
  value       = module.cluster.name
}

output "codedeploy_application_name" {
  description = "CodeDeploy application."
  value       = module.codedeploy.application_name
}

output "codedeploy_deployment_group_name" {
  description = "CodeDeploy deployment group."
  value       = module.codedeploy.deployment_group_name
}

output "container_name" {
  description = "Container behind the load balancer."
  value       = module.ecs_service.container_name
}

output "container_port" {
  description = "Its port."
  value       = module.ecs_service.container_port
}

output "dashboard_name" {
  description = "The CloudWatch dashboard."
  value       = module.observe.dashboard_name
}

output "deployment_config_name" {
  description = "How traffic shifts unless a deployment says otherwise."
  value       = module.codedeploy.deployment_config_name
}

output "hook_function_name" {
  description = "Function for an AppSpec's hooks; null without a hook."
  value       = module.codedeploy.hook_function_name
}

output "launch_template_id" {
  description = "The hosts' launch template."
  value       = module.compute.launch_template_id
}

output "launch_template_latest_version" {
  description = "Version a refresh would move hosts to."
  value       = module.compute.launch_template_latest_version
}

output "launch_template_version" {
  description = "Version the group is told to launch from."
  value       = module.compute.launch_template_version
}

output "lifecycle_hook_name" {
  description = "Launch hook that holds a host until it is in the cluster."
  value       = module.compute.lifecycle_hook_name
}

output "listener_arns" {
  description = "Listeners: prod, test."
  value       = module.traffic.listener_arns
}

output "load_balancer_arn" {
  description = "The load balancer."
  value       = module.traffic.load_balancer_arn
}

output "load_balancer_dns_name" {
  description = "Host name of the load balancer."
  value       = module.traffic.load_balancer_dns_name
}

output "log_group_name" {
  description = "The application's log."
  value       = module.ecs_service.log_group_name
}

output "repository_name" {
  description = "ECR repository."
  value       = module.ecr.repository_name
}

output "repository_url" {
  description = "Where images are pushed."
  value       = module.ecr.repository_url
}

output "service_name" {
  description = "The ECS service."
  value       = module.ecs_service.name
}

output "target_group_arns" {
  description = "Target groups: blue, green."
  value       = module.traffic.target_group_arns
}

output "target_group_names" {
  description = "Names of the target groups: blue, green."
  value       = module.traffic.target_group_names
}

output "task_definition_arn" {
  description = "Newest revision that Terraform registered; the running one may be newer."
  value       = module.ecs_service.task_definition_arn
}

output "task_definition_family" {
  description = "Family of the revisions."
  value       = module.ecs_service.task_definition_family
}

output "urls" {
  description = "Addresses: prod, test."
  value       = module.traffic.urls
}
