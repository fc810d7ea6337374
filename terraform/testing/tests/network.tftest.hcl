mock_provider "aws" {
  source = "./mocks"
}

variables {
  name               = "web"
  availability_zones = ["us-east-1a", "us-east-1b"]
}

run "each_zone_gets_its_own_way_out" {
  module {
    source = "../modules/network"
  }

  variables {
    egress = "nat"
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 2 && length(aws_vpc_endpoint.interface) == 0
    error_message = "NAT must be one gateway a zone, and no paid endpoints beside it."
  }

  assert {
    condition     = output.https_egress.cidr_blocks == ["0.0.0.0/0"]
    error_message = "Hosts behind NAT must be allowed to use it."
  }
}

run "without_nat_nothing_leads_to_the_internet" {
  module {
    source = "../modules/network"
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 0 && length(aws_vpc_endpoint.interface) == 9
    error_message = "Endpoints must take the place of NAT."
  }

  assert {
    condition     = output.https_egress.cidr_blocks == ["10.0.0.0/16"]
    error_message = "Hosts with endpoints need no address outside the VPC."
  }
}

run "addresses_do_not_overlap" {
  command = plan

  module {
    source = "../modules/network"
  }

  assert {
    condition = toset(concat(
      [for subnet in aws_subnet.private : subnet.cidr_block],
      [for subnet in aws_subnet.public : subnet.cidr_block],
    )) == toset(["10.0.0.0/20", "10.0.16.0/20", "10.0.240.0/24", "10.0.241.0/24"])
    error_message = "Subnets moved: every host and load balancer in them would be replaced."
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.private : coalesce(subnet.map_public_ip_on_launch, false) == false])
    error_message = "Hosts must have no public address."
  }
}

run "what_cannot_be_is_refused" {
  command = plan

  module {
    source = "../modules/network"
  }

  variables {
    # one zone is not enough
    availability_zones = ["us-east-1a", "us-east-1a"]

    # a small block is refused
    cidr_block = "10.0.0.0/20"

    # hosts need some way to aws
    egress = "none"

    # an endpoint that hosts need is missed
    interface_endpoints = ["ecs", "ecs-agent", "ecs-telemetry", "ecr.api", "ecr.dkr", "logs"]
  }

  expect_failures = [
    var.availability_zones,
    var.cidr_block,
    var.egress,
    var.interface_endpoints,
  ]
}

run "an_endpoint_serves_our_account_only" {
  module {
    source = "../modules/network"
  }

  assert {
    condition = jsondecode(aws_vpc_endpoint.interface["ecr.api"].policy).Statement[0].Condition.StringEquals == {
      "aws:PrincipalAccount" = "123456789012"
    }
    error_message = "Whoever takes over a host must not send data to another account by our endpoints."
  }

  assert {
    condition     = endswith(jsondecode(aws_vpc_endpoint.s3.policy).Statement[0].Resource, "-starport-layer-bucket/*")
    error_message = "S3 is for image layers."
  }
}
