variable "access_logs_bucket" {
  description = "Bucket for the load balancer's access log, from bootstrap."
  type        = string
  nullable    = false
}

variable "account_id" {
  description = "The one AWS account this may change."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id (${var.account_id}) must be 12 digits, quoted: a number loses its leading zeros and would name another account."
  }
}

variable "alarm_emails" {
  description = "Who hears of alarms: somebody must."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.alarm_emails) > 0
    error_message = "alarm_emails must name at least one address: an alarm that nobody hears protects nobody."
  }
}

variable "ami_id" {
  description = "Image of the hosts, by id: a change of it is a change that somebody asked for."
  type        = string
  nullable    = false
}

variable "approval_wait_minutes" {
  description = "Minutes a release waits on the test listener for somebody to continue it; 0 goes on by itself."
  type        = number
  default     = 60
  nullable    = false
}

variable "availability_zones" {
  description = "Zones to spread over, at least three of the region: with two, the loss of one is the loss of half."
  type        = list(string)
  default     = ["us-east-1a", "us-east-1b", "us-east-1c"]
  nullable    = false

  validation {
    condition     = length(distinct(var.availability_zones)) >= 3 && alltrue([for zone in var.availability_zones : startswith(zone, var.region)])
    error_message = "availability_zones (${join(", ", var.availability_zones)}) must be at least three zones of region ${var.region}."
  }
}

variable "certificate_arn" {
  description = "Certificate for HTTPS on 443 and 8443."
  type        = string
  nullable    = false
}

variable "cidr_block" {
  description = "Addresses of the VPC, another block than dev's."
  type        = string
  default     = "10.1.0.0/16"
  nullable    = false
}

variable "client_cidr_blocks" {
  description = "Who may use the service besides the VPC; 0.0.0.0/0 publishes it."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "container" {
  description = "The container that the service starts with; a release carries it on, or changes its size."
  type = object({
    cpu        = optional(number)
    memory_mib = optional(number)
    name       = optional(string)
    port       = optional(number)
    user       = optional(string)
  })
  default  = {}
  nullable = false
}

variable "environment" {
  description = "Environment of the container."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "hook" {
  description = "Function that tries a release before users meet it: its zip, made by hitless, its budget, and the AWS Signer profiles, by version, one of which must have signed it; null leaves it out."
  type = object({
    filename       = string
    latency_ms_max = optional(number, 500)
    requests       = optional(number, 20)
    signed_by      = optional(set(string), [])
  })
  default = null

  validation {
    condition     = var.hook == null || var.internal
    error_message = "hook could not reach the test listener: it runs inside the VPC, and a public load balancer has no address there. Set internal = true, or leave hook null."
  }
}

variable "hosts" {
  description = "How many hosts: at least, at first, at most."
  type = object({
    desired_capacity = optional(number, 6)
    max_size         = optional(number, 12)
    min_size         = optional(number, 6)
  })
  default  = {}
  nullable = false
}

variable "image" {
  description = "Image of the first revision, by digest: repository@sha256:…"
  type        = string
  nullable    = false
}

variable "instance_type" {
  description = "Type of the hosts."
  type        = string
  default     = "m7i.large"
  nullable    = false
}

variable "internal" {
  description = "Whether only the VPC can reach the load balancer."
  type        = bool
  default     = false
  nullable    = false
}

variable "launch_template_version" {
  description = "Version the group is held at while a runbook moves it; null follows the newest."
  type        = number
  default     = null
}

variable "name" {
  description = "Name of the environment, and of everything in it."
  type        = string
  default     = "hitless-prod"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name (${var.name}) must be 3 to 20 lower-case letters, digits and inner hyphens: target groups, roles and the repository add to it."
  }
}

variable "permissions_boundary_arn" {
  description = "Boundary of every role made here, from bootstrap."
  type        = string
  nullable    = false
}

variable "region" {
  description = "AWS region."
  type        = string
  default     = "us-east-1"
  nullable    = false
}

variable "scaling" {
  description = "Bounds and targets of service scaling. Hosts must hold twice min_count, with one host drained."
  type = object({
    cpu_percent    = optional(number, 50)
    max_count      = optional(number, 24)
    memory_percent = optional(number, 70)
    min_count      = optional(number, 9)
  })
  default  = {}
  nullable = false
}

variable "session_key_arn" {
  description = "Key of Session Manager's sessions, from bootstrap."
  type        = string
  nullable    = false
}

variable "session_log_group_arn" {
  description = "Log of Session Manager's sessions, from bootstrap."
  type        = string
  nullable    = false
}

variable "test_client_cidr_blocks" {
  description = "Who may try a release before users see it, besides the VPC."
  type        = set(string)
  default     = []
  nullable    = false
}
