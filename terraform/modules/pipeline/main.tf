# Who GitHub's jobs are in AWS: four roles an environment, each for one GitHub environment and no
# other, so that its reviewers decide who becomes it.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  account_id = data.aws_caller_identity.this.account_id
  partition  = data.aws_partition.this.partition
  region     = data.aws_region.this.name
  here       = "${local.region}:${local.account_id}"

  repository = "${var.github.owner}/${var.github.repository}"
  immutable  = "${var.github.owner}@${var.github.owner_id}/${var.github.repository}@${var.github.repository_id}"

  # Purpose to the longest a session may last, and the workflow that may become it.
  roles = {
    apply  = { session_s = 14400, workflow = "_run-runbook.yml" }
    build  = { session_s = 3600, workflow = "build.yml" }
    deploy = { session_s = 14400, workflow = "_run-runbook.yml" }
    plan   = { session_s = 3600, workflow = null } # of a pull request, whose workflow is the branch's own
  }
}

resource "aws_iam_role" "this" {
  for_each = local.roles

  name                 = "${var.name}-ci-${each.key}"
  description          = "GitHub environment ${var.name}-${each.key} of ${local.repository}"
  max_session_duration = each.value.session_s

  # Exact, and no ForAllValues, which is true of a claim that is not there. The subject in both of
  # GitHub's forms: repositories made or renamed since July 2026 send the one with ids.
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = var.github.provider_arn }
      Condition = {
        StringEquals = merge(
          {
            "${local.issuer}:aud" = "sts.amazonaws.com"
            "${local.issuer}:sub" = [
              "repo:${local.repository}:environment:${var.name}-${each.key}",
              "repo:${local.immutable}:environment:${var.name}-${each.key}",
            ]
            "${local.issuer}:repository_id"       = var.github.repository_id
            "${local.issuer}:repository_owner_id" = var.github.owner_id
          },
          each.value.workflow == null ? {} : {
            "${local.issuer}:job_workflow_ref" = "${local.repository}/.github/workflows/${each.value.workflow}@refs/heads/${var.github.branch}"
          },
        )
      }
    }]
  })
}

locals {
  issuer = "token.actions.githubusercontent.com"
}
