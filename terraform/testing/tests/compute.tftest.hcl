mock_provider "aws" {
  source = "./mocks"
}

variables {
  name                            = "web"
  cluster                         = { arn = "arn:aws:ecs:us-east-1:123456789012:cluster/web", name = "web" }
  vpc_id                          = "vpc-0123456789abcdef0"
  subnet_ids                      = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  https_egress                    = { cidr_blocks = ["10.0.0.0/16"], prefix_list_ids = ["pl-0123456789abcdef0"] }
  load_balancer_security_group_id = "sg-0123456789abcdef0"
}

run "the_group_follows_the_newest_version_by_number" {
  module {
    source = "../modules/compute"
  }

  assert {
    condition     = one(aws_autoscaling_group.this.launch_template).version == "7"
    error_message = "The group must name the newest version by its number: with $Latest AWS cannot roll back."
  }
}

run "a_runbook_can_hold_the_group" {
  module {
    source = "../modules/compute"
  }

  variables {
    launch_template_version = 6
  }

  assert {
    condition     = one(aws_autoscaling_group.this.launch_template).version == "6"
    error_message = "A held group must stay at its version, so that the runbook's refresh can return to it."
  }

  assert {
    condition     = output.launch_template_latest_version == 7 && output.launch_template_version == 6
    error_message = "The runbook must see both versions."
  }
}

run "a_refresh_launches_before_it_terminates" {
  command = plan

  module {
    source = "../modules/compute"
  }

  assert {
    condition     = one(one(aws_autoscaling_group.this.instance_refresh).preferences).min_healthy_percentage == 90
    error_message = "90 % of the hosts must stay in service."
  }

  assert {
    condition     = one(one(aws_autoscaling_group.this.instance_refresh).preferences).max_healthy_percentage == 110
    error_message = "Without an explicit maximum AWS terminates first."
  }
}

run "in_service_means_in_the_cluster" {
  command = plan

  module {
    source = "../modules/compute"
  }

  assert {
    condition = (
      one(aws_autoscaling_group.this.initial_lifecycle_hook).name == "ecs-agent-ready"
      && one(aws_autoscaling_group.this.initial_lifecycle_hook).default_result == "ABANDON"
    )
    error_message = "A host whose agent never registers must be abandoned, not counted."
  }

  assert {
    condition = (
      strcontains(base64decode(aws_launch_template.this.user_data), "ECS_CLUSTER=web\n")
      && strcontains(base64decode(aws_launch_template.this.user_data), "complete-lifecycle-action")
      && strcontains(base64decode(aws_launch_template.this.user_data), "--lifecycle-hook-name ecs-agent-ready")
    )
    error_message = "User data must join the cluster and end the launch hook."
  }

  assert {
    condition     = !can(regex("(yum|dnf|apt-get|pip) +install", base64decode(aws_launch_template.this.user_data)))
    error_message = "A host that installs at boot does not boot without the internet."
  }
}

run "tasks_cannot_borrow_the_hosts_role" {
  command = plan

  module {
    source = "../modules/compute"
  }

  assert {
    condition = (
      one(aws_launch_template.this.metadata_options).http_tokens == "required"
      && one(aws_launch_template.this.metadata_options).http_put_response_hop_limit == 1
    )
    error_message = "The metadata service must be out of reach of containers."
  }
}

run "the_load_balancer_reaches_every_dynamic_port" {
  command = plan

  module {
    source = "../modules/compute"
  }

  assert {
    condition = (
      aws_vpc_security_group_ingress_rule.from_load_balancer.from_port == 32768
      && aws_vpc_security_group_ingress_rule.from_load_balancer.to_port == 65535
      && aws_vpc_security_group_egress_rule.to_host.from_port == 32768
      && aws_vpc_security_group_egress_rule.to_host.to_port == 65535
    )
    error_message = "Both ends of the wire must admit the ephemeral range."
  }
}

