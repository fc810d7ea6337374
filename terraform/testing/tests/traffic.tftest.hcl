mock_provider "aws" {
  source = "./mocks"
}

variables {
  name       = "web"
  vpc        = { cidr_block = "10.0.0.0/16", id = "vpc-0123456789abcdef0" }
  subnet_ids = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
}

run "two_doors_and_two_groups" {
  module {
    source = "../modules/traffic"
  }

  assert {
    condition     = aws_lb_listener.this["prod"].port == 80 && aws_lb_listener.this["test"].port == 8080
    error_message = "Users come by 80, the judges of a release by 8080."
  }

  assert {
    condition     = alltrue([for group in aws_lb_target_group.this : one(group.health_check).port == "traffic-port"])
    error_message = "A check on another port says nothing about the task that serves."
  }

  assert {
    condition     = join(" ", output.alarm_names) == "web-elb-5xx web-latency-p99 web-target-5xx web-unhealthy-blue web-unhealthy-green"
    error_message = "Alarms must watch answers, their time, and both target groups."
  }
}

run "a_certificate_makes_both_doors_https" {
  command = plan

  module {
    source = "../modules/traffic"
  }

  variables {
    certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/0"
  }

  assert {
    condition = alltrue([
      for listener in aws_lb_listener.this :
      listener.protocol == "HTTPS" && listener.ssl_policy == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    ])
    error_message = "With a certificate nothing may be served in the clear."
  }

  assert {
    condition     = aws_lb_listener.this["prod"].port == 443 && aws_lb_listener.this["test"].port == 8443
    error_message = "HTTPS belongs on 443 and 8443."
  }
}

run "nobody_outside_gets_in_unnamed" {
  command = plan

  module {
    source = "../modules/traffic"
  }

  variables {
    client_cidr_blocks = ["198.51.100.0/24"]
  }

  assert {
    condition = toset([for rule in aws_vpc_security_group_ingress_rule.this : "${rule.from_port} ${rule.cidr_ipv4}"]) == toset([
      "80 10.0.0.0/16", "80 198.51.100.0/24", "8080 10.0.0.0/16",
    ])
    error_message = "Only the VPC and named clients may come in, and clients only by the prod listener."
  }
}

run "silence_is_not_an_error" {
  command = plan

  module {
    source = "../modules/traffic"
  }

  assert {
    condition = alltrue([
      for alarm in concat(
        [
          aws_cloudwatch_metric_alarm.elb_5xx,
          aws_cloudwatch_metric_alarm.latency,
          aws_cloudwatch_metric_alarm.target_5xx,
        ],
        values(aws_cloudwatch_metric_alarm.unhealthy_hosts),
      ) :
      alarm.treat_missing_data == "notBreaching"
    ])
    error_message = "ALB publishes nothing when nothing happens; an alarm must not stop a release for that."
  }
}

run "what_cannot_be_is_refused" {
  command = plan

  module {
    source = "../modules/traffic"
  }

  variables {
    # an alarm needs some time
    alarm = { target_5xx_minutes = 0 }

    # open requests are not cut off
    deregistration_delay_s = 3
    request_s_max          = 5

    # checks come at aws pace
    health_check = { interval_s = 400 }

    # a silent request is not dropped
    idle_timeout_s = 5

    # target group names must fit
    name = "a-name-that-leaves-no-room-for-green"

    # strangers do not judge releases
    test_client_cidr_blocks = ["0.0.0.0/0"]

    # a certificate is one
    certificate_arn = "web.example.com"

    # a firewall leaves room for users
    waf = { requests_5min_max = 10 }
  }

  expect_failures = [
    var.alarm,
    var.certificate_arn,
    var.deregistration_delay_s,
    var.health_check,
    var.idle_timeout_s,
    var.name,
    var.test_client_cidr_blocks,
    var.waf,
  ]
}

run "what_cannot_be_is_refused_2" {
  command = plan

  module {
    source = "../modules/traffic"
  }

  variables {
    # a check ends before the next
    health_check = { interval_s = 10, timeout_s = 10 }

    # a request takes some time
    request_s_max = 0
  }

  expect_failures = [
    var.health_check,
    var.request_s_max,
  ]
}

run "one_failed_check_is_no_verdict" {
  command = plan

  module {
    source = "../modules/traffic"
  }

  variables {
    health_check = { unhealthy_threshold = 1 }
  }

  expect_failures = [var.health_check]
}

run "a_path_is_absolute" {
  command = plan

  module {
    source = "../modules/traffic"
  }

  variables {
    health_check = { path = "healthz" }
  }

  expect_failures = [var.health_check]
}

run "green_is_checked_only_once_codedeploy_sends_it_something" {
  module {
    source = "../modules/traffic"
  }

  assert {
    condition = alltrue([
      for listener in aws_lb_listener.this : one(listener.default_action).target_group_arn != null && length(one(listener.default_action).forward) == 0
    ])
    error_message = "A group with a weight of 0 is checked while its first tasks start."
  }
}

run "a_firewall_is_by_choice_and_lets_the_probe_in" {
  module {
    source = "../modules/traffic"
  }

  variables {
    waf = { requests_5min_max = 60000 }
  }

  assert {
    condition     = length(aws_wafv2_web_acl_association.this) == 1 && length(aws_wafv2_web_acl.this["this"].rule) == 5
    error_message = "Four groups of AWS and the limit must stand before the load balancer."
  }

  assert {
    condition = flatten([
      for rule in aws_wafv2_web_acl.this["this"].rule : [
        for group in one(rule.statement).managed_rule_group_statement : group.rule_action_override[*].name
      ]
    ]) == ["HostingProviderIPList"]
    error_message = "Calls from data centres are counted only: GitHub's runners make them."
  }

  assert {
    condition     = startswith(aws_cloudwatch_log_group.waf["this"].name, "aws-waf-logs-")
    error_message = "AWS refuses any other name."
  }
}
