# A second copy in another region, where a region's end must not be the end of what is kept. The other
# bucket is made beforehand: versioned, with Object Lock like this one, and a key of its own region.

resource "aws_iam_role" "replica" {
  for_each = local.replica

  name        = "${var.name}-replica" # of at most 64 characters
  description = "Copies ${var.name} to another region"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "s3.amazonaws.com" }
      Condition = { ArnEquals = { "aws:SourceArn" = aws_s3_bucket.this.arn } }
    }]
  })
}

resource "aws_iam_role_policy" "replica" {
  for_each = local.replica

  name = "copy"
  role = aws_iam_role.replica[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid      = "SeeWhatThereIs"
        Effect   = "Allow"
        Action   = ["s3:GetReplicationConfiguration", "s3:ListBucket"]
        Resource = aws_s3_bucket.this.arn
      },
      {
        Sid    = "Read"
        Effect = "Allow"
        Action = [
          "s3:GetObjectLegalHold",
          "s3:GetObjectRetention",
          "s3:GetObjectVersionAcl",
          "s3:GetObjectVersionForReplication",
          "s3:GetObjectVersionTagging",
        ]
        Resource = "${aws_s3_bucket.this.arn}/*"
      },
      {
        Sid      = "Copy" # and no deletion: the copy keeps what is deleted here
        Effect   = "Allow"
        Action   = ["s3:ReplicateObject", "s3:ReplicateTags"]
        Resource = "${each.value.bucket_arn}/*"
      },
      {
        Sid      = "EncryptAgain"
        Effect   = "Allow"
        Action   = "kms:Encrypt"
        Resource = each.value.kms_key_arn
      },
      ], [for key in var.kms_key_arn[*] : {
        Sid      = "Decrypt"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = key
    }])
  })
}

resource "aws_s3_bucket_replication_configuration" "this" {
  for_each = local.replica

  bucket = aws_s3_bucket.this.id
  role   = aws_iam_role.replica[each.key].arn

  rule {
    id     = "everything"
    status = "Enabled"

    filter {}

    delete_marker_replication {
      status = "Disabled"
    }

    source_selection_criteria {
      sse_kms_encrypted_objects {
        status = "Enabled"
      }
    }

    destination {
      bucket = each.value.bucket_arn

      encryption_configuration {
        replica_kms_key_id = each.value.kms_key_arn
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}
