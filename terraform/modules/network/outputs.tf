output "https_egress" {
  description = "Where hosts may open HTTPS to: address blocks, and S3's prefix list."
  value = {
    cidr_blocks     = var.egress == "nat" ? ["0.0.0.0/0"] : [aws_vpc.this.cidr_block]
    prefix_list_ids = [aws_vpc_endpoint.s3.prefix_list_id]
  }
}

output "internal_subnet_ids" {
  description = "The private subnets for a load balancer, which needs no way out and waits for none."
  value       = [for subnet in aws_subnet.private : subnet.id]
}

output "private_subnet_ids" {
  description = "Subnets for hosts, one a zone, ready to reach AWS."
  value       = [for subnet in aws_subnet.private : subnet.id]

  # A host that boots before its way out exists never joins the cluster.
  depends_on = [
    aws_route.nat,
    aws_route_table_association.private,
    aws_vpc_endpoint.interface,
    aws_vpc_endpoint.s3,
    aws_vpc_security_group_ingress_rule.endpoints,
  ]
}

output "public_subnet_ids" {
  description = "Subnets for the load balancer, one a zone, routed to the internet."
  value       = [for subnet in aws_subnet.public : subnet.id]

  depends_on = [aws_route.internet, aws_route_table_association.public]
}

output "vpc_cidr_block" {
  description = "Addresses of the VPC."
  value       = aws_vpc.this.cidr_block
}

output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}
