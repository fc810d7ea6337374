mock_provider "aws" {
  source = "./mocks"
}

variables {
  name            = "web"
  log_group_names = ["/ecs/web"]
}

run "each_service_gets_what_it_needs_and_no_more" {
  command = plan

  module {
    source = "../modules/kms"
  }

  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_kms_key.this.deletion_window_in_days == 30
    error_message = "A key must rotate, and a month must pass before it is gone."
  }

  assert {
    condition = one([
      for statement in jsondecode(aws_kms_key.this.policy).Statement : statement if statement.Sid == "EncryptLogs"
    ]).Condition.ArnEquals["kms:EncryptionContext:aws:logs:arn"] == ["arn:aws:logs:us-east-1:123456789012:log-group:/ecs/web"]
    error_message = "CloudWatch Logs may use the key for the named groups only."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_kms_key.this.policy).Statement : !contains(values(statement.Principal), "*")
    ])
    error_message = "Nobody may use the key by being anybody."
  }
}

run "any_log_group_is_refused" {
  command = plan

  module {
    source = "../modules/kms"
  }

  variables {
    log_group_names = ["/ecs/*"]
  }

  expect_failures = [var.log_group_names]
}
