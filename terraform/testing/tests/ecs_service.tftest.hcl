mock_provider "aws" {
  source = "./mocks"
}

variables {
  name                   = "web"
  cluster_arn            = "arn:aws:ecs:us-east-1:123456789012:cluster/web"
  capacity_provider_name = "web"
  target_group_arn       = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web-blue/0123456789abcdef"
  repository_arn         = "arn:aws:ecr:us-east-1:123456789012:repository/web"
  image                  = "123456789012.dkr.ecr.us-east-1.amazonaws.com/web@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  unhealthy_after_s      = 20
}

run "a_task_is_confined" {
  module {
    source = "../modules/ecs_service"
  }

  assert {
    condition = alltrue([
      for container in jsondecode(aws_ecs_task_definition.this.container_definitions) : (
        container.readonlyRootFilesystem && !container.privileged && container.user == "10001:10001"
        && container.linuxParameters.capabilities.drop == ["ALL"]
      )
    ])
    error_message = "The application must run without root, capabilities or a file system to write to."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].portMappings[0].hostPort == 0
    error_message = "A fixed host port leaves no room for the second task set."
  }
}

run "codedeploy_deploys_and_a_rollback_finds_its_revision" {
  module {
    source = "../modules/ecs_service"
  }

  assert {
    condition     = one(aws_ecs_service.this.deployment_controller).type == "CODE_DEPLOY"
    error_message = "CodeDeploy must own deployments."
  }

  assert {
    condition     = aws_ecs_task_definition.this.skip_destroy
    error_message = "A revision that Terraform replaces must stay registered."
  }

  assert {
    condition     = one(aws_ecs_service.this.capacity_provider_strategy).capacity_provider == "web"
    error_message = "A launch-type service is invisible to managed scaling."
  }
}

run "tasks_spread_over_zones_and_hosts" {
  command = plan

  module {
    source = "../modules/ecs_service"
  }

  assert {
    condition     = join(" ", aws_ecs_service.this.ordered_placement_strategy[*].field) == "attribute:ecs.availability-zone instanceId"
    error_message = "Zones first, then hosts."
  }
}

run "what_cannot_be_is_refused" {
  command = plan

  module {
    source = "../modules/ecs_service"
  }

  variables {
    # root is refused
    container = { user = "0" }

    # one task is not enough
    desired_count = 1

    # a starting task is not stopped
    health_check_grace_s = 10

    # a tag is not an image
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/web:latest"

    # a signalled task finishes its requests
    stop_timeout_s = 5

    # scaling keeps two tasks
    scaling = { min_count = 1, max_count = 4 }
  }

  expect_failures = [
    var.container,
    var.desired_count,
    var.health_check_grace_s,
    var.image,
    var.scaling,
    var.stop_timeout_s,
  ]
}

run "what_cannot_be_is_refused_2" {
  command = plan

  module {
    source = "../modules/ecs_service"
  }

  variables {
    # a low port is refused
    container = { port = 80 }

    # a busy target is refused
    scaling = { min_count = 2, max_count = 4, cpu_percent = 95 }
  }

  expect_failures = [
    var.container,
    var.scaling,
  ]
}

run "tasks_follow_the_load" {
  module {
    source = "../modules/ecs_service"
  }

  variables {
    scaling = { min_count = 6, max_count = 12, memory_percent = 70 }
  }

  assert {
    condition = { for metric, policy in aws_appautoscaling_policy.this : metric => one(policy.target_tracking_scaling_policy_configuration).target_value } == {
      ECSServiceAverageCPUUtilization    = 50
      ECSServiceAverageMemoryUtilization = 70
    }
    error_message = "CPU and memory are what AWS offers a blue/green service."
  }

  assert {
    condition     = aws_appautoscaling_target.fixed["this"].resource_id == "service/web/web"
    error_message = "The service must be named by its cluster and its name."
  }
}

run "dev_sleeps_at_night" {
  module {
    source = "../modules/ecs_service"
  }

  variables {
    scaling = {
      min_count = 2
      max_count = 6
      schedules = {
        morning = { schedule = "cron(0 7 ? * MON-FRI *)", min_count = 2, max_count = 6 }
        night   = { schedule = "cron(0 19 ? * MON-FRI *)", min_count = 0, max_count = 0 }
      }
    }
  }

  assert {
    condition     = length(aws_appautoscaling_scheduled_action.this) == 2 && length(aws_appautoscaling_target.fixed) == 0
    error_message = "With schedules, the bounds belong to them."
  }
}

run "a_schedule_is_one" {
  command = plan

  module {
    source = "../modules/ecs_service"
  }

  variables {
    scaling = { min_count = 2, max_count = 4, schedules = { night = { schedule = "at night", min_count = 0, max_count = 0 } } }
  }

  expect_failures = [var.scaling]
}
