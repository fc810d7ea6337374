# Plans: reads what Terraform manages, and its state; writes the lock alone.

locals {
  state_key     = "${var.name}/terraform.tfstate"
  variables_key = "${var.name}/variables.json" # what it was applied with; runbooks keep it beside the state

  find_state = {
    Sid      = "FindState"
    Effect   = "Allow"
    Action   = "s3:ListBucket"
    Resource = var.state_bucket_arn
    Condition = { StringEquals = { "s3:prefix" = [
      "env:/", # Terraform asks for workspaces, whether there are any or not
      local.state_key,
      "${local.state_key}.tflock",
      local.variables_key,
    ] } }
  }

  lock_state = {
    Sid      = "LockState" # the lock is the only object that may be deleted
    Effect   = "Allow"
    Action   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    Resource = "${var.state_bucket_arn}/${local.state_key}.tflock"
  }

  read_what_terraform_manages = {
    Sid    = "ReadWhatTerraformManages"
    Effect = "Allow"
    Action = [
      "application-autoscaling:Describe*",
      "application-autoscaling:ListTagsForResource",
      "autoscaling:Describe*",
      "cloudwatch:Describe*",
      "cloudwatch:GetDashboard",
      "cloudwatch:ListTagsForResource",
      "codedeploy:Get*",
      "codedeploy:List*",
      "ec2:Describe*",
      "ecr:Describe*",
      "ecr:GetLifecyclePolicy",
      "ecr:ListTagsForResource",
      "ecs:Describe*",
      "ecs:List*",
      "elasticloadbalancing:Describe*",
      "events:Describe*",
      "events:List*",
      "iam:GetInstanceProfile",
      "iam:GetPolicy",
      "iam:GetPolicyVersion",
      "iam:GetRole",
      "iam:GetRolePolicy",
      "iam:ListAttachedRolePolicies",
      "iam:ListInstanceProfilesForRole",
      "iam:ListRolePolicies",
      "kms:DescribeKey",
      "kms:GetKeyPolicy",
      "kms:GetKeyRotationStatus",
      "kms:ListAliases",
      "kms:ListResourceTags",
      "lambda:GetCodeSigningConfig",
      "lambda:GetFunction",
      "lambda:GetFunctionCodeSigningConfig",
      "lambda:GetPolicy",
      "lambda:ListVersionsByFunction",
      "logs:DescribeLogGroups",
      "logs:DescribeResourcePolicies",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:ListTagsForResource",
      "sns:GetSubscriptionAttributes",
      "sns:GetTopicAttributes",
      "sns:ListTagsForResource",
      "wafv2:Get*",
      "wafv2:ListTagsForResource",
    ]
    Resource = "*" # Terraform reads by name and by list; no secret is among these
  }

  read_ami = {
    Sid      = "ReadTheRecommendedImage"
    Effect   = "Allow"
    Action   = "ssm:GetParameter"
    Resource = "arn:${local.partition}:ssm:${local.region}::parameter/aws/service/ecs/optimized-ami/*"
  }

  read_configuration = [local.find_state, local.lock_state, local.read_what_terraform_manages, local.read_ami, local.encrypt]
}

resource "aws_iam_role_policy" "plan" {
  name = "plan"
  role = aws_iam_role.this["plan"].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.read_configuration, [{
      Sid      = "ReadState"
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = [for key in [local.state_key, local.variables_key] : "${var.state_bucket_arn}/${key}"]
    }])
  })
}
