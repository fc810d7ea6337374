# Nobody logs in to a host but through Session Manager, and what is typed there is written down. The
# document's name is AWS's: it holds the preferences of all sessions in the account and region.

resource "aws_cloudwatch_log_group" "sessions" {
  name              = "/ssm/${var.prefix}-sessions"
  retention_in_days = 365
  kms_key_id        = aws_kms_key.this.arn
}

resource "aws_ssm_document" "sessions" {
  name            = "SSM-SessionManagerRunShell"
  document_type   = "Session"
  document_format = "JSON"

  content = jsonencode({
    schemaVersion = "1.0"
    description   = "Sessions are logged and end by themselves"
    sessionType   = "Standard_Stream"
    inputs = {
      cloudWatchEncryptionEnabled = true
      cloudWatchLogGroupName      = aws_cloudwatch_log_group.sessions.name
      cloudWatchStreamingEnabled  = true
      idleSessionTimeout          = "15"
      kmsKeyId                    = aws_kms_key.sessions.arn
      maxSessionDuration          = "60"
    }
  })
}

# A key of their own: hosts may decrypt with it, and must not decrypt states or evidence.
resource "aws_kms_key" "sessions" {
  description             = "What is typed in sessions on hosts of ${var.prefix}, on its way"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AccountDecides" # and nobody outside it: no other account is named
      Effect    = "Allow"
      Action    = "kms:*"
      Resource  = "*"
      Principal = { AWS = "${local.iam}:root" }
    }]
  })
}