run "draining_moves_tasks_and_nothing_stalls_a_refresh" {
  command = plan

  module {
    source = "../modules/compute"
  }

  assert {
    condition = (
      one(aws_ecs_capacity_provider.this.auto_scaling_group_provider).managed_draining == "ENABLED"
      && one(aws_ecs_capacity_provider.this.auto_scaling_group_provider).managed_termination_protection == "DISABLED"
    )
    error_message = "Draining moves tasks; protection would stall a refresh for an hour."
  }
}

run "what_cannot_be_is_refused" {
  command = plan

  module {
    source = "../modules/compute"
  }

  variables {
    # a host needs time to boot
    agent_ready_timeout_s = 30

    # an image id is checked
    ami_id = "latest"

    # warm up is bounded
    instance_warmup_s = 7200

    # a held version is a whole number
    launch_template_version = 1.5

    # a reserved name is refused
    name = "ecs-web"

    # a refresh keeps nine in ten
    refresh = { min_healthy_percent = 50 }
  }

  expect_failures = [
    var.agent_ready_timeout_s,
    var.ami_id,
    var.instance_warmup_s,
    var.launch_template_version,
    var.name,
    var.refresh,
  ]
}

run "groups_and_spot_that_cannot_be_are_refused" {
  command = plan

  module {
    source = "../modules/compute"
  }

  variables {
    # the group stays within its bounds
    group = { min_size = 4, desired_capacity = 3, max_size = 6 }

    # one spot type is not enough
    spot = { instance_types = ["t3.medium", "t3.medium"] }
  }

  expect_failures = [var.group, var.spot]
}

run "what_cannot_be_is_refused_2" {
  command = plan

  module {
    source = "../modules/compute"
  }

  variables {
    # one host is not enough
    group = { min_size = 1, desired_capacity = 2, max_size = 6 }

    # somebody must stay
    spot = { instance_types = ["t3.medium", "t3a.medium"], on_demand_base = 0 }
  }

  expect_failures = [
    var.group,
    var.spot,
  ]
}

run "what_cannot_be_is_refused_3" {
  command = plan

  module {
    source = "../modules/compute"
  }

  variables {
    # a refresh needs room to launch first
    group = { min_size = 4, desired_capacity = 4, max_size = 4 }

    # a mixed group cannot be held
    spot                    = { instance_types = ["t3.medium", "t3a.medium"] }
    launch_template_version = 6
  }

  expect_failures = [
    var.group,
    var.spot,
  ]
}

run "a_wide_refresh_needs_more_room" {
  command = plan

  module {
    source = "../modules/compute"
  }

  variables {
    group   = { min_size = 4, desired_capacity = 4, max_size = 6 }
    refresh = { min_healthy_percent = 100, max_healthy_percent = 200 }
  }

  expect_failures = [var.group]
}

run "a_refresh_has_a_ceiling" {
  command = plan

  module {
    source = "../modules/compute"
  }

  variables {
    refresh = { min_healthy_percent = 100, max_healthy_percent = 250 }
    group   = { max_size = 20 }
  }

  expect_failures = [var.refresh]
}

run "a_refresh_is_not_too_wide" {
  command = plan

  module {
    source = "../modules/compute"
  }

  variables {
    refresh = { min_healthy_percent = 90, max_healthy_percent = 195 }
    group   = { max_size = 20 }
  }

  expect_failures = [var.refresh]
}

run "spot_hosts_stand_beside_hosts_that_stay" {
  module {
    source = "../modules/compute"
  }

  variables {
    spot = { instance_types = ["t3.medium", "t3a.medium"] }
  }

  assert {
    condition = (
      one(one(aws_autoscaling_group.this.mixed_instances_policy).instances_distribution).on_demand_base_capacity == 2
      && length(aws_autoscaling_group.this.launch_template) == 0
      && aws_autoscaling_group.this.capacity_rebalance
    )
    error_message = "Two hosts must stay when every Spot host goes."
  }

  assert {
    condition     = strcontains(base64decode(aws_launch_template.this.user_data), "ECS_ENABLE_SPOT_INSTANCE_DRAINING=true\n")
    error_message = "A Spot host has two minutes: the agent must drain it."
  }
}
