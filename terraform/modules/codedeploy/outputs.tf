output "application_name" {
  description = "CodeDeploy application."
  value       = aws_codedeploy_app.this.name
}

output "deployment_config_name" {
  description = "How traffic shifts unless a deployment says otherwise."
  value       = aws_codedeploy_deployment_group.this.deployment_config_name
}

output "deployment_group_name" {
  description = "CodeDeploy deployment group."
  value       = aws_codedeploy_deployment_group.this.deployment_group_name
}

output "hook_function_name" {
  description = "Function for an AppSpec's hooks; null without a hook."
  value       = one([for function in aws_lambda_function.hook : function.function_name])
}
