output "audit_bucket" {
  description = "Bucket that keeps evidence."
  value       = module.audit.name
}

output "backends" {
  description = "Backend settings by environment: what backend.tf, or hitless.terraform, needs."
  value = {
    for name, pipeline in module.pipeline : name => {
      bucket       = module.state.name
      key          = pipeline.state_key
      region       = var.region
      use_lockfile = true
      encrypt      = true
      kms_key_id   = aws_kms_key.this.arn
    }
  }
}

output "lease_table" {
  description = "Table of leases."
  value       = aws_dynamodb_table.lease.name
}

output "logs_bucket" {
  description = "Bucket for load balancers' access logs."
  value       = module.logs.name
}

output "permissions_boundary_arn" {
  description = "Boundary to give to every environment."
  value       = aws_iam_policy.boundary.arn
}

output "role_arns" {
  description = "Roles by environment and purpose, for GitHub's environments."
  value       = { for name, pipeline in module.pipeline : name => pipeline.role_arns }
}

output "session_key_arn" {
  description = "Key of sessions on hosts, to give to every environment."
  value       = aws_kms_key.sessions.arn
}

output "session_log_group_arn" {
  description = "Log of sessions on hosts, to give to every environment."
  value       = aws_cloudwatch_log_group.sessions.arn
}
