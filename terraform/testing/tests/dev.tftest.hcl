mock_provider "aws" {
  source = "./mocks"
}

variables {
  waf        = false # tried with its module; its schema alone takes seconds a run
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

run "what_dev_refuses" {
  command = plan

  module {
    source = "../envs/dev"
  }

  variables {
    account_id = "12345"                                 # not twelve digits
    region     = "eu-west-1"                             # the zones lie elsewhere
    name       = "a-name-too-long-for-target-groups"     # nor would roles fit
    hook       = { filename = "./tests/dev.tftest.hcl" } # could not reach the test listener
  }

  expect_failures = [
    var.account_id,
    var.availability_zones,
    var.hook,
    var.name,
  ]
}

run "what_the_lab_has_not_got" {
  command = plan

  module {
    source = "../envs/dev"
  }

  variables {
    lab     = true
    scaling = { min_count = 2, max_count = 4, memory_percent = 60 }
  }

  expect_failures = [var.scaling]
}
