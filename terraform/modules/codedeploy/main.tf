locals {
  # A custom configuration cannot be changed, only replaced, so its name says what is in it.
  custom_name = try(join("-", [
    var.name, var.shift.kind, var.shift.percent, "percent", var.shift.interval_minutes, "minutes",
  ]), null)
}

resource "aws_codedeploy_app" "this" {
  name             = var.name
  compute_platform = "ECS"
}

resource "aws_codedeploy_deployment_config" "this" {
  count = var.shift == null ? 0 : 1

  deployment_config_name = local.custom_name
  compute_platform       = "ECS"

  traffic_routing_config {
    type = var.shift.kind == "canary" ? "TimeBasedCanary" : "TimeBasedLinear"

    dynamic "time_based_canary" {
      for_each = var.shift.kind == "canary" ? [var.shift] : []

      content {
        percentage = time_based_canary.value.percent
        interval   = time_based_canary.value.interval_minutes
      }
    }

    dynamic "time_based_linear" {
      for_each = var.shift.kind == "linear" ? [var.shift] : []

      content {
        percentage = time_based_linear.value.percent
        interval   = time_based_linear.value.interval_minutes
      }
    }
  }

  lifecycle {
    create_before_destroy = true # the group moves to the new one before the old one goes
  }
}

resource "aws_codedeploy_deployment_group" "this" {
  app_name               = aws_codedeploy_app.this.name
  deployment_group_name  = var.name
  service_role_arn       = aws_iam_role.this.arn
  deployment_config_name = one(concat(aws_codedeploy_deployment_config.this[*].id, local.predefined))

  deployment_style {
    deployment_type   = "BLUE_GREEN"
    deployment_option = "WITH_TRAFFIC_CONTROL"
  }

  ecs_service {
    cluster_name = var.cluster_name
    service_name = var.service_name
  }

  load_balancer_info {
    target_group_pair_info {
      prod_traffic_route {
        listener_arns = [var.listener_arns.prod]
      }

      # Without it a release is health-checked only after traffic has moved to it.
      test_traffic_route {
        listener_arns = [var.listener_arns.test]
      }

      dynamic "target_group" {
        for_each = [var.target_group_names.blue, var.target_group_names.green]

        content {
          name = target_group.value
        }
      }
    }
  }

  blue_green_deployment_config {
    deployment_ready_option {
      action_on_timeout    = var.approval_wait_minutes == 0 ? "CONTINUE_DEPLOYMENT" : "STOP_DEPLOYMENT"
      wait_time_in_minutes = var.approval_wait_minutes == 0 ? null : var.approval_wait_minutes
    }

    terminate_blue_instances_on_deployment_success {
      action                           = "TERMINATE"
      termination_wait_time_in_minutes = var.termination_wait_minutes
    }
  }

  alarm_configuration {
    enabled                   = true
    alarms                    = var.alarm_names
    ignore_poll_alarm_failure = false # an alarm that cannot be read is no reason to go on
  }

  auto_rollback_configuration {
    enabled = true
    events  = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]
  }

  # CodeDeploy checks the service and its load balancer with this role when the group is made.
  depends_on = [aws_iam_role_policy.this]
}

locals {
  predefined = var.shift == null ? [var.deployment_config_name] : []
}
