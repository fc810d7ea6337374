data "aws_region" "this" {}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/ecs/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  network_mode             = "bridge"
  requires_compatibilities = ["EC2"]
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn

  # Terraform deregisters a revision it replaces, and that one is what a rollback deploys.
  skip_destroy = true

  container_definitions = jsonencode([{
    name      = var.container.name
    image     = var.image
    cpu       = var.container.cpu
    memory    = var.container.memory_mib
    essential = true

    # Host port 0: any free port, so that two task sets fit on one host.
    portMappings = [{
      containerPort = var.container.port
      hostPort      = 0
      protocol      = "tcp"
    }]

    environment = [
      for name in sort(keys(var.environment)) : { name = name, value = var.environment[name] }
    ]

    # ECS waits for the target group's delay, then sends SIGTERM; after this, SIGKILL.
    stopTimeout            = var.stop_timeout_s
    readonlyRootFilesystem = true
    privileged             = false
    user                   = var.container.user

    linuxParameters = {
      capabilities       = { add = [], drop = ["ALL"] }
      initProcessEnabled = true
    }

    logConfiguration = {
      logDriver = "awslogs"
      options = {
        "awslogs-group"         = aws_cloudwatch_log_group.this.name
        "awslogs-region"        = data.aws_region.this.name
        "awslogs-stream-prefix" = var.container.name
        # A slow log must not stall the application; beyond the buffer, lines are dropped.
        "mode"            = "non-blocking"
        "max-buffer-size" = "4m"
      }
    }
  }])
}

resource "aws_ecs_service" "this" {
  name            = var.name
  cluster         = var.cluster_arn
  task_definition = aws_ecs_task_definition.this.arn
  desired_count   = var.desired_count
  force_delete    = var.force_delete

  enable_ecs_managed_tags           = true
  propagate_tags                    = "SERVICE"
  health_check_grace_period_seconds = var.health_check_grace_s
  availability_zone_rebalancing     = "DISABLED" # not offered with CODE_DEPLOY

  deployment_controller {
    type = "CODE_DEPLOY"
  }

  capacity_provider_strategy {
    capacity_provider = var.capacity_provider_name
    weight            = 1
    base              = 0
  }

  load_balancer {
    target_group_arn = var.target_group_arn
    container_name   = var.container.name
    container_port   = var.container.port
  }

  # A zone, then a host, may go without taking more than its share.
  ordered_placement_strategy {
    type  = "spread"
    field = "attribute:ecs.availability-zone"
  }

  ordered_placement_strategy {
    type  = "spread"
    field = "instanceId"
  }

  lifecycle {
    ignore_changes = [
      capacity_provider_strategy, # owner: each deployment's AppSpec; a diff would replace the service
      desired_count,              # owner: service scaling and runbooks
      load_balancer,              # owner: CodeDeploy, which alternates blue and green
      task_definition,            # owner: CodeDeploy; the deploy runbook registers revisions
    ]
  }

  # A task that starts before its roles may act cannot pull its image.
  depends_on = [aws_iam_role_policy.execution]
}
