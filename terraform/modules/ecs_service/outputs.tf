output "container_name" {
  description = "Container behind the load balancer, for the AppSpec."
  value       = var.container.name
}

output "container_port" {
  description = "Its port, for the AppSpec."
  value       = var.container.port
}

output "log_group_name" {
  description = "The application's log."
  value       = aws_cloudwatch_log_group.this.name
}

output "name" {
  description = "Name of the service."
  value       = aws_ecs_service.this.name
}

output "passed_role_arns" {
  description = "Roles that whoever deploys must be allowed to pass."
  value       = [aws_iam_role.execution.arn, aws_iam_role.task.arn]
}

output "task_definition_arn" {
  description = "Newest revision that Terraform registered; the running one may be newer."
  value       = aws_ecs_task_definition.this.arn
}

output "task_definition_family" {
  description = "Family of the revisions."
  value       = aws_ecs_task_definition.this.family
}
