mock_provider "aws" {
  source = "./mocks"
}

variables {
  name                     = "web"
  audit_bucket_arn         = "arn:aws:s3:::web-audit"
  state_bucket_arn         = "arn:aws:s3:::web-state"
  kms_key_arn              = "arn:aws:kms:us-east-1:123456789012:key/0"
  lease_table_arn          = "arn:aws:dynamodb:us-east-1:123456789012:table/hitless-lease"
  permissions_boundary_arn = "arn:aws:iam::123456789012:policy/hitless-boundary"

  github = {
    owner         = "octo-org"
    owner_id      = "1234567"
    repository    = "hitless"
    repository_id = "7654321"
    provider_arn  = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
  }
}

run "each_role_is_one_environment_in_both_forms" {
  command = plan

  module {
    source = "../modules/pipeline"
  }

  assert {
    condition = alltrue([
      for purpose, role in aws_iam_role.this :
      jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == [
        "repo:octo-org/hitless:environment:web-${purpose}",
        "repo:octo-org@1234567/hitless@7654321:environment:web-${purpose}",
      ]
    ])
    error_message = "One GitHub environment a role, by name and by ids."
  }
}

run "policies_fit_with_the_longest_name" {
  module {
    source = "../modules/pipeline"
  }

  variables {
    name = "a-name-of-twenty-abc"
  }

  assert {
    condition     = length(aws_iam_role_policy.apply.policy) + length(aws_iam_role_policy.apply_runbook.policy) <= 10240
    error_message = "AWS takes 10,240 characters of inline policies a role."
  }

  assert {
    condition     = length(aws_iam_policy.guard.policy) <= 6144
    error_message = "AWS takes 6,144 characters of a managed policy."
  }

  assert {
    condition     = output.state_key == "a-name-of-twenty-abc/terraform.tfstate"
    error_message = "Every environment has a state of its own."
  }
}

run "what_cannot_be_is_refused" {
  command = plan

  module {
    source = "../modules/pipeline"
  }

  variables {
    # a repository is known by its id
    github = {
      owner         = "octo-org"
      owner_id      = "1234567"
      repository    = "hitless"
      repository_id = "hitless"
      provider_arn  = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    }

    # a long environment is refused
    name = "a-name-too-long-for-target-groups"
  }

  expect_failures = [
    var.github,
    var.name,
  ]
}

run "a_star_would_let_others_in" {
  command = plan

  module {
    source = "../modules/pipeline"
  }

  variables {
    github = {
      owner         = "octo-*"
      owner_id      = "1234567"
      repository    = "hitless"
      repository_id = "7654321"
      provider_arn  = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    }
  }

  expect_failures = [var.github]
}
