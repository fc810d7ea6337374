# Pushes images to one repository. It cannot move a tag, delete an image or change the repository.

locals {
  repository_arn = "arn:${local.partition}:ecr:${local.here}:repository/${var.name}"

  read_images = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:DescribeImages",
    "ecr:DescribeImageScanFindings",
    "ecr:DescribeRepositories",
    "ecr:GetDownloadUrlForLayer",
  ]

  log_in = {
    Sid      = "LogIn"
    Effect   = "Allow"
    Action   = "ecr:GetAuthorizationToken"
    Resource = "*" # AWS offers no narrower form
  }
}

resource "aws_iam_role_policy" "build" {
  name = "push-images"
  role = aws_iam_role.this["build"].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      local.log_in,
      {
        Sid    = "Push"
        Effect = "Allow"
        Action = concat(local.read_images, [
          "ecr:CompleteLayerUpload",
          "ecr:InitiateLayerUpload",
          "ecr:PutImage",
          "ecr:UploadLayerPart",
        ])
        Resource = local.repository_arn
      },
    ]
  })
}
