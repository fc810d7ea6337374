# What CodeDeploy may do: move this service's task sets and this load balancer's weights, read
# alarms, call the validation hooks. AWS's managed policy would allow it on everything.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  here      = "${data.aws_region.this.name}:${data.aws_caller_identity.this.account_id}"
  partition = data.aws_partition.this.partition
  ecs_path  = "${var.cluster_name}/${var.service_name}"
}

resource "aws_iam_role" "this" {
  name                 = "${var.name}-codedeploy"
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "codedeploy.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.this.account_id }
      }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "shift-traffic"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "MoveTaskSets"
        Effect = "Allow"
        Action = [
          "ecs:CreateTaskSet",
          "ecs:DeleteTaskSet",
          "ecs:DescribeServices",
          "ecs:UpdateServicePrimaryTaskSet",
        ]
        Resource = [
          "arn:${local.partition}:ecs:${local.here}:service/${local.ecs_path}",
          "arn:${local.partition}:ecs:${local.here}:task-set/${local.ecs_path}/*",
        ]
      },
      {
        Sid    = "LookAtLoadBalancer"
        Effect = "Allow"
        Action = [
          "elasticloadbalancing:DescribeListeners",
          "elasticloadbalancing:DescribeRules",
          "elasticloadbalancing:DescribeTargetGroups",
        ]
        Resource = "*" # AWS offers no narrower form
      },
      {
        Sid      = "ShiftWeights"
        Effect   = "Allow"
        Action   = ["elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyRule"]
        Resource = flatten([for arn in values(var.listener_arns) : [arn, "${replace(arn, ":listener/", ":listener-rule/")}/*"]])
      },
      {
        Sid      = "ReadAlarms"
        Effect   = "Allow"
        Action   = "cloudwatch:DescribeAlarms"
        Resource = [for name in var.alarm_names : "arn:${local.partition}:cloudwatch:${local.here}:alarm:${name}"]
      },
      {
        Sid      = "CallHooks"
        Effect   = "Allow"
        Action   = "lambda:InvokeFunction"
        Resource = "arn:${local.partition}:lambda:${local.here}:function:CodeDeployHook_*"
      },
      {
        Sid       = "PassTaskRoles"
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = var.passed_role_arns
        Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
      },
    ]
  })
}
