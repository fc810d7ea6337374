variable "agent_ready_timeout_s" {
  description = "Seconds a new host has to register with the cluster before it is abandoned."
  type        = number
  default     = 600
  nullable    = false

  validation {
    condition     = var.agent_ready_timeout_s >= 120 && var.agent_ready_timeout_s <= 3600
    error_message = "agent_ready_timeout_s (${var.agent_ready_timeout_s}) must be 120 to 3600: sooner, healthy hosts are abandoned while they boot; later, a refresh fails for want of progress before a broken host is given up."
  }
}

variable "ami_id" {
  description = "Image of the hosts; null takes the ECS-optimized Amazon Linux 2023 that AWS recommends today."
  type        = string
  default     = null

  validation {
    condition     = var.ami_id == null || can(regex("^ami-[0-9a-f]{8,17}$", var.ami_id))
    error_message = "ami_id (${coalesce(var.ami_id, "null")}) must look like ami-0123456789abcdef0: with any other the group launches nothing, and a refresh waits an hour before it fails."
  }
}

variable "cluster" {
  description = "The cluster that hosts join."
  type = object({
    arn  = string
    name = string
  })
  nullable = false
}

variable "force_delete" {
  description = "Whether the group may be deleted with hosts in it, without draining them."
  type        = bool
  default     = false
  nullable    = false
}

variable "group" {
  description = "How many hosts: at least, at first, at most. ECS managed scaling moves between."
  type = object({
    desired_capacity = optional(number, 4)
    max_size         = optional(number, 6)
    min_size         = optional(number, 4)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.group.min_size <= var.group.desired_capacity && var.group.desired_capacity <= var.group.max_size
    error_message = "group must keep min_size (${var.group.min_size}) <= desired_capacity (${var.group.desired_capacity}) <= max_size (${var.group.max_size}): AWS refuses anything else."
  }

  validation {
    condition     = var.group.min_size >= 2
    error_message = "group.min_size (${var.group.min_size}) must be at least 2: with one host, its loss or its draining leaves tasks nowhere to go."
  }

  validation {
    condition = var.group.max_size >= max(
      var.group.desired_capacity + 1,
      floor(var.group.desired_capacity * var.refresh.max_healthy_percent / 100),
    )
    error_message = "group.max_size (${var.group.max_size}) leaves a refresh of ${var.group.desired_capacity} hosts no room to launch before it terminates (max_healthy_percent ${var.refresh.max_healthy_percent}): hosts would go first, and their tasks with them."
  }
}

variable "https_egress" {
  description = "Where hosts may open HTTPS to."
  type = object({
    cidr_blocks     = list(string)
    prefix_list_ids = list(string)
  })
  nullable = false
}

variable "instance_type" {
  description = "Type of the hosts. A t3.medium holds 8 tasks of 256 CPU units and 256 MiB."
  type        = string
  default     = "t3.medium"
  nullable    = false
}

variable "instance_warmup_s" {
  description = "Seconds after InService before a host counts as capacity."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.instance_warmup_s >= 0 && var.instance_warmup_s <= 3600
    error_message = "instance_warmup_s (${var.instance_warmup_s}) must be 0 to 3600: longer than that, managed scaling and a refresh both stand still."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts hosts' volumes; null leaves it to the account's default."
  type        = string
  default     = null
}

variable "launch_template_version" {
  description = "Version the group is held at while a runbook moves it; null follows the newest."
  type        = number
  default     = null

  validation {
    condition     = var.launch_template_version == null || try(var.launch_template_version >= 1 && floor(var.launch_template_version) == var.launch_template_version, false)
    error_message = "launch_template_version (${coalesce(var.launch_template_version, 0)}) must be a whole number from 1: the group can be held only at a version that exists."
  }
}

variable "load_balancer_security_group_id" {
  description = "Security group of the load balancer whose requests hosts take."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Name of the group, its launch template, its role and its capacity provider."
  type        = string
  nullable    = false

  validation {
    condition     = !can(regex("^(aws|ecs|fargate)", lower(var.name)))
    error_message = "name (${var.name}) must not begin with aws, ecs or fargate: ECS refuses such a capacity provider."
  }
}

variable "permissions_boundary_arn" {
  description = "Boundary of every role made here, without which the pipeline may make none; null sets none."
  type        = string
  default     = null
}

variable "refresh" {
  description = "Share of the hosts that an instance refresh keeps in service, at least and at most, in percent."
  type = object({
    max_healthy_percent = optional(number, 110)
    min_healthy_percent = optional(number, 90)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.refresh.min_healthy_percent >= 90 && var.refresh.min_healthy_percent <= 100
    error_message = "refresh.min_healthy_percent (${var.refresh.min_healthy_percent}) must be 90 to 100: below, hosts leave before others take their tasks."
  }

  validation {
    condition     = var.refresh.max_healthy_percent >= 100 && var.refresh.max_healthy_percent <= 200
    error_message = "refresh.max_healthy_percent (${var.refresh.max_healthy_percent}) must be 100 to 200: AWS refuses anything else."
  }

  validation {
    condition     = var.refresh.max_healthy_percent - var.refresh.min_healthy_percent <= 100
    error_message = "refresh.max_healthy_percent (${var.refresh.max_healthy_percent}) may exceed min_healthy_percent (${var.refresh.min_healthy_percent}) by 100 at most: AWS refuses the refresh otherwise."
  }
}

variable "session_key_arn" {
  description = "Key of Session Manager's sessions, from bootstrap; null lets hosts decrypt none, and then sessions that must be encrypted do not start."
  type        = string
  default     = null
}

variable "session_log_group_arn" {
  description = "Log of Session Manager's sessions, from bootstrap; null lets hosts write none, and then sessions that must be logged do not start."
  type        = string
  default     = null
}

variable "spot" {
  description = "Hosts of Spot capacity beside on-demand ones, of several types; null takes on-demand ones only."
  type = object({
    instance_types    = list(string)
    on_demand_base    = optional(number, 2)
    on_demand_percent = optional(number, 50)
  })
  default = null

  validation {
    condition     = var.spot == null || try(length(distinct(var.spot.instance_types)) >= 2, false)
    error_message = "spot.instance_types (${try(join(", ", var.spot.instance_types), "null")}) must name at least two: when AWS takes back one type, the group needs another to turn to."
  }

  validation {
    condition     = var.spot == null || try(var.spot.on_demand_base >= 2 && var.spot.on_demand_percent >= 0 && var.spot.on_demand_percent <= 100, false)
    error_message = "spot.on_demand_base (${try(var.spot.on_demand_base, "null")}) must be at least 2, and on_demand_percent (${try(var.spot.on_demand_percent, "null")}) 0 to 100: Spot hosts may all go within two minutes, and somebody must stay."
  }

  validation {
    condition     = var.spot == null || var.launch_template_version == null
    error_message = "spot and launch_template_version (${coalesce(var.launch_template_version, 0)}) exclude each other: the runbook's refresh names a launch template, which AWS refuses for a group of several types."
  }
}

variable "subnet_ids" {
  description = "Private subnets to spread over, one a zone."
  type        = list(string)
  nullable    = false
}

variable "vpc_id" {
  description = "The VPC of the subnets."
  type        = string
  nullable    = false
}
