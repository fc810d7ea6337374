mock_provider "aws" {
  source = "./mocks"
}

variables {
  name                   = "web"
  autoscaling_group_name = "web"
  cluster_name           = "web"
  load_balancer_suffix   = "app/web/0123456789abcdef"
  target_group_suffixes  = { blue = "targetgroup/web-blue/0", green = "targetgroup/web-green/1" }
  healthy_min            = 3
  kms_key_arn            = "arn:aws:kms:us-east-1:123456789012:key/0"
}

run "capacity_is_both_colours_together" {
  module {
    source = "../modules/observe"
  }

  assert {
    condition = toset(flatten([
      for query in aws_cloudwatch_metric_alarm.healthy_hosts[0].metric_query : [for metric in query.metric : metric.dimensions.TargetGroup]
    ])) == toset(["targetgroup/web-blue/0", "targetgroup/web-green/1"])
    error_message = "The idle colour has no healthy task: only the sum says how much there is."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.healthy_hosts[0].treat_missing_data == "breaching"
    error_message = "No count at all means that nothing is there."
  }

  assert {
    condition     = join(" ", output.alarm_names) == "web-healthy-hosts web-refresh-failed"
    error_message = "Capacity and refreshes must be watched."
  }
}

run "a_refresh_that_did_not_come_through_is_told" {
  command = plan

  module {
    source = "../modules/observe"
  }

  assert {
    condition = (
      contains(jsondecode(aws_cloudwatch_event_rule.refresh_failed.event_pattern)["detail-type"], "EC2 Auto Scaling Instance Refresh Failed")
      && jsondecode(aws_cloudwatch_event_rule.refresh_failed.event_pattern).detail.AutoScalingGroupName == ["web"]
    )
    error_message = "A failed refresh of this group must match."
  }
}

run "the_dashboard_shows_answers_and_capacity" {
  module {
    source = "../modules/observe"
  }

  assert {
    condition = length(setsubtract(
      ["RequestCount", "HTTPCode_Target_5XX_Count", "TargetResponseTime", "HealthyHostCount", "GroupInServiceInstances"],
      flatten([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : [
        for metric in try(widget.properties.metrics, []) : metric[1]
      ]]),
    )) == 0
    error_message = "Somebody on call must see requests, errors, latency and capacity on one page."
  }
}

run "the_lab_has_no_alarm_on_a_sum" {
  module {
    source = "../modules/observe"
  }

  variables {
    sum_alarm = false
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.healthy_hosts) == 0
    error_message = "The lab would refuse it."
  }
}

run "what_cannot_be_is_refused" {
  command = plan

  module {
    source = "../modules/observe"
  }

  variables {
    # a notice goes to an address
    emails = ["somebody"]

    # an alarm that nothing reaches is refused
    healthy_min = 0
  }

  expect_failures = [
    var.emails,
    var.healthy_min,
  ]
}
