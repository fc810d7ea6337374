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
      maxSessionDuration          = "60"
    }
  })
}
