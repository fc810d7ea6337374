# What a host may do: be an ECS host of this cluster, finish its own launch, take SSM sessions.
# Pulling images and writing logs is the task execution role's, not the host's.

locals {
  account_id = data.aws_caller_identity.this.account_id
  partition  = data.aws_partition.this.partition
  region     = data.aws_region.this.name

  container_instances = "${replace(var.cluster.arn, ":cluster/", ":container-instance/")}/*"
  group_arn = join(":", [
    "arn:${local.partition}:autoscaling:${local.region}:${local.account_id}",
    "autoScalingGroup:*:autoScalingGroupName/${var.name}",
  ])
}

resource "aws_iam_role" "host" {
  name                 = "${var.name}-host"
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.${data.aws_partition.this.dns_suffix}" }
    }]
  })
}

resource "aws_iam_instance_profile" "host" {
  name = "${var.name}-host"
  role = aws_iam_role.host.name
}

resource "aws_iam_role_policy" "host" {
  name = "ecs-host"
  role = aws_iam_role.host.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid      = "FindEcs"
        Effect   = "Allow"
        Action   = "ecs:DiscoverPollEndpoint"
        Resource = "*" # AWS offers no narrower form
      },
      {
        Sid    = "JoinCluster"
        Effect = "Allow"
        Action = [
          "ecs:DeregisterContainerInstance",
          "ecs:RegisterContainerInstance",
          "ecs:SubmitAttachmentStateChanges",
          "ecs:SubmitContainerStateChange",
          "ecs:SubmitTaskStateChange",
        ]
        Resource = var.cluster.arn
      },
      {
        Sid    = "ServeCluster"
        Effect = "Allow"
        Action = [
          "ecs:Poll",
          "ecs:StartTelemetrySession",
          "ecs:UpdateContainerInstancesState",
        ]
        Resource  = local.container_instances
        Condition = { ArnEquals = { "ecs:cluster" = var.cluster.arn } }
      },
      {
        Sid      = "FinishLaunch"
        Effect   = "Allow"
        Action   = "autoscaling:CompleteLifecycleAction"
        Resource = local.group_arn
      },
      {
        Sid      = "ReportToSsm"
        Effect   = "Allow"
        Action   = "ssm:UpdateInstanceInformation"
        Resource = "arn:${local.partition}:ec2:${local.region}:${local.account_id}:instance/*"
      },
      {
        Sid    = "TakeSsmSessions"
        Effect = "Allow"
        Action = [
          "ssmmessages:CreateControlChannel",
          "ssmmessages:CreateDataChannel",
          "ssmmessages:OpenControlChannel",
          "ssmmessages:OpenDataChannel",
        ]
        Resource = "*" # AWS offers no narrower form
      },
      ],
      [for key in var.session_key_arn[*] : {
        Sid      = "DecryptSessions"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = key
      }],
      flatten([for group in var.session_log_group_arn[*] : [
        {
          Sid      = "FindTheSessionLog"
          Effect   = "Allow"
          Action   = "logs:DescribeLogGroups"
          Resource = "*" # AWS offers no narrower form
        },
        {
          Sid      = "WriteSessionsDown"
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
          Resource = "${group}:*"
        },
      ]]),
    )
  })
}
