output "repository_arn" {
  description = "The repository, for IAM policies."
  value       = aws_ecr_repository.this.arn
}

output "repository_name" {
  description = "Name of the repository."
  value       = aws_ecr_repository.this.name
}

output "repository_url" {
  description = "Where to push, without tag or digest."
  value       = aws_ecr_repository.this.repository_url
}
