# Applies: makes, changes and destroys what is named for this environment or tagged with it. Every
# role it makes carries the boundary, so it can never make one that may do more than a service needs.

locals {
  iam = "arn:${local.partition}:iam::${local.account_id}"

  # What a name tells apart. Exact, or the name and a hyphen: "web" must not reach "web2".
  own = concat([
    "arn:${local.partition}:autoscaling:${local.here}:autoScalingGroup:*:autoScalingGroupName/${var.name}",
    "arn:${local.partition}:cloudwatch:${local.here}:alarm:${var.name}-*",
    "arn:${local.partition}:cloudwatch::${local.account_id}:dashboard/${var.name}",
    "arn:${local.partition}:codedeploy:${local.here}:application:${var.name}",
    "arn:${local.partition}:codedeploy:${local.here}:deploymentconfig:${var.name}-*",
    "arn:${local.partition}:codedeploy:${local.here}:deploymentgroup:${var.name}/*",
    "arn:${local.partition}:ecr:${local.here}:repository/${var.name}",
    "arn:${local.partition}:ecs:${local.here}:*/${var.name}",
    "arn:${local.partition}:ecs:${local.here}:*/${var.name}/*",
    "arn:${local.partition}:ecs:${local.here}:task-definition/${var.name}:*",
    "arn:${local.partition}:elasticloadbalancing:${local.here}:*/app/${var.name}/*",
    "arn:${local.partition}:elasticloadbalancing:${local.here}:targetgroup/${var.name}-*/*",
    "arn:${local.partition}:events:${local.here}:rule/${var.name}-*",
    "arn:${local.partition}:kms:${local.here}:alias/${var.name}",
    "arn:${local.partition}:lambda:${local.here}:function:CodeDeployHook_${var.name}",
    "arn:${local.partition}:sns:${local.here}:${var.name}-notices*",
    "arn:${local.partition}:wafv2:${local.here}:regional/managedruleset/*/*",
    "arn:${local.partition}:wafv2:${local.here}:regional/webacl/${var.name}/*",
    ], flatten([
      for group in ["/aws/lambda/CodeDeployHook_${var.name}", "/ecs/${var.name}", "/vpc/${var.name}", "aws-waf-logs-${var.name}"] :
      ["arn:${local.partition}:logs:${local.here}:log-group:${group}", "arn:${local.partition}:logs:${local.here}:log-group:${group}:*"]
  ]))
}

resource "aws_iam_role_policy" "apply" {
  name = "change-the-environment"
  role = aws_iam_role.this["apply"].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "ChangeWhatIsNamed"
        Effect = "Allow"
        Action = [
          "autoscaling:*",
          "cloudwatch:*",
          "codedeploy:*",
          "ecr:*",
          "ecs:*",
          "elasticloadbalancing:*",
          "events:*",
          "kms:CreateAlias",
          "kms:DeleteAlias",
          "lambda:*",
          "logs:*",
          "sns:*",
          "wafv2:*",
        ]
        Resource = local.own
      },
      {
        Sid       = "ChangeWhatHasNoName" # made with the tag; of what has one, another's is refused below
        Effect    = "Allow"
        Action    = local.nameless
        Resource  = "*"
        Condition = { StringEquals = { "aws:RequestedRegion" = local.region } }
      },
      {
        Sid       = "MakeRolesWithinTheBoundary"
        Effect    = "Allow"
        Action    = ["iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"]
        Resource  = "${local.iam}:role/${var.name}-*"
        Condition = { StringEquals = { "iam:PermissionsBoundary" = var.permissions_boundary_arn } }
      },
      {
        Sid    = "TidyRoles"
        Effect = "Allow"
        Action = [
          "iam:AddRoleToInstanceProfile",
          "iam:CreateInstanceProfile",
          "iam:DeleteInstanceProfile",
          "iam:DeleteRole",
          "iam:DeleteRolePolicy",
          "iam:RemoveRoleFromInstanceProfile",
          "iam:TagInstanceProfile",
          "iam:TagRole",
          "iam:UpdateAssumeRolePolicy",
        ]
        Resource = ["${local.iam}:instance-profile/${var.name}-*", "${local.iam}:role/${var.name}-*"]
      },
      {
        Sid      = "LetServicesMakeTheirOwnRoles" # at first use in an account
        Effect   = "Allow"
        Action   = "iam:CreateServiceLinkedRole"
        Resource = "${local.iam}:role/aws-service-role/*"
        Condition = { StringEquals = { "iam:AWSServiceName" = [
          "autoscaling.amazonaws.com",
          "ecs.amazonaws.com",
          "ecs.application-autoscaling.amazonaws.com",
          "elasticloadbalancing.amazonaws.com",
          "wafv2.amazonaws.com",
        ] } }
      },
      {
        Sid      = "PassOwnRoles"
        Effect   = "Allow"
        Action   = "iam:PassRole"
        Resource = "${local.iam}:role/${var.name}-*"
        Condition = { StringEquals = { "iam:PassedToService" = [
          "codedeploy.amazonaws.com",
          "ec2.amazonaws.com",
          "ecs-tasks.amazonaws.com",
          "lambda.amazonaws.com",
          "vpc-flow-logs.amazonaws.com",
        ] } }
      },
    ]
  })
}

resource "aws_iam_role_policy" "apply_runbook" {
  name = "run-runbooks-and-keep-state"
  role = aws_iam_role.this["apply"].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [for statement in local.read_configuration : statement if statement.Sid != "Encrypt"],
      [for statement in local.run_a_runbook : statement if statement.Sid != "Look"],
      [
        {
          Sid      = "KeepState"
          Effect   = "Allow"
          Action   = ["s3:GetObject", "s3:PutObject"] # versions stay: nobody deletes the state
          Resource = [for key in [local.state_key, local.variables_key] : "${var.state_bucket_arn}/${key}"]
        },
        {
          Sid      = "FindImages"
          Effect   = "Allow"
          Action   = ["cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics", "ecr:GetAuthorizationToken"]
          Resource = "*" # AWS offers no narrower form
        },
      ],
    )
  })
}
