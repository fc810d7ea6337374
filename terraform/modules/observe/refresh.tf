# A refresh has no metric of its own. It sends events, and a rule counts the ones it matches, so the
# alarm reads the rule's count.

resource "aws_cloudwatch_event_rule" "refresh_failed" {
  name        = "${var.name}-refresh-failed"
  description = "An instance refresh of ${var.autoscaling_group_name} failed, was cancelled or was rolled back"

  event_pattern = jsonencode({
    source = ["aws.autoscaling"]
    detail-type = [
      "EC2 Auto Scaling Instance Refresh Cancelled",
      "EC2 Auto Scaling Instance Refresh Failed",
      "EC2 Auto Scaling Instance Refresh Rollback Failed",
      "EC2 Auto Scaling Instance Refresh Rollback Succeeded",
    ]
    detail = { AutoScalingGroupName = [var.autoscaling_group_name] }
  })
}

resource "aws_cloudwatch_event_target" "refresh_failed" {
  rule      = aws_cloudwatch_event_rule.refresh_failed.name
  target_id = "notices"
  arn       = aws_sns_topic.this.arn
}

resource "aws_cloudwatch_metric_alarm" "refresh_failed" {
  alarm_name        = "${var.name}-refresh-failed"
  alarm_description = "A host refresh did not come through: hosts may differ from what was asked."

  namespace           = "AWS/Events"
  metric_name         = "TriggeredRules"
  dimensions          = { RuleName = aws_cloudwatch_event_rule.refresh_failed.name }
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 60
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
}
