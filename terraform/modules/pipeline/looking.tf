# What every runbook reads, and the two things each may write: its evidence and its lease.

locals {
  look = {
    Sid    = "Look"
    Effect = "Allow"
    Action = [
      "autoscaling:Describe*",
      "cloudwatch:DescribeAlarms",
      "cloudwatch:GetMetricData",
      "cloudwatch:GetMetricStatistics",
      "codedeploy:BatchGetDeploymentTargets",
      "codedeploy:GetDeployment",
      "codedeploy:GetDeploymentConfig",
      "codedeploy:GetDeploymentGroup",
      "codedeploy:ListApplications",
      "codedeploy:ListDeploymentTargets",
      "codedeploy:ListDeployments",
      "ec2:DescribeImages",
      "ec2:DescribeInstances",
      "ec2:DescribeLaunchTemplateVersions",
      "ec2:DescribeLaunchTemplates",
      "ec2:DescribeVpcs",
      "ecs:Describe*",
      "ecs:List*",
      "elasticloadbalancing:Describe*",
    ]
    Resource = "*" # most of these name no resource, and all of them only read
  }

  read_log = {
    Sid      = "ReadTheApplicationsLog"
    Effect   = "Allow"
    Action   = ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"]
    Resource = "arn:${local.partition}:logs:${local.here}:log-group:/ecs/${var.name}:*"
  }

  keep_evidence = {
    Sid      = "KeepEvidence" # put, and never read back or delete: a run cannot mend the record of another
    Effect   = "Allow"
    Action   = ["s3:PutObject", "s3:PutObjectRetention"]
    Resource = "${var.audit_bucket_arn}/${var.name}/*"
  }

  ask_for_the_lock = {
    Sid      = "AskWhetherEvidenceIsLocked"
    Effect   = "Allow"
    Action   = "s3:GetBucketObjectLockConfiguration"
    Resource = var.audit_bucket_arn
  }

  encrypt = {
    Sid       = "Encrypt"
    Effect    = "Allow"
    Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource  = var.kms_key_arn
    Condition = { StringEquals = { "kms:ViaService" = ["dynamodb.${local.region}.amazonaws.com", "s3.${local.region}.amazonaws.com"] } }
  }

  take_lease = {
    Sid       = "TakeTheLease" # of this environment only, and never away: its number must only rise
    Effect    = "Allow"
    Action    = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
    Resource  = var.lease_table_arn
    Condition = { "ForAllValues:StringEquals" = { "dynamodb:LeadingKeys" = [var.name] }, Null = { "dynamodb:LeadingKeys" = "false" } }
  }

  run_a_runbook = [local.look, local.read_log, local.keep_evidence, local.ask_for_the_lock, local.encrypt, local.take_lease]
}
