# The function that tries a release through the test listener. CodeDeploy may call it by its name,
# and it may do little more: say what it found, write its log and trace, be missed when it dies, and,
# inside a VPC, have an address.

locals {
  hook_name = "CodeDeployHook_${var.name}"

  # Not with try(), which knows nothing of a VPC that is still to be made.
  hook_vpc = { for key, vpc in { this = one(var.hook[*].vpc) } : key => vpc if vpc != null }

  # 8080 of http://name:8080/version
  hook_port = try(tonumber(regex("^https?://[^/:]+:([0-9]+)", var.hook.test_url)[0]), 443)
}

resource "aws_lambda_function" "hook" {
  for_each = var.hook == null ? {} : { this = var.hook }

  function_name    = local.hook_name
  description      = "Tries a release through the test listener before users meet it"
  role             = aws_iam_role.hook["this"].arn
  runtime          = "python3.12"
  handler          = "validate.handler"
  filename         = each.value.filename
  source_code_hash = filebase64sha256(each.value.filename)

  # None by default: the zip is made from the checkout, and its digest is part of the plan that was approved.
  code_signing_config_arn = one(values(aws_lambda_code_signing_config.hook)[*].arn)

  memory_size = 256
  timeout     = each.value.timeout_s
  kms_key_arn = var.kms_key_arn

  # -1 reserves none: the account of a newcomer has none to spare.
  reserved_concurrent_executions = each.value.concurrency

  environment {
    variables = {
      LATENCY_MS_MAX = each.value.latency_ms_max
      REQUESTS       = each.value.requests
      TEST_URL       = each.value.test_url
    }
  }

  # Empty lists are no VPC.
  vpc_config {
    subnet_ids         = flatten(values(local.hook_vpc)[*].subnet_ids)
    security_group_ids = values(aws_security_group.hook)[*].id
  }

  tracing_config {
    mode = "Active"
  }

  # Called, and died without a word: somebody should hear before CodeDeploy has waited for an hour.
  dynamic "dead_letter_config" {
    for_each = var.notices_topic_arn[*]

    content {
      target_arn = dead_letter_config.value
    }
  }

  # A function that may not speak leaves a deployment waiting for an hour.
  depends_on = [aws_cloudwatch_log_group.hook, aws_iam_role_policy.hook]
}

resource "aws_lambda_code_signing_config" "hook" {
  for_each = length(flatten([for hook in var.hook[*] : hook.signed_by])) == 0 ? {} : { this = var.hook }

  description = "Whose code may try releases of ${var.name}"

  allowed_publishers {
    signing_profile_version_arns = each.value.signed_by
  }

  policies {
    untrusted_artifact_on_deployment = "Enforce"
  }
}

resource "aws_cloudwatch_log_group" "hook" {
  for_each = var.hook == null ? {} : { this = var.hook }

  name              = "/aws/lambda/${local.hook_name}"
  retention_in_days = 365
  kms_key_id        = var.kms_key_arn
}

resource "aws_iam_role" "hook" {
  for_each = var.hook == null ? {} : { this = var.hook }

  name                 = "${var.name}-hook"
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "hook" {
  for_each = var.hook == null ? {} : { this = var.hook }

  name = "say-what-it-found"
  role = aws_iam_role.hook["this"].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid      = "CallBack"
        Effect   = "Allow"
        Action   = "codedeploy:PutLifecycleEventHookExecutionStatus"
        Resource = "arn:${local.partition}:codedeploy:${local.here}:deploymentgroup:${var.name}/*"
      },
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.hook["this"].arn}:*"
      },
      {
        Sid      = "Trace"
        Effect   = "Allow"
        Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        Resource = "*" # AWS offers no narrower form
      },
      ],
      [for topic in var.notices_topic_arn[*] : {
        Sid      = "BeMissed"
        Effect   = "Allow"
        Action   = "sns:Publish"
        Resource = topic
      }],
      [for key in var.kms_key_arn[*] : {
        Sid      = "ReadSettingsAndWriteNotices"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = key
        }], [for vpc in values(local.hook_vpc) : {
        Sid    = "HaveAnAddress"
        Effect = "Allow"
        Action = [
          "ec2:CreateNetworkInterface",
          "ec2:DeleteNetworkInterface",
          "ec2:DescribeNetworkInterfaces",
          "ec2:DescribeSubnets",
        ]
        Resource = "*" # Lambda checks them without naming a resource
    }])
  })
}

resource "aws_security_group" "hook" {
  for_each = local.hook_vpc

  name        = "${var.name}-hook"
  description = "The validation hook: out to the test listener and to AWS, nothing in"
  vpc_id      = each.value.id

  tags = { Name = "${var.name}-hook" }
}

resource "aws_vpc_security_group_egress_rule" "hook_to_test_listener" {
  for_each = local.hook_vpc

  security_group_id = aws_security_group.hook["this"].id
  description       = "Test listener"
  cidr_ipv4         = each.value.cidr_block
  ip_protocol       = "tcp"
  from_port         = local.hook_port
  to_port           = local.hook_port
}

resource "aws_vpc_security_group_egress_rule" "hook_to_aws" {
  for_each = toset(flatten([for vpc in values(local.hook_vpc) : vpc.https_cidr_blocks]))

  security_group_id = aws_security_group.hook["this"].id
  description       = "CodeDeploy's API"
  cidr_ipv4         = each.key
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
