mock_provider "aws" {
  source = "./mocks"
}

variables {
  account_id = "123456789012"
  github     = { owner = "octo-org", owner_id = "1234567", repository = "hitless", repository_id = "7654321" }
}

run "what_comes_before_the_first_environment" {
  module {
    source = "../bootstrap"
  }

  assert {
    condition     = output.lease_table == "hitless-lease" && aws_dynamodb_table.lease.hash_key == "environment"
    error_message = "Leases are kept by environment in a table of this name."
  }

  assert {
    condition     = output.backends["hitless-dev"].use_lockfile && output.backends["hitless-dev"].key == "hitless-dev/terraform.tfstate"
    error_message = "Every backend must lock."
  }

  assert {
    condition     = length(aws_iam_policy.boundary.policy) <= 6144
    error_message = "AWS takes 6,144 characters of a managed policy."
  }
}

run "what_bootstrap_refuses" {
  command = plan

  module {
    source = "../bootstrap"
  }

  variables {
    account_id   = "12345"   # not twelve digits
    environments = []        # nobody could deploy
    prefix       = "Hitless" # no name of a bucket
  }

  expect_failures = [
    var.account_id,
    var.environments,
    var.prefix,
  ]
}

run "one_name_must_not_begin_another" {
  command = plan

  module {
    source = "../bootstrap"
  }

  variables {
    environments = ["web", "web-prod"] # web's pipeline could change web-prod's roles
  }

  expect_failures = [
    var.environments,
  ]
}
