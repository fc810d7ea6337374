output "arn" {
  description = "The cluster."
  value       = aws_ecs_cluster.this.arn
}

output "name" {
  description = "Name of the cluster, known once it exists, so that no host joins too early."
  value       = aws_ecs_cluster.this.name
}
