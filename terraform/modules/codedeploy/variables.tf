variable "alarm_after_s" {
  description = "Seconds of bad answers after which the alarms fire."
  type        = number
  nullable    = false
}

variable "alarm_names" {
  description = "Alarms that stop a deployment and send traffic back."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.alarm_names) >= 1 && length(var.alarm_names) <= 10
    error_message = "alarm_names holds ${length(var.alarm_names)}, and must hold 1 to 10: with none, a bad release goes to everybody; more, AWS refuses."
  }
}

variable "approval_wait_minutes" {
  description = "Minutes a deployment waits, on the test listener, for somebody to continue it; 0 goes on by itself."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.approval_wait_minutes >= 0 && var.approval_wait_minutes <= 2880
    error_message = "approval_wait_minutes (${var.approval_wait_minutes}) must be 0 to 2880: AWS waits two days at most."
  }
}

variable "cluster_name" {
  description = "The service's cluster."
  type        = string
  nullable    = false
}

variable "deployment_config_name" {
  description = "A configuration of AWS's own, used when shift is null."
  type        = string
  default     = "CodeDeployDefault.ECSCanary10Percent5Minutes"
  nullable    = false

  validation {
    condition     = can(regex("^CodeDeployDefault\\.ECS(Canary|Linear)", var.deployment_config_name))
    error_message = "deployment_config_name (${var.deployment_config_name}) must be one of CodeDeployDefault.ECSCanary… or ECSLinear…: all at once, an unproven release would get every request before an alarm can see it."
  }
}

variable "hook" {
  description = "Function that tries a release through the test listener; null leaves it out. In a VPC it reaches an internal load balancer; with signed_by, versions of AWS Signer profiles, nothing else runs."
  type = object({
    concurrency    = optional(number, -1)
    filename       = string
    latency_ms_max = optional(number, 500)
    requests       = optional(number, 20)
    signed_by      = optional(set(string), [])
    test_url       = string
    timeout_s      = optional(number, 300)
    vpc = optional(object({
      cidr_block        = string
      https_cidr_blocks = list(string)
      id                = string
      subnet_ids        = list(string)
    }))
  })
  default = null

  validation {
    condition     = var.hook == null || try(var.hook.timeout_s >= 30 && var.hook.timeout_s <= 900, false)
    error_message = "hook.timeout_s (${try(var.hook.timeout_s, "null")}) must be 30 to 900: a function that is ended before it could say anything leaves the deployment waiting for an hour."
  }

  validation {
    condition     = var.hook == null || can(regex("^https?://[^/]+/", var.hook.test_url))
    error_message = "hook.test_url (${try(var.hook.test_url, "null")}) must be an address with a path, http://name:8080/version: the hook asks exactly it."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts the hook's log and settings; null leaves them to AWS."
  type        = string
  default     = null
}

variable "listener_arns" {
  description = "Listeners of one load balancer, by purpose."
  type = object({
    prod = string
    test = string
  })
  nullable = false
}

variable "name" {
  description = "Name of the application and its deployment group."
  type        = string
  nullable    = false
}

variable "notices_topic_arn" {
  description = "Topic that hears of a hook that died; null tells nobody."
  type        = string
  default     = null
}

variable "passed_role_arns" {
  description = "Roles that tasks of the service run with."
  type        = list(string)
  nullable    = false
}

variable "permissions_boundary_arn" {
  description = "Boundary of every role made here, without which the pipeline may make none; null sets none."
  type        = string
  default     = null
}

variable "service_name" {
  description = "The service."
  type        = string
  nullable    = false
}

variable "shift" {
  description = "Own way of shifting traffic; null uses deployment_config_name."
  type = object({
    interval_minutes = number
    kind             = string
    percent          = number
  })
  default = null

  validation {
    condition     = var.shift == null || try(contains(["canary", "linear"], var.shift.kind), false)
    error_message = "shift.kind (${try(var.shift.kind, "null")}) must be \"canary\" or \"linear\": all at once, an unproven release would get every request before an alarm can see it."
  }

  validation {
    condition     = var.shift == null || try(var.shift.percent >= 1 && var.shift.percent <= 50, false)
    error_message = "shift.percent (${try(var.shift.percent, "null")}) must be 1 to 50: the first step is the share of requests that a bad release may hurt."
  }

  validation {
    condition     = var.shift == null || try(var.shift.interval_minutes * 60 >= var.alarm_after_s, false)
    error_message = "shift.interval_minutes (${try(var.shift.interval_minutes, "null")}) is shorter than alarm_after_s (${var.alarm_after_s}): traffic would move on before an alarm can stop it."
  }
}

variable "target_group_names" {
  description = "The two target groups that take turns."
  type = object({
    blue  = string
    green = string
  })
  nullable = false
}

variable "termination_wait_minutes" {
  description = "Minutes the old tasks stay after the last shift: as long, going back is a matter of seconds."
  type        = number
  default     = 15
  nullable    = false

  validation {
    condition     = var.termination_wait_minutes * 60 >= var.alarm_after_s && var.termination_wait_minutes <= 2880
    error_message = "termination_wait_minutes (${var.termination_wait_minutes}) must outlast alarm_after_s (${var.alarm_after_s}), up to 2880: the old tasks would be gone before an alarm can send traffic back to them."
  }
}
