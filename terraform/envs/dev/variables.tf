variable "account_id" {
  description = "The one AWS account this may change; the lab is 123456789012."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id (${var.account_id}) must be 12 digits, quoted: a number loses its leading zeros and would name another account."
  }
}

variable "alarm_emails" {
  description = "Who hears of alarms."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "ami_id" {
  description = "Image of the hosts; null follows what AWS recommends, so any apply may bring a new one."
  type        = string
  default     = null
}

variable "availability_zones" {
  description = "Zones to spread over, at least two of the region."
  type        = list(string)
  default     = ["us-east-1a", "us-east-1b"]
  nullable    = false

  validation {
    condition     = alltrue([for zone in var.availability_zones : startswith(zone, var.region)])
    error_message = "availability_zones (${join(", ", var.availability_zones)}) must lie in region ${var.region}: no subnet can be made elsewhere."
  }
}

variable "certificate_arn" {
  description = "Certificate for HTTPS on 443 and 8443; null serves HTTP on 80 and 8080."
  type        = string
  default     = null
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

variable "deletable" {
  description = "Whether destroy may take running hosts, tasks and stored images with it."
  type        = bool
  default     = true
  nullable    = false
}

variable "deployment" {
  description = "How a release reaches users: shift (own) or config_name (AWS's), and the waits."
  type = object({
    approval_wait_minutes = optional(number, 0)
    config_name           = optional(string, "CodeDeployDefault.ECSCanary10Percent5Minutes")
    shift = optional(object({
      interval_minutes = number
      kind             = string
      percent          = number
    }))
    termination_wait_minutes = optional(number, 15)
  })
  default  = {}
  nullable = false
}

variable "desired_count" {
  description = "Tasks at first. Hosts must hold twice as many, with one host drained."
  type        = number
  default     = 6
  nullable    = false
}

variable "drain" {
  description = "How long leaving tasks may finish requests, and how long a request may take (seconds)."
  type = object({
    deregistration_delay_s = optional(number, 30)
    request_s_max          = optional(number, 5)
    stop_timeout_s         = optional(number, 60)
  })
  default  = {}
  nullable = false
}

variable "egress" {
  description = "How hosts reach AWS: \"endpoints\" or \"nat\"."
  type        = string
  default     = "endpoints"
  nullable    = false
}

variable "environment" {
  description = "Environment of the container."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "health_check" {
  description = "How the load balancer probes tasks."
  type = object({
    healthy_threshold   = optional(number, 2)
    interval_s          = optional(number, 10)
    path                = optional(string, "/healthz")
    timeout_s           = optional(number, 5)
    unhealthy_threshold = optional(number, 2)
  })
  default  = {}
  nullable = false
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

  # An internet-facing load balancer has no private name, so a function inside the VPC would come from outside.
  validation {
    condition     = var.hook == null || var.lab || var.internal || contains(var.test_client_cidr_blocks, "0.0.0.0/0")
    error_message = "hook could not reach the test listener: with internal = false only test_client_cidr_blocks are let in, and Lambda's addresses are not known. Set internal = true, or leave hook null."
  }
}

variable "hosts" {
  description = "How many hosts: at least, at first, at most."
  type = object({
    desired_capacity = optional(number, 4)
    max_size         = optional(number, 6)
    min_size         = optional(number, 4)
  })
  default  = {}
  nullable = false
}

variable "image" {
  description = "Image of the first revision, by digest: repository@sha256:…"
  type        = string
  nullable    = false
}

# 2,048 CPU units: 8 tasks of 256. Four hosts hold 32, three of them 24: two sets of 6 fit with a
# host drained and room to spare, and a release during a host's loss still finds its place.
variable "instance_type" {
  description = "Type of the hosts."
  type        = string
  default     = "t3.medium"
  nullable    = false
}

variable "internal" {
  description = "Whether only the VPC can reach the load balancer."
  type        = bool
  default     = false
  nullable    = false
}

variable "lab" {
  description = "Whether AWS is the lab; the only variable that knows."
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
  default     = "hitless-dev"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name (${var.name}) must be 3 to 20 lower-case letters, digits and inner hyphens: target groups, roles and the repository add to it."
  }
}

variable "permissions_boundary_arn" {
  description = "Boundary of every role made here, from bootstrap; null sets none."
  type        = string
  default     = null
}

variable "refresh" {
  description = "Share of the hosts that an instance refresh keeps in service, in percent."
  type = object({
    max_healthy_percent = optional(number, 110)
    min_healthy_percent = optional(number, 90)
  })
  default  = {}
  nullable = false
}

variable "region" {
  description = "AWS region."
  type        = string
  default     = "us-east-1"
  nullable    = false
}

variable "scaling" {
  description = "Service scaling with its hours, e.g. fewer tasks at night; null keeps desired_count."
  type = object({
    cpu_percent    = optional(number, 50)
    max_count      = number
    memory_percent = optional(number)
    min_count      = number
    schedules = optional(map(object({
      max_count = number
      min_count = number
      schedule  = string
      timezone  = optional(string, "UTC")
    })), {})
  })
  default = null

  validation {
    condition     = !(var.lab && try(var.scaling.memory_percent != null, false))
    error_message = "scaling.memory_percent must be null in the lab: it measures no memory, so nothing there would carry the policy out."
  }
}

variable "session_key_arn" {
  description = "Key of Session Manager's sessions, from bootstrap, for which hosts reach KMS inside the VPC; null lets them decrypt none, and then sessions that must be encrypted do not start."
  type        = string
  default     = null
}

variable "session_log_group_arn" {
  description = "Log of Session Manager's sessions, from bootstrap; null lets hosts write none, and then sessions that must be logged do not start."
  type        = string
  default     = null
}

variable "spot" {
  description = "Spot hosts beside on-demand ones; null takes on-demand ones only."
  type = object({
    instance_types    = list(string)
    on_demand_base    = optional(number, 2)
    on_demand_percent = optional(number, 50)
  })
  default = null
}

variable "test_client_cidr_blocks" {
  description = "Who may try a release before users see it, besides the VPC."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "waf" {
  description = "Whether requests pass a firewall of AWS's managed rules; null is yes, but in the lab, whose load balancer would filter nothing."
  type        = bool
  default     = null
}
