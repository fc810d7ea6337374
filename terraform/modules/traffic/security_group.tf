resource "aws_security_group" "this" {
  name        = "${var.name}-load-balancer"
  description = "Load balancer; its way to the hosts is a rule of the compute module"
  vpc_id      = var.vpc.id

  tags = { Name = "${var.name}-load-balancer" }
}

locals {
  doors = merge([
    for listener, door in local.listeners : {
      for block in door.cidr_blocks : "${listener} ${block}" => {
        listener = listener
        port     = door.port
        block    = block
      }
    }
  ]...)
}

resource "aws_vpc_security_group_ingress_rule" "this" {
  for_each = local.doors

  security_group_id = aws_security_group.this.id
  description       = "Clients of the ${each.value.listener} listener"
  cidr_ipv4         = each.value.block
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
}
