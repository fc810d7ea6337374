# What nobody who applies may do, whatever else allows it.

locals {
  nameless = [
    "application-autoscaling:DeleteScheduledAction",
    "application-autoscaling:DeleteScalingPolicy",
    "application-autoscaling:DeregisterScalableTarget",
    "application-autoscaling:PutScalingPolicy",
    "application-autoscaling:PutScheduledAction",
    "application-autoscaling:RegisterScalableTarget",
    "application-autoscaling:TagResource",
    "ec2:AllocateAddress",
    "ec2:AssociateRouteTable",
    "ec2:AttachInternetGateway",
    "ec2:AuthorizeSecurityGroup*",
    "ec2:CreateFlowLogs",
    "ec2:CreateInternetGateway",
    "ec2:CreateLaunchTemplate*",
    "ec2:CreateNatGateway",
    "ec2:CreateRoute*",
    "ec2:CreateSecurityGroup",
    "ec2:CreateSubnet",
    "ec2:CreateTags",
    "ec2:CreateVpc*",
    "ec2:DeleteFlowLogs",
    "ec2:DeleteInternetGateway",
    "ec2:DeleteLaunchTemplate*",
    "ec2:DeleteNatGateway",
    "ec2:DeleteRoute*",
    "ec2:DeleteSecurityGroup",
    "ec2:DeleteSubnet",
    "ec2:DeleteVpc*",
    "ec2:DetachInternetGateway",
    "ec2:DisassociateRouteTable",
    "ec2:ModifyLaunchTemplate",
    "ec2:ModifySecurityGroupRules",
    "ec2:ModifySubnetAttribute",
    "ec2:ModifyVpc*",
    "ec2:ReleaseAddress",
    "ec2:ReplaceRoute*",
    "ec2:RevokeSecurityGroup*",
    "ec2:RunInstances", # Auto Scaling asks whether whoever changes the group may launch
    "ecs:CreateCapacityProvider",
    "ecs:DeregisterTaskDefinition",
    "elasticloadbalancing:SetWebAcl",
    "kms:CreateGrant",
    "kms:CreateKey",
    "kms:EnableKeyRotation",
    "kms:PutKeyPolicy",
    "kms:TagResource",
    "kms:UpdateKeyDescription",
    "lambda:CreateCodeSigningConfig",
    "lambda:DeleteCodeSigningConfig",
    "lambda:UpdateCodeSigningConfig",
    "logs:CreateLogDelivery", # of flow logs and of the firewall
    "logs:DeleteLogDelivery",
    "logs:PutResourcePolicy",
    "sns:SetSubscriptionAttributes",
    "sns:Unsubscribe",
  ]
}

# Attached, because inline policies of one role may not exceed 10,240 characters together.
resource "aws_iam_role_policy_attachment" "guard" {
  role       = aws_iam_role.this["apply"].name
  policy_arn = aws_iam_policy.guard.arn
}

resource "aws_iam_policy" "guard" {
  name        = "${var.name}-ci-never"
  description = "What nobody who applies ${var.name} may do"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "NoUsersNoKeysNoWayOut"
        Effect = "Deny"
        Action = [
          "iam:*AccessKey*",
          "iam:AttachRolePolicy", # inline policies only: what a role may do is in the plan that was read
          "iam:CreateLoginProfile",
          "iam:CreateUser",
          "iam:DeleteRolePermissionsBoundary",
          "kms:DisableKey",
          "kms:ScheduleKeyDeletion",
          "organizations:*",
          "s3:BypassGovernanceRetention",
          "s3:DeleteBucket*",
          "s3:PutBucketObjectLockConfiguration",
        ]
        Resource = "*"
      },
      {
        Sid      = "NotItselfNorItsBoundary"
        Effect   = "Deny"
        Action   = "iam:*"
        Resource = ["${local.iam}:policy/*-ci-*", "${local.iam}:role/*-ci-*", "${local.iam}:oidc-provider/*", var.permissions_boundary_arn]
      },
      {
        Sid      = "NotAnothersResources"
        Effect   = "Deny"
        Action   = local.nameless
        Resource = "*"
        Condition = {
          StringNotEquals = { "aws:ResourceTag/Environment" = var.name }
          Null            = { "aws:ResourceTag/Environment" = "false" }
        }
      },
      {
        Sid         = "NoEvidenceUnmade"
        Effect      = "Deny"
        Action      = "s3:Delete*"
        NotResource = "${var.state_bucket_arn}/${local.state_key}.tflock"
      },
    ]
  })
}
