variable "alarm_arns" {
  description = "Alarms of other modules to show."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "autoscaling_group_name" {
  description = "The hosts' group."
  type        = string
  nullable    = false
}

variable "cluster_name" {
  description = "The cluster."
  type        = string
  nullable    = false
}

variable "emails" {
  description = "Who hears of alarms; AWS asks each address to confirm."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for email in var.emails : can(regex("^[^@[:space:]]+@[^@[:space:]]+$", email))])
    error_message = "emails (${join(", ", var.emails)}) must be addresses: a notice sent nowhere is a notice lost."
  }
}

variable "healthy_min" {
  description = "Healthy tasks below which somebody is called."
  type        = number
  nullable    = false

  validation {
    condition     = var.healthy_min >= 1
    error_message = "healthy_min (${var.healthy_min}) must be at least 1: an alarm that no loss can reach watches nothing."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts notices; null leaves it to a key of AWS, with which alarms cannot send any."
  type        = string
  default     = null
}

variable "load_balancer_suffix" {
  description = "The load balancer, as its metrics name it: app/name/id."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Prefix of the names made here, and the dashboard's name."
  type        = string
  nullable    = false
}

variable "sum_alarm" {
  description = "Whether healthy tasks of both colours are added up and watched; the lab has no alarms on sums."
  type        = bool
  default     = true
  nullable    = false
}

variable "target_group_suffixes" {
  description = "Target groups by colour, as their metrics name them: targetgroup/name/id."
  type = object({
    blue  = string
    green = string
  })
  nullable = false
}
