# Releases the app: registers a revision and asks CodeDeploy. Traffic is moved by CodeDeploy's own
# role, so whoever takes this one over can start a deployment, which alarms judge, and nothing else.

resource "aws_iam_role_policy" "deploy" {
  name = "release"
  role = aws_iam_role.this["deploy"].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.run_a_runbook, [
      local.log_in,
      {
        Sid      = "FindTheImage"
        Effect   = "Allow"
        Action   = local.read_images
        Resource = local.repository_arn
      },
      {
        Sid       = "RegisterARevision"
        Effect    = "Allow"
        Action    = "ecs:RegisterTaskDefinition"
        Resource  = "arn:${local.partition}:ecs:${local.here}:task-definition/${var.name}:*"
        Condition = { StringEquals = { "ecs:privileged" = "false" } }
      },
      {
        Sid    = "AskCodeDeploy"
        Effect = "Allow"
        Action = [
          "codedeploy:CreateDeployment",
          "codedeploy:GetApplicationRevision",
          "codedeploy:RegisterApplicationRevision",
        ]
        Resource = [
          "arn:${local.partition}:codedeploy:${local.here}:application:${var.name}",
          "arn:${local.partition}:codedeploy:${local.here}:deploymentgroup:${var.name}/${var.name}",
        ]
      },
      {
        Sid       = "HoldOrStopIt"
        Effect    = "Allow"
        Action    = ["codedeploy:ContinueDeployment", "codedeploy:StopDeployment"]
        Resource  = "*" # AWS offers no narrower form
        Condition = { StringEquals = { "aws:RequestedRegion" = local.region } }
      },
      {
        Sid       = "PassTaskRoles"
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = [for role in ["execution", "task"] : "arn:${local.partition}:iam::${local.account_id}:role/${var.name}-${role}"]
        Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
      },
    ])
  })
}
