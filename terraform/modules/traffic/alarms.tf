# What stops a release. Silence is not an error: ALB publishes no point when nothing was counted.

# Both target groups, through the load balancer's own dimension: during a canary either may be new.
resource "aws_cloudwatch_metric_alarm" "target_5xx" {
  alarm_name        = "${var.name}-target-5xx"
  alarm_description = "The application answered with a server error."

  namespace           = "AWS/ApplicationELB"
  metric_name         = "HTTPCode_Target_5XX_Count"
  dimensions          = { LoadBalancer = aws_lb.this.arn_suffix }
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.alarm.target_5xx_max
  period              = 60 # ALB publishes once a minute
  evaluation_periods  = var.alarm.target_5xx_minutes
  datapoints_to_alarm = var.alarm.target_5xx_minutes
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn[*]
  ok_actions          = var.alarm_topic_arn[*]
}

resource "aws_cloudwatch_metric_alarm" "unhealthy_hosts" {
  for_each = local.colours

  alarm_name        = "${var.name}-unhealthy-${each.key}"
  alarm_description = "A task behind the ${each.key} target group fails its health checks."

  namespace   = "AWS/ApplicationELB"
  metric_name = "UnHealthyHostCount"
  dimensions = {
    LoadBalancer = aws_lb.this.arn_suffix
    TargetGroup  = aws_lb_target_group.this[each.key].arn_suffix
  }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.alarm.unhealthy_hosts_max
  period              = 60
  evaluation_periods  = var.alarm.unhealthy_hosts_minutes
  datapoints_to_alarm = var.alarm.unhealthy_hosts_minutes
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn[*]
  ok_actions          = var.alarm_topic_arn[*]
}

# What the load balancer answered itself: no healthy target, or one that broke off.
resource "aws_cloudwatch_metric_alarm" "elb_5xx" {
  alarm_name        = "${var.name}-elb-5xx"
  alarm_description = "The load balancer had to answer with an error of its own."

  namespace           = "AWS/ApplicationELB"
  metric_name         = "HTTPCode_ELB_5XX_Count"
  dimensions          = { LoadBalancer = aws_lb.this.arn_suffix }
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.alarm.elb_5xx_max
  period              = 60
  evaluation_periods  = var.alarm.elb_5xx_minutes
  datapoints_to_alarm = var.alarm.elb_5xx_minutes
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn[*]
  ok_actions          = var.alarm_topic_arn[*]
}

# A release that answers, but slowly. Few requests make no percentile, so then nothing is decided.
resource "aws_cloudwatch_metric_alarm" "latency" {
  alarm_name        = "${var.name}-latency-p99"
  alarm_description = "One request in a hundred takes longer than ${local.latency_max_s} s."

  namespace                             = "AWS/ApplicationELB"
  metric_name                           = "TargetResponseTime"
  dimensions                            = { LoadBalancer = aws_lb.this.arn_suffix }
  extended_statistic                    = "p99"
  evaluate_low_sample_count_percentiles = "ignore"
  comparison_operator                   = "GreaterThanThreshold"
  threshold                             = local.latency_max_s
  period                                = 60
  evaluation_periods                    = var.alarm.latency_minutes
  datapoints_to_alarm                   = var.alarm.latency_minutes
  treat_missing_data                    = "notBreaching"
  alarm_actions                         = var.alarm_topic_arn[*]
  ok_actions                            = var.alarm_topic_arn[*]
}

locals {
  alarms = concat(
    [
      aws_cloudwatch_metric_alarm.elb_5xx,
      aws_cloudwatch_metric_alarm.latency,
      aws_cloudwatch_metric_alarm.target_5xx,
    ],
    values(aws_cloudwatch_metric_alarm.unhealthy_hosts),
  )
}
