# A bucket that nobody outside the account reads, whose objects keep their history.

locals {
  own_logs = var.log_bucket == null # S3 writes a log bucket's own log into itself
  locked   = var.object_lock_days == null ? {} : { this = var.object_lock_days }
  replica  = var.replica == null ? {} : { this = var.replica }
}

resource "aws_s3_bucket" "this" {
  # checkov:skip=CKV_AWS_145:Load balancers write logs to SSE-S3 buckets only; tests/terraform/test_policy.py holds every other bucket to KMS.
  bucket              = var.name
  object_lock_enabled = var.object_lock_days != null
  force_destroy       = false
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "BucketOwnerEnforced" # no ACLs: policies alone decide
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket = aws_s3_bucket.this.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    bucket_key_enabled = var.kms_key_arn != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

# COMPLIANCE: until the time is over nobody deletes or overwrites, the account's owner included.
resource "aws_s3_bucket_object_lock_configuration" "this" {
  for_each = local.locked

  bucket = aws_s3_bucket.this.id

  rule {
    default_retention {
      mode = "COMPLIANCE"
      days = each.value
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    id     = "tidy"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    noncurrent_version_expiration {
      noncurrent_days = max(90, coalesce(var.object_lock_days, 0))
    }

    dynamic "expiration" {
      for_each = var.expire_days[*]

      content {
        days = expiration.value
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_logging" "this" {
  bucket        = aws_s3_bucket.this.id
  target_bucket = local.own_logs ? aws_s3_bucket.this.id : var.log_bucket
  target_prefix = "s3/${var.name}/"

  depends_on = [aws_s3_bucket_policy.this] # S3 looks whether it may
}

# Whoever wants to hear of new evidence adds a rule; the bucket need not change for it.
resource "aws_s3_bucket_notification" "this" {
  bucket      = aws_s3_bucket.this.id
  eventbridge = true
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "OverTlsOnly"
        Effect    = "Deny"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]
        Principal = "*"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
      [for writer in var.log_writers : {
        Sid       = "LogsOf${title(split(".", writer.service)[0])}"
        Effect    = "Allow"
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.this.arn}/${writer.prefix}*"
        Principal = { Service = writer.service }
        Condition = writer.account_id == null ? {} : { StringEquals = { "aws:SourceAccount" = writer.account_id } }
      }],
    )
  })

  depends_on = [aws_s3_bucket_public_access_block.this]
}
