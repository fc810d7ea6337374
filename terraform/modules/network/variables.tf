variable "availability_zones" {
  description = "Zones to spread over, by name (us-east-1a)."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(distinct(var.availability_zones)) >= 2
    error_message = "availability_zones names ${length(distinct(var.availability_zones))} zone: the outage of one zone would stop the service, and a load balancer needs two. Name at least two."
  }
}

variable "cidr_block" {
  description = "Addresses of the VPC: a /16 gives a /20 a zone to hosts and a /24 to the load balancer."
  type        = string
  default     = "10.0.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrhost(var.cidr_block, 0)) && try(tonumber(split("/", var.cidr_block)[1]), 99) <= 19
    error_message = "cidr_block (${var.cidr_block}) must be an IPv4 block of /16 to /19: smaller, and the load balancer's subnets fall below the /27 in which it can still grow."
  }
}

variable "egress" {
  description = "How hosts reach AWS: \"endpoints\" (private, no internet) or \"nat\"."
  type        = string
  default     = "endpoints"
  nullable    = false

  validation {
    condition     = contains(["endpoints", "nat"], var.egress)
    error_message = "egress (${var.egress}) must be \"endpoints\" or \"nat\": with neither, hosts cannot reach ECS and never join the cluster."
  }
}

variable "interface_endpoints" {
  description = "Services reached by interface endpoints; autoscaling completes the launch hook."
  type        = set(string)
  default = [
    "autoscaling",
    "ecr.api",
    "ecr.dkr",
    "ecs",
    "ecs-agent",
    "ecs-telemetry",
    "logs",
    "ssm",
    "ssmmessages",
  ]
  nullable = false

  validation {
    condition = length(setsubtract(
      ["autoscaling", "ecr.api", "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry", "logs"],
      var.interface_endpoints,
    )) == 0
    error_message = "interface_endpoints must hold autoscaling, ecr.api, ecr.dkr, ecs, ecs-agent, ecs-telemetry and logs: without one of them hosts cannot join, finish their launch hook, pull the image or start its log."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts flow logs; null leaves it to CloudWatch."
  type        = string
  default     = null
}

variable "log_retention_days" {
  description = "Days to keep flow logs."
  type        = number
  default     = 365
  nullable    = false
}

variable "more_interface_endpoints" {
  description = "Further services to reach by interface endpoints."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "name" {
  description = "Prefix of every name made here."
  type        = string
  nullable    = false
}

variable "permissions_boundary_arn" {
  description = "Boundary of every role made here, without which the pipeline may make none; null sets none."
  type        = string
  default     = null
}
