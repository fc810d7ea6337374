# The Auto Scaling group and its link to the cluster. Who owns which field: terraform/README.md.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  hook_name = "ecs-agent-ready"

  # The version hosts are launched from. A number, never $Latest: AWS refuses to roll back a group
  # that follows $Latest, and the provider would not notice that there is anything to refresh.
  version_in_use = coalesce(var.launch_template_version, aws_launch_template.this.latest_version)
}

resource "aws_autoscaling_group" "this" {
  name                = var.name
  vpc_zone_identifier = var.subnet_ids
  min_size            = var.group.min_size
  max_size            = var.group.max_size
  desired_capacity    = var.group.desired_capacity
  force_delete        = var.force_delete

  # Tasks are judged by their target group; EC2 checks judge the host. No grace is needed after
  # InService, which the launch hook holds back until the host is in the cluster.
  health_check_type         = "EC2"
  health_check_grace_period = 0
  default_instance_warmup   = var.instance_warmup_s

  metrics_granularity = "1Minute"
  enabled_metrics = [
    "GroupDesiredCapacity",
    "GroupInServiceInstances",
    "GroupPendingInstances",
    "GroupTerminatingInstances",
    "GroupTotalInstances",
  ]

  dynamic "launch_template" {
    for_each = var.spot == null ? [local.version_in_use] : []

    content {
      id      = aws_launch_template.this.id
      version = launch_template.value
    }
  }

  # Another Spot host is asked for as soon as AWS warns of taking one back; the agent drains the old.
  capacity_rebalance = var.spot == null ? null : true

  dynamic "mixed_instances_policy" {
    for_each = var.spot[*]

    content {
      instances_distribution {
        on_demand_base_capacity                  = mixed_instances_policy.value.on_demand_base
        on_demand_percentage_above_base_capacity = mixed_instances_policy.value.on_demand_percent
        spot_allocation_strategy                 = "price-capacity-optimized"
      }

      launch_template {
        launch_template_specification {
          launch_template_id = aws_launch_template.this.id
          version            = local.version_in_use
        }

        dynamic "override" {
          for_each = mixed_instances_policy.value.instance_types

          content {
            instance_type = override.value
          }
        }
      }
    }
  }

  # Holds a host in Pending:Wait until its own user data says that the agent has registered. A host
  # that never does is abandoned, so a broken AMI stops a refresh instead of counting as capacity.
  initial_lifecycle_hook {
    name                 = local.hook_name
    lifecycle_transition = "autoscaling:EC2_INSTANCE_LAUNCHING"
    heartbeat_timeout    = var.agent_ready_timeout_s
    default_result       = "ABANDON"
  }

  # Fires when `version_in_use` moves, that is, when nobody holds it (README, "Two roads").
  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = var.refresh.min_healthy_percent
      # Explicit, or AWS terminates first and launches after: 90 % of 4 hosts would mean 3.
      max_healthy_percentage = var.refresh.max_healthy_percent
      # The provider moves the group to the new version before it starts the refresh, so there is
      # no older version to return to. The runbook's road can roll back.
      auto_rollback = false
      skip_matching = true
      # Somebody protected or parked a host on purpose: stall and be seen. The provider's default,
      # Ignore, would leave that host old and call the refresh successful.
      scale_in_protected_instances = "Wait"
      standby_instances            = "Wait"
    }
  }

  tag {
    key                 = "AmazonECSManaged" # ECS adds it; undeclared, Terraform would take it off
    value               = "true"
    propagate_at_launch = true
  }

  tag {
    key                 = "Name"
    value               = var.name
    propagate_at_launch = true
  }

  lifecycle {
    ignore_changes = [
      desired_capacity, # owner: ECS managed scaling, within min_size and max_size
    ]
  }

  # A host that boots before it may call ECS gives up on registering.
  depends_on = [aws_iam_role_policy.host]
}

resource "aws_ecs_capacity_provider" "this" {
  name = var.name

  auto_scaling_group_provider {
    auto_scaling_group_arn = aws_autoscaling_group.this.arn

    # Moves tasks off a terminating host before it goes: what makes a host refresh lossless.
    managed_draining = "ENABLED"

    # DISABLED on purpose. Protection would keep every host that runs a task from scale-in, and a
    # refresh that waits for protected hosts (the API's default) stalls an hour and fails. Draining
    # above already moves the tasks of whichever host goes.
    managed_termination_protection = "DISABLED"

    managed_scaling {
      status                    = "ENABLED"
      target_capacity           = 100
      instance_warmup_period    = var.instance_warmup_s
      minimum_scaling_step_size = 1
      maximum_scaling_step_size = 2
    }
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name       = var.cluster.name
  capacity_providers = [aws_ecs_capacity_provider.this.name]

  default_capacity_provider_strategy {
    capacity_provider = aws_ecs_capacity_provider.this.name
    weight            = 1
  }
}
