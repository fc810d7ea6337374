# Capacity is both colours together: the idle one has no healthy task, and that is well. An alarm on
# one target group would be red half of the time, so this one adds them up.

resource "aws_cloudwatch_metric_alarm" "healthy_hosts" {
  count = var.sum_alarm ? 1 : 0

  alarm_name        = "${var.name}-healthy-hosts"
  alarm_description = "Fewer than ${var.healthy_min} tasks can take requests."

  comparison_operator = "LessThanThreshold"
  threshold           = var.healthy_min
  evaluation_periods  = 2
  datapoints_to_alarm = 2
  treat_missing_data  = "breaching" # no count at all: nothing is registered
  alarm_actions       = [aws_sns_topic.this.arn]
  ok_actions          = [aws_sns_topic.this.arn]

  metric_query {
    id          = "healthy"
    expression  = "FILL(blue, 0) + FILL(green, 0)"
    label       = "healthy tasks"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = var.target_group_suffixes

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/ApplicationELB"
        metric_name = "HealthyHostCount"
        period      = 60
        stat        = "Minimum"
        dimensions = {
          LoadBalancer = var.load_balancer_suffix
          TargetGroup  = metric_query.value
        }
      }
    }
  }
}
