mock_provider "aws" {
  source = "./mocks"
}

variables {
  name       = "web-audit"
  log_bucket = "web-logs"
}

run "evidence_is_locked_against_everybody" {
  module {
    source = "../modules/bucket"
  }

  variables {
    object_lock_days = 365
    kms_key_arn      = "arn:aws:kms:us-east-1:123456789012:key/0"
  }

  assert {
    condition = (
      one(one(aws_s3_bucket_object_lock_configuration.this["this"].rule).default_retention).mode == "COMPLIANCE"
      && one(one(aws_s3_bucket_object_lock_configuration.this["this"].rule).default_retention).days == 365
    )
    error_message = "GOVERNANCE can be lifted by whoever is allowed to; evidence must outlive its author."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "aws:kms"
    error_message = "A key that is given must be used."
  }

  assert {
    condition     = one(one(aws_s3_bucket_lifecycle_configuration.this.rule).noncurrent_version_expiration).noncurrent_days == 365
    error_message = "A lifecycle must not ask for what the lock refuses."
  }
}

run "a_copy_in_another_region_is_a_choice_and_keeps_what_is_deleted" {
  module {
    source = "../modules/bucket"
  }

  variables {
    kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/0"
    replica     = { bucket_arn = "arn:aws:s3:::web-copy", kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/1" }
  }

  assert {
    condition = (
      one(aws_s3_bucket_replication_configuration.this["this"].rule).status == "Enabled"
      && one(one(aws_s3_bucket_replication_configuration.this["this"].rule).delete_marker_replication).status == "Disabled"
    )
    error_message = "Everything is copied, and what is deleted here stays there."
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.replica["this"].policy, "s3:Delete") && !strcontains(aws_iam_role_policy.replica["this"].policy, "ReplicateDelete")
    error_message = "Whoever copies must not be able to delete."
  }
}

run "a_log_bucket_logs_to_itself_and_takes_others" {
  module {
    source = "../modules/bucket"
  }

  variables {
    log_bucket  = null
    log_writers = [{ service = "logging.s3.amazonaws.com", prefix = "s3/", account_id = "123456789012" }]
  }

  assert {
    condition     = aws_s3_bucket_logging.this.target_bucket == aws_s3_bucket.this.id
    error_message = "Without another bucket it must be its own."
  }

  assert {
    condition = [
      for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : statement.Effect
    ] == ["Deny", "Allow"]
    error_message = "TLS for everybody, writing for the named service."
  }
}

run "what_cannot_be_is_refused" {
  command = plan

  module {
    source = "../modules/bucket"
  }

  variables {
    # a dot breaks the certificate
    name = "web.audit"

    # half a day of evidence is refused
    object_lock_days = 0.5
  }

  expect_failures = [
    var.name,
    var.object_lock_days,
  ]
}
