# Dynamic host ports come from the kernel's ephemeral range, so the load balancer must reach all of
# it. Opening the container's port instead looks right and leaves every target unhealthy.

locals {
  ephemeral_ports = { from = 32768, to = 65535 }
}

resource "aws_security_group" "host" {
  name        = "${var.name}-host"
  description = "ECS hosts"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-host" }
}

resource "aws_vpc_security_group_ingress_rule" "from_load_balancer" {
  security_group_id            = aws_security_group.host.id
  description                  = "Requests and health checks, to dynamic host ports"
  referenced_security_group_id = var.load_balancer_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = local.ephemeral_ports.from
  to_port                      = local.ephemeral_ports.to
}

# The other end of the same wire.
resource "aws_vpc_security_group_egress_rule" "to_host" {
  security_group_id            = var.load_balancer_security_group_id
  description                  = "Requests and health checks, to dynamic host ports"
  referenced_security_group_id = aws_security_group.host.id
  ip_protocol                  = "tcp"
  from_port                    = local.ephemeral_ports.from
  to_port                      = local.ephemeral_ports.to
}

resource "aws_vpc_security_group_egress_rule" "https" {
  for_each = toset(var.https_egress.cidr_blocks)

  security_group_id = aws_security_group.host.id
  description       = "AWS APIs"
  cidr_ipv4         = each.key
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "s3" {
  count = length(var.https_egress.prefix_list_ids)

  security_group_id = aws_security_group.host.id
  description       = "Image layers in S3"
  prefix_list_id    = var.https_egress.prefix_list_ids[count.index]
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
