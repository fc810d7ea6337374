output "alarm_names" {
  description = "Alarms on capacity and refreshes: they call somebody, and stop no release."
  value = sort(concat(
    [aws_cloudwatch_metric_alarm.refresh_failed.alarm_name],
    aws_cloudwatch_metric_alarm.healthy_hosts[*].alarm_name,
  ))
}

output "dashboard_name" {
  description = "The dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

output "topic_arn" {
  description = "Where alarms send their notices."
  value       = aws_sns_topic.this.arn

  depends_on = [aws_sns_topic_policy.this]
}
