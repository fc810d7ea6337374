# As many tasks as the load asks for; hosts follow, because tasks without room add some.

locals {
  scaling   = var.scaling == null ? {} : { this = var.scaling }
  schedules = try(var.scaling.schedules, {})

  # Not requests per target: AWS offers that to no blue/green service, whose target group alternates.
  tracked = var.scaling == null ? {} : {
    for metric, percent in {
      ECSServiceAverageCPUUtilization    = var.scaling.cpu_percent
      ECSServiceAverageMemoryUtilization = var.scaling.memory_percent
    } : metric => percent if percent != null
  }
}

# Two of one kind, because what Terraform leaves alone cannot depend on a variable: with schedules
# the bounds move at their hours, and a plan at night must not move them back.
resource "aws_appautoscaling_target" "fixed" {
  for_each = length(local.schedules) == 0 ? local.scaling : {}

  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = local.scaled
  min_capacity       = each.value.min_count
  max_capacity       = each.value.max_count
}

resource "aws_appautoscaling_target" "scheduled" {
  for_each = length(local.schedules) > 0 ? local.scaling : {}

  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = local.scaled
  min_capacity       = each.value.min_count
  max_capacity       = each.value.max_count

  lifecycle {
    ignore_changes = [
      max_capacity, # owner: schedules
      min_capacity, # owner: schedules
    ]
  }
}

locals {
  scaled = "service/${split("/", var.cluster_arn)[1]}/${aws_ecs_service.this.name}"
  target = one(concat(
    values(aws_appautoscaling_target.fixed),
    values(aws_appautoscaling_target.scheduled),
  ))
}

resource "aws_appautoscaling_policy" "this" {
  for_each = local.tracked

  name               = "${var.name}-${each.key}"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = local.target.service_namespace
  scalable_dimension = local.target.scalable_dimension
  resource_id        = local.target.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = each.value
    scale_in_cooldown  = 300 # slowly down, quickly up
    scale_out_cooldown = 60

    predefined_metric_specification {
      predefined_metric_type = each.key
    }
  }
}

resource "aws_appautoscaling_scheduled_action" "this" {
  for_each = local.schedules

  name               = "${var.name}-${each.key}"
  service_namespace  = local.target.service_namespace
  scalable_dimension = local.target.scalable_dimension
  resource_id        = local.target.resource_id
  schedule           = each.value.schedule
  timezone           = each.value.timezone

  scalable_target_action {
    min_capacity = each.value.min_count
    max_capacity = each.value.max_count
  }
}
