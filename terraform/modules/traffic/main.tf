# The load balancer: one door for everybody, one for testing a release before anybody sees it, and
# two target groups that take turns behind them.

locals {
  secure        = var.certificate_arn != null
  colours       = toset(["blue", "green"])
  latency_max_s = coalesce(var.alarm.latency_p99_s_max, var.request_s_max / 2)
  probe_to_fail = var.health_check.interval_s * var.health_check.unhealthy_threshold

  listeners = {
    prod = {
      port        = local.secure ? 443 : 80
      cidr_blocks = setunion([var.vpc.cidr_block], var.client_cidr_blocks)
    }
    test = {
      port        = local.secure ? 8443 : 8080
      cidr_blocks = setunion([var.vpc.cidr_block], var.test_client_cidr_blocks)
    }
  }
}

resource "aws_lb" "this" {
  name               = var.name
  load_balancer_type = "application"
  internal           = var.internal
  subnets            = var.subnet_ids
  security_groups    = [aws_security_group.this.id]
  idle_timeout       = var.idle_timeout_s

  drop_invalid_header_fields = true
  desync_mitigation_mode     = "strictest"
  enable_deletion_protection = var.deletion_protection

  dynamic "access_logs" {
    for_each = var.access_logs_bucket[*]

    content {
      bucket  = access_logs.value
      prefix  = var.name
      enabled = true
    }
  }
}

resource "aws_lb_target_group" "this" {
  # checkov:skip=CKV_AWS_378:HTTP inside the VPC; users of prod are served over TLS (its own rule). It passes blue, which Terraform puts behind a listener, and not green, for which CodeDeploy does so later.
  for_each = local.colours

  name                 = "${var.name}-${each.key}"
  vpc_id               = var.vpc.id
  target_type          = "instance" # bridge networking: a target is a host and a dynamic port
  port                 = 80         # required, unused: each task registers its own port
  protocol             = "HTTP"
  protocol_version     = "HTTP1"
  deregistration_delay = var.deregistration_delay_s

  health_check {
    path                = var.health_check.path
    port                = "traffic-port"
    protocol            = "HTTP"
    matcher             = "200"
    interval            = var.health_check.interval_s
    timeout             = var.health_check.timeout_s
    healthy_threshold   = var.health_check.healthy_threshold
    unhealthy_threshold = var.health_check.unhealthy_threshold
  }
}

resource "aws_lb_listener" "this" {
  for_each = local.listeners

  load_balancer_arn = aws_lb.this.arn
  port              = each.value.port
  protocol          = local.secure ? "HTTPS" : "HTTP"
  ssl_policy        = local.secure ? "ELBSecurityPolicy-TLS13-1-2-2021-06" : null
  certificate_arn   = var.certificate_arn

  # Blue alone, as CodeDeploy leaves it after a release, and not green with a weight of 0: a group
  # behind a listener is checked while its first tasks start, and a slow start would look unhealthy.
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this["blue"].arn
  }

  lifecycle {
    ignore_changes = [
      default_action, # owner: CodeDeploy, which shifts weights between blue and green
    ]
  }
}
