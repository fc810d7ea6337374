data "aws_ssm_parameter" "ami" {
  count = var.ami_id == null ? 1 : 0

  name = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
}

locals {
  # Resolved here, because AWS cannot roll back a template that names an SSM parameter itself.
  ami_id = var.ami_id == null ? nonsensitive(data.aws_ssm_parameter.ami[0].value) : var.ami_id
}

resource "aws_launch_template" "this" {
  name          = var.name
  description   = "ECS hosts of ${var.cluster.name}"
  image_id      = local.ami_id
  instance_type = var.instance_type
  ebs_optimized = true

  vpc_security_group_ids = [aws_security_group.host.id]

  user_data = base64encode(templatefile("${path.module}/user_data.sh.tftpl", {
    cluster_name = var.cluster.name
    dns_suffix   = data.aws_partition.this.dns_suffix
    group_name   = var.name
    hook_name    = local.hook_name
    region       = data.aws_region.this.name
  }))

  iam_instance_profile {
    arn = aws_iam_instance_profile.host.arn
  }

  # Session tokens only, and one hop: containers on the bridge network are a second hop, so no task
  # can borrow the host's role. Explicit, because AMIs marked IMDSv2 otherwise get two hops.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  monitoring {
    enabled = true
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_type           = "gp3"
      volume_size           = 30 # the AMI's own snapshot is 30 GiB
      encrypted             = true
      kms_key_id            = var.kms_key_arn
      delete_on_termination = true
    }
  }

  dynamic "tag_specifications" {
    for_each = toset(["instance", "volume"])

    content {
      resource_type = tag_specifications.key
      tags          = { Name = var.name }
    }
  }
}
