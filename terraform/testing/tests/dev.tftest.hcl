mock_provider "aws" {
  source = "./mocks"
}

variables {
  account_id = "123456789012"
  image      = "123456789012.dkr.ecr.us-east-1.amazonaws.com/hitless-dev@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
}

run "the_whole_composes" {
  module {
    source = "../envs/dev"
  }

  assert {
    condition     = output.autoscaling_group_name == "hitless-dev" && output.service_name == "hitless-dev"
    error_message = "Runbooks find everything by the name of the environment."
  }

  assert {
    condition     = output.lifecycle_hook_name == "ecs-agent-ready"
    error_message = "The preflight looks for the launch hook by its name."
  }
}

run "an_account_is_twelve_digits" {
  command = plan

  module {
    source = "../envs/dev"
  }

  variables {
    account_id = "12345"
  }

  expect_failures = [var.account_id]
}

run "zones_lie_in_the_region" {
  command = plan

  module {
    source = "../envs/dev"
  }

  variables {
    region = "eu-west-1"
  }

  expect_failures = [var.availability_zones]
}

run "a_long_name_is_refused" {
  command = plan

  module {
    source = "../envs/dev"
  }

  variables {
    name = "a-name-too-long-for-target-groups"
  }

  expect_failures = [var.name]
}

run "a_hook_that_cannot_reach_the_test_listener_is_refused" {
  command = plan

  module {
    source = "../envs/dev"
  }

  variables {
    hook = { filename = "./tests/dev.tftest.hcl" }
  }

  expect_failures = [var.hook]
}

run "a_hook_inside_the_vpc_has_a_way_to_call_back" {
  module {
    source = "../envs/dev"
  }

  variables {
    hook     = { filename = "./tests/dev.tftest.hcl" }
    internal = true
  }

  assert {
    condition     = output.hook_function_name == "CodeDeployHook_hitless-dev"
    error_message = "Releases name the function in their AppSpec."
  }
}
