# No thumbprint: AWS checks GitHub's certificate by its own list.
resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

module "pipeline" {
  source   = "../modules/pipeline"
  for_each = var.environments

  name                     = each.key
  audit_bucket_arn         = module.audit.arn
  state_bucket_arn         = module.state.arn
  kms_key_arn              = aws_kms_key.this.arn
  lease_table_arn          = aws_dynamodb_table.lease.arn
  permissions_boundary_arn = aws_iam_policy.boundary.arn
  github                   = merge(var.github, { provider_arn = aws_iam_openid_connect_provider.github.arn })
}

# The most that any role of a service, host or function may ever do, whoever writes its policy.
resource "aws_iam_policy" "boundary" {
  name        = "${var.prefix}-boundary"
  description = "The most that a role made by a pipeline may do"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "WhatServicesNeed"
        Effect = "Allow"
        Action = [
          "autoscaling:CompleteLifecycleAction",
          "cloudwatch:DescribeAlarms",
          "codedeploy:PutLifecycleEventHookExecutionStatus",
          "ec2:CreateNetworkInterface",
          "ec2:DeleteNetworkInterface",
          "ec2:DescribeNetworkInterfaces",
          "ec2:DescribeSubnets",
          "ecr:BatchCheckLayerAvailability",
          "ecr:BatchGetImage",
          "ecr:GetAuthorizationToken",
          "ecr:GetDownloadUrlForLayer",
          "ecs:CreateTaskSet",
          "ecs:DeleteTaskSet",
          "ecs:DeregisterContainerInstance",
          "ecs:DescribeServices",
          "ecs:DiscoverPollEndpoint",
          "ecs:Poll",
          "ecs:RegisterContainerInstance",
          "ecs:StartTelemetrySession",
          "ecs:Submit*",
          "ecs:UpdateContainerInstancesState",
          "ecs:UpdateServicePrimaryTaskSet",
          "elasticloadbalancing:Describe*",
          "elasticloadbalancing:ModifyListener",
          "elasticloadbalancing:ModifyRule",
          "lambda:InvokeFunction",
          "logs:CreateLogStream",
          "logs:DescribeLogGroups",
          "logs:DescribeLogStreams",
          "kms:Decrypt",
          "kms:GenerateDataKey",
          "logs:PutLogEvents",
          "sns:Publish",
          "ssm:UpdateInstanceInformation",
          "ssmmessages:*",
          "xray:PutTelemetryRecords",
          "xray:PutTraceSegments",
        ]
        Resource  = "*" # a boundary allows nothing by itself
        Condition = { StringEquals = { "aws:RequestedRegion" = var.region } }
      },
      {
        Sid       = "PassTaskRoles"
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = [for name in var.environments : "${local.iam}:role/${name}-*"]
        Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
      },
      {
        Sid      = "NeverAPipelinesRole"
        Effect   = "Deny"
        Action   = ["iam:PassRole", "sts:AssumeRole"]
        Resource = "${local.iam}:role/*-ci-*"
      },
    ]
  })
}
