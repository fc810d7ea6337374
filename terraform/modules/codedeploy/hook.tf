# The function that tries a release through the test listener. CodeDeploy may call it by its name,
# and it may do three things: say what it found, write its log, and, inside a VPC, have an address.

locals {
  hook_name = "CodeDeployHook_${var.name}"
  hook_vpc  = try(var.hook.vpc, null) == null ? {} : { this = var.hook.vpc }
  hook_here = var.hook == null ? {} : { this = var.hook }

  # 8080 of http://name:8080/version
  hook_port = try(tonumber(regex("^https?://[^/:]+:([0-9]+)", var.hook.test_url)[0]), 443)
}

resource "aws_lambda_function" "hook" {
  for_each = local.hook_here

  function_name    = local.hook_name
  description      = "Tries a release through the test listener before users meet it"
  role             = aws_iam_role.hook["this"].arn
  runtime          = "python3.12"
  handler          = "validate.handler"
  filename         = each.value.filename
  source_code_hash = filebase64sha256(each.value.filename)
  memory_size      = 256
  timeout          = each.value.timeout_s

  environment {
    variables = {
      LATENCY_MS_MAX = each.value.latency_ms_max
      REQUESTS       = each.value.requests
      TEST_URL       = each.value.test_url
    }
  }

  dynamic "vpc_config" {
    for_each = local.hook_vpc

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = [aws_security_group.hook["this"].id]
    }
  }

  # A function that may not speak leaves a deployment waiting for an hour.
  depends_on = [aws_cloudwatch_log_group.hook, aws_iam_role_policy.hook]
}

resource "aws_cloudwatch_log_group" "hook" {
  for_each = local.hook_here

  name              = "/aws/lambda/${local.hook_name}"
  retention_in_days = 365
}

resource "aws_iam_role" "hook" {
  for_each = local.hook_here

  name = "${var.name}-hook"

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
  for_each = local.hook_here

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
      ], [for vpc in values(local.hook_vpc) : {
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
