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
}
