output "autoscaling_group_arn" {
  description = "The group."
  value       = aws_autoscaling_group.this.arn
}

output "autoscaling_group_name" {
  description = "Name of the group."
  value       = aws_autoscaling_group.this.name
}

output "capacity_provider_name" {
  description = "Capacity provider for services, usable once the cluster knows it."
  value       = aws_ecs_capacity_provider.this.name

  depends_on = [aws_ecs_cluster_capacity_providers.this]
}

output "host_security_group_id" {
  description = "Security group of the hosts."
  value       = aws_security_group.host.id
}

output "launch_template_id" {
  description = "The launch template."
  value       = aws_launch_template.this.id
}

output "launch_template_latest_version" {
  description = "Newest version: what a refresh would move hosts to."
  value       = aws_launch_template.this.latest_version
}

output "launch_template_version" {
  description = "Version the group is told to launch from."
  value       = local.version_in_use
}

output "lifecycle_hook_name" {
  description = "Launch hook that a host ends once it is in the cluster."
  value       = local.hook_name
}
