mock_provider "aws" {
  source = "./mocks"
}

variables {
  name         = "web"
  cluster_name = "web"
  service_name = "web"
  listener_arns = {
    prod = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/web/0123456789abcdef/0"
    test = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/web/0123456789abcdef/1"
  }
  target_group_names = { blue = "web-blue", green = "web-green" }
  passed_role_arns   = ["arn:aws:iam::123456789012:role/web-task"]
  alarm_names        = ["web-target-5xx"]
  alarm_after_s      = 120
}

run "a_bad_release_rolls_itself_back" {
  command = plan

  module {
    source = "../modules/codedeploy"
  }

  assert {
    condition = one(aws_codedeploy_deployment_group.this.auto_rollback_configuration).events == toset([
      "DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM",
    ])
    error_message = "Failure and alarms must send traffic back."
  }

  assert {
    condition     = one(aws_codedeploy_deployment_group.this.alarm_configuration).alarms == toset(["web-target-5xx"])
    error_message = "The alarms must watch the deployment."
  }

  assert {
    condition     = aws_codedeploy_deployment_group.this.deployment_config_name == "CodeDeployDefault.ECSCanary10Percent5Minutes"
    error_message = "One request in ten for five minutes is the default."
  }
}

run "a_release_is_tested_before_anybody_sees_it" {
  command = plan

  module {
    source = "../modules/codedeploy"
  }

  assert {
    condition = length(one(one(one(
    aws_codedeploy_deployment_group.this.load_balancer_info).target_group_pair_info).test_traffic_route).listener_arns) == 1
    error_message = "Without a test listener a release is checked only after it serves."
  }
}

run "an_own_shift_is_named_for_what_it_does" {
  module {
    source = "../modules/codedeploy"
  }

  variables {
    shift = { kind = "linear", percent = 20, interval_minutes = 2 }
  }

  assert {
    condition     = aws_codedeploy_deployment_config.this[0].deployment_config_name == "web-linear-20-percent-2-minutes"
    error_message = "A changed shift must have another name, or it cannot be replaced while in use."
  }
}

run "approval_holds_a_release_on_the_test_listener" {
  command = plan

  module {
    source = "../modules/codedeploy"
  }

  variables {
    approval_wait_minutes = 60
  }

  assert {
    condition = one(one(
    aws_codedeploy_deployment_group.this.blue_green_deployment_config).deployment_ready_option).action_on_timeout == "STOP_DEPLOYMENT"
    error_message = "Silence must not approve."
  }
}

run "what_cannot_be_is_refused" {
  command = plan

  module {
    source = "../modules/codedeploy"
  }

  variables {
    # some alarm must watch
    alarm_names = []

    # approval does not wait for ever
    approval_wait_minutes = 3000

    # all at once is refused
    deployment_config_name = "CodeDeployDefault.ECSAllAtOnce"

    # a shift is gradual
    shift = { kind = "all-at-once", percent = 10, interval_minutes = 5 }

    # the way back outlasts the alarm
    termination_wait_minutes = 0

    # a hook without time to answer is refused
    hook = { filename = "./tests/codedeploy.tftest.hcl", test_url = "http://web:8080/version", timeout_s = 3 }
  }

  expect_failures = [
    var.alarm_names,
    var.approval_wait_minutes,
    var.deployment_config_name,
    var.hook,
    var.shift,
    var.termination_wait_minutes,
  ]
}

run "what_cannot_be_is_refused_2" {
  command = plan

  module {
    source = "../modules/codedeploy"
  }

  variables {
    # a first step is small
    shift = { kind = "canary", percent = 90, interval_minutes = 5 }

    # a hook that asks nothing in particular is refused
    hook = { filename = "./tests/codedeploy.tftest.hcl", test_url = "web:8080" }
  }

  expect_failures = [
    var.hook,
    var.shift,
  ]
}

run "a_step_outlasts_the_alarm" {
  command = plan

  module {
    source = "../modules/codedeploy"
  }

  variables {
    shift = { kind = "canary", percent = 10, interval_minutes = 1 }
  }

  expect_failures = [var.shift]
}

run "without_a_hook_there_is_no_function" {
  command = plan

  module {
    source = "../modules/codedeploy"
  }

  assert {
    condition     = output.hook_function_name == null
    error_message = "The hook is optional."
  }
}

run "a_hook_that_must_be_signed_runs_nobody_elses_code" {
  module {
    source = "../modules/codedeploy"
  }

  variables {
    hook = {
      filename  = "./tests/codedeploy.tftest.hcl", test_url = "http://web:8080/version"
      test_url  = "http://web.example:8080/version"
      signed_by = ["arn:aws:signer:us-east-1:123456789012:/signing-profiles/hook/0123456789"]
    }
  }

  assert {
    condition = (
      one(aws_lambda_code_signing_config.hook["this"].policies).untrusted_artifact_on_deployment == "Enforce"
      && aws_lambda_function.hook["this"].code_signing_config_arn == aws_lambda_code_signing_config.hook["this"].arn
    )
    error_message = "A warning would let anybody's code run."
  }
}

run "a_hook_may_call_back_and_log_and_nothing_else" {
  module {
    source = "../modules/codedeploy"
  }

  variables {
    hook = { filename = "./tests/codedeploy.tftest.hcl", test_url = "http://web:8080/version" }
  }

  assert {
    condition     = startswith(aws_lambda_function.hook["this"].function_name, "CodeDeployHook_")
    error_message = "CodeDeploy may call functions of this name only."
  }

  assert {
    condition = sort(flatten([for statement in jsondecode(aws_iam_role_policy.hook["this"].policy).Statement : statement.Action])) == tolist([
      "codedeploy:PutLifecycleEventHookExecutionStatus", "logs:CreateLogStream", "logs:PutLogEvents",
      "xray:PutTelemetryRecords", "xray:PutTraceSegments",
    ])
    error_message = "The hook needs to call back, to log and to trace."
  }

  assert {
    condition     = aws_lambda_function.hook["this"].environment[0].variables.TEST_URL == "http://web:8080/version"
    error_message = "The hook must ask the test listener."
  }
}

run "a_hook_inside_a_vpc_goes_out_to_the_test_listener_and_to_aws" {
  module {
    source = "../modules/codedeploy"
  }

  variables {
    hook = {
      filename = "./tests/codedeploy.tftest.hcl"
      test_url = "http://web:8080/version"
      vpc = {
        cidr_block        = "10.0.0.0/16"
        https_cidr_blocks = ["10.0.0.0/16"]
        id                = "vpc-1"
        subnet_ids        = ["subnet-1"]
      }
    }
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.hook_to_test_listener["this"].from_port == 8080
    error_message = "The hook must reach the test listener's port."
  }

  assert {
    condition     = length(aws_vpc_security_group_egress_rule.hook_to_aws) == 1
    error_message = "The hook must reach CodeDeploy's API to call back."
  }
}
