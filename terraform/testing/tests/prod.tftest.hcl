mock_provider "aws" {
  source = "./mocks"
}

variables {
  account_id               = "123456789012"
  image                    = "123456789012.dkr.ecr.us-east-1.amazonaws.com/hitless-prod@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  access_logs_bucket       = "hitless-logs-123456789012"
  alarm_emails             = ["oncall@example.com"]
  ami_id                   = "ami-0123456789abcdef0"
  certificate_arn          = "arn:aws:acm:us-east-1:123456789012:certificate/0"
  permissions_boundary_arn = "arn:aws:iam::123456789012:policy/hitless-boundary"
  session_key_arn          = "arn:aws:kms:us-east-1:123456789012:key/sessions"
  session_log_group_arn    = "arn:aws:logs:us-east-1:123456789012:log-group:/ssm/hitless-sessions"
}

run "prod_composes_from_the_same_modules" {
  module {
    source = "../envs/prod"
  }

  variables {
    internal = true
    hook     = { filename = "./tests/prod.tftest.hcl" }
  }

  assert {
    condition     = startswith(output.urls.prod, "https://") && startswith(output.urls.test, "https://")
    error_message = "Where users are nothing is served in the clear."
  }

  assert {
    condition     = output.hook_function_name == "CodeDeployHook_hitless-prod"
    error_message = "The hook runs inside the VPC."
  }
}

run "what_prod_refuses" {
  command = plan

  module {
    source = "../envs/prod"
  }

  variables {
    account_id         = "12345"                                  # not twelve digits
    alarm_emails       = []                                       # nobody would hear
    availability_zones = ["us-east-1a", "us-east-1b"]             # the loss of one is the loss of half
    hook               = { filename = "./tests/prod.tftest.hcl" } # could not reach the test listener
    name               = "a-name-too-long-for-target-groups"
  }

  expect_failures = [
    var.account_id,
    var.alarm_emails,
    var.availability_zones,
    var.hook,
    var.name,
  ]
}
