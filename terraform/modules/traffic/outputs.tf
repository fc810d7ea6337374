output "alarm_after_s" {
  description = "Seconds of bad answers after which an alarm fires: a canary must last longer."
  value       = 60 * max([for alarm in local.alarms : alarm.evaluation_periods]...)
}

output "alarm_arns" {
  description = "The same alarms, for a dashboard."
  value       = sort([for alarm in local.alarms : alarm.arn])
}

output "alarm_names" {
  description = "Alarms that stop a release."
  value       = sort([for alarm in local.alarms : alarm.alarm_name])
}

output "listener_arns" {
  description = "Listeners by purpose: prod, test."
  value       = { for purpose, listener in aws_lb_listener.this : purpose => listener.arn }
}

output "load_balancer_arn" {
  description = "The load balancer."
  value       = aws_lb.this.arn
}

output "load_balancer_dns_name" {
  description = "Host name of the load balancer."
  value       = aws_lb.this.dns_name
}

output "load_balancer_suffix" {
  description = "The load balancer, as its metrics name it."
  value       = aws_lb.this.arn_suffix
}

output "security_group_id" {
  description = "Security group of the load balancer."
  value       = aws_security_group.this.id
}

output "target_group_arns" {
  description = "Target groups by colour, each behind a listener."
  value       = { for colour, group in aws_lb_target_group.this : colour => group.arn }

  # ECS refuses a service whose target group has no load balancer yet.
  depends_on = [aws_lb_listener.this]
}

output "target_group_names" {
  description = "Names of the target groups by colour."
  value       = { for colour, group in aws_lb_target_group.this : colour => group.name }
}

output "target_group_suffixes" {
  description = "Target groups by colour, as their metrics name them."
  value       = { for colour, group in aws_lb_target_group.this : colour => group.arn_suffix }
}

output "unhealthy_after_s" {
  description = "Seconds of failed checks after which a target is unhealthy."
  value       = local.probe_to_fail
}

output "urls" {
  description = "Addresses by purpose: prod, test."
  value = {
    for purpose, door in local.listeners :
    purpose => "${local.secure ? "https" : "http"}://${aws_lb.this.dns_name}:${door.port}"
  }
}
