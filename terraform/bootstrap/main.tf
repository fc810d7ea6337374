# What must be there before the first environment: where evidence, state and logs are kept, the table
# of leases, and who GitHub's jobs are. Applied once an account, by a person, with a local state.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}

locals {
  account_id = data.aws_caller_identity.this.account_id
  partition  = data.aws_partition.this.partition
  iam        = "arn:${local.partition}:iam::${local.account_id}"
}

module "logs" {
  source = "../modules/bucket"

  name        = "${var.prefix}-logs-${local.account_id}"
  expire_days = 400

  log_writers = [
    { service = "logging.s3.amazonaws.com", prefix = "s3/", account_id = local.account_id },
    { service = "logdelivery.elasticloadbalancing.amazonaws.com", prefix = "*/AWSLogs/${local.account_id}/" },
  ]
}

module "audit" {
  source = "../modules/bucket"

  name             = "${var.prefix}-audit-${local.account_id}"
  kms_key_arn      = aws_kms_key.this.arn
  log_bucket       = module.logs.name
  object_lock_days = var.audit_days
  replica          = var.audit_replica
}

# Locked by S3 itself: use_lockfile = true in every backend. Versions are the way back.
module "state" {
  source = "../modules/bucket"

  name        = "${var.prefix}-state-${local.account_id}"
  kms_key_arn = aws_kms_key.this.arn
  log_bucket  = module.logs.name
}

# One change at a time: a run that may write holds its environment's item.
resource "aws_dynamodb_table" "lease" {
  name                        = "hitless-lease"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "environment"
  deletion_protection_enabled = true

  attribute {
    name = "environment"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.this.arn
  }
}

resource "aws_kms_key" "this" {
  description             = "State, evidence and leases of ${var.prefix}"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AccountDecides" # and nobody outside it: no other account is named
        Effect    = "Allow"
        Action    = "kms:*"
        Resource  = "*"
        Principal = { AWS = "${local.iam}:root" }
      },
      {
        Sid    = "EncryptLogs"
        Effect = "Allow"
        Action = [
          "kms:Decrypt*",
          "kms:Describe*",
          "kms:Encrypt*",
          "kms:GenerateDataKey*",
          "kms:ReEncrypt*",
        ]
        Resource  = "*"
        Principal = { Service = "logs.${var.region}.amazonaws.com" }
        Condition = { ArnEquals = {
          "kms:EncryptionContext:aws:logs:arn" = ["arn:${local.partition}:logs:${var.region}:${local.account_id}:log-group:/ssm/${var.prefix}-sessions"]
        } }
      },
    ]
  })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.prefix}-bootstrap"
  target_key_id = aws_kms_key.this.key_id
}

# AWS makes these at first use, and a key's policy may name one before.
resource "aws_iam_service_linked_role" "this" {
  for_each = var.service_linked_roles

  aws_service_name = each.key
}
