output "role_arns" {
  description = "Roles by purpose: apply, build, deploy, plan."
  value       = { for purpose, role in aws_iam_role.this : purpose => role.arn }
}

output "state_key" {
  description = "Where in the state bucket this environment's state lies."
  value       = local.state_key
}
