variable "access_logs_bucket" {
  description = "Bucket for access logs (it must be SSE-S3); null keeps none."
  type        = string
  default     = null
}

variable "alarm" {
  description = "When an alarm stops a release: more than max, for so many minutes on end; latency_p99_s_max null is half of request_s_max."
  type = object({
    elb_5xx_max             = optional(number, 0)
    elb_5xx_minutes         = optional(number, 1)
    latency_p99_s_max       = optional(number)
    latency_minutes         = optional(number, 2)
    target_5xx_max          = optional(number, 0)
    target_5xx_minutes      = optional(number, 1)
    unhealthy_hosts_max     = optional(number, 0)
    unhealthy_hosts_minutes = optional(number, 3)
  })
  default  = {}
  nullable = false

  validation {
    condition = min(
      var.alarm.elb_5xx_minutes, var.alarm.latency_minutes, var.alarm.target_5xx_minutes, var.alarm.unhealthy_hosts_minutes,
    ) >= 1
    error_message = "alarm.elb_5xx_minutes (${var.alarm.elb_5xx_minutes}), latency_minutes (${var.alarm.latency_minutes}), target_5xx_minutes (${var.alarm.target_5xx_minutes}) and unhealthy_hosts_minutes (${var.alarm.unhealthy_hosts_minutes}) must be at least 1: an alarm over no time never fires, and nothing stops a bad release."
  }
}

variable "alarm_topic_arn" {
  description = "Topic that hears of alarms; null tells nobody."
  type        = string
  default     = null
}

variable "certificate_arn" {
  description = "Certificate for HTTPS on 443 and 8443; null serves HTTP on 80 and 8080, as the lab does."
  type        = string
  default     = null

  validation {
    condition     = var.certificate_arn == null || can(regex("^arn:[^:]+:(acm|iam):", var.certificate_arn))
    error_message = "certificate_arn (${coalesce(var.certificate_arn, "null")}) must be the ARN of an ACM or IAM certificate: no listener could be made with anything else."
  }
}

variable "client_cidr_blocks" {
  description = "Who may use the prod listener besides the VPC; 0.0.0.0/0 publishes the service."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the load balancer."
  type        = bool
  default     = true
  nullable    = false
}

variable "deregistration_delay_s" {
  description = "Seconds a task that is leaving may finish its open requests."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.deregistration_delay_s >= var.request_s_max && var.deregistration_delay_s <= 3600
    error_message = "deregistration_delay_s (${var.deregistration_delay_s}) must be request_s_max (${var.request_s_max}) to 3600: requests still open when it ends are cut off with a 5xx."
  }
}

variable "health_check" {
  description = "How targets are probed, on the port that serves traffic."
  type = object({
    healthy_threshold   = optional(number, 2)
    interval_s          = optional(number, 10)
    path                = optional(string, "/healthz")
    timeout_s           = optional(number, 5)
    unhealthy_threshold = optional(number, 2)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.health_check.interval_s >= 5 && var.health_check.interval_s <= 300
    error_message = "health_check.interval_s (${var.health_check.interval_s}) must be 5 to 300: AWS refuses anything else."
  }

  validation {
    condition     = var.health_check.timeout_s >= 2 && var.health_check.timeout_s < var.health_check.interval_s
    error_message = "health_check.timeout_s (${var.health_check.timeout_s}) must be 2 or more and less than interval_s (${var.health_check.interval_s}): AWS refuses a check that outlasts its interval."
  }

  validation {
    condition = alltrue([
      for threshold in [var.health_check.healthy_threshold, var.health_check.unhealthy_threshold] :
      threshold >= 2 && threshold <= 10
    ])
    error_message = "health_check thresholds (healthy ${var.health_check.healthy_threshold}, unhealthy ${var.health_check.unhealthy_threshold}) must be 2 to 10: one lost packet would otherwise take a target out of service."
  }

  validation {
    condition     = startswith(var.health_check.path, "/")
    error_message = "health_check.path (${var.health_check.path}) must begin with /: no target would ever become healthy."
  }
}

variable "idle_timeout_s" {
  description = "Seconds a connection may be silent; the app must keep its own connections longer."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.idle_timeout_s > var.request_s_max && var.idle_timeout_s <= 4000
    error_message = "idle_timeout_s (${var.idle_timeout_s}) must exceed request_s_max (${var.request_s_max}), up to 4000: the load balancer answers 504 to a request that is silent for longer."
  }
}

variable "internal" {
  description = "Whether only the VPC can reach the load balancer."
  type        = bool
  default     = false
  nullable    = false
}

variable "name" {
  description = "Name of the load balancer; target groups add -blue and -green."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9]([a-zA-Z0-9-]{0,24}[a-zA-Z0-9])?$", var.name)) && !startswith(var.name, "internal-")
    error_message = "name (${var.name}) must be at most 26 letters, digits and inner hyphens, not beginning with internal-: AWS refuses a target group name beyond 32."
  }
}

variable "request_s_max" {
  description = "Longest request the service may take, in seconds; every draining time is held to it."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.request_s_max > 0
    error_message = "request_s_max (${var.request_s_max}) must be more than 0: with no length given, no draining time can be called long enough."
  }
}

variable "subnet_ids" {
  description = "Subnets of the load balancer, one a zone: public ones, unless it is internal."
  type        = list(string)
  nullable    = false
}

variable "test_client_cidr_blocks" {
  description = "Who may use the test listener besides the VPC: those who judge releases before anybody sees them."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = !contains(var.test_client_cidr_blocks, "0.0.0.0/0")
    error_message = "test_client_cidr_blocks must not hold 0.0.0.0/0: strangers' errors on the test listener count in the alarms and would stop releases."
  }
}

variable "vpc" {
  description = "The VPC, and its addresses, which may use both listeners."
  type = object({
    cidr_block = string
    id         = string
  })
  nullable = false
}

variable "waf" {
  description = "Filter of requests before the load balancer, and how long its log is kept; null leaves it out."
  type = object({
    kms_key_arn        = optional(string)
    log_retention_days = optional(number, 365)
    requests_5min_max  = optional(number)
  })
  default = null

  validation {
    condition     = var.waf == null || try(coalesce(var.waf.requests_5min_max, 100) >= 100, false)
    error_message = "waf.requests_5min_max (${try(coalesce(var.waf.requests_5min_max, "null"), "null")}) must be at least 100 from one address in five minutes: a probe and a handful of users behind one proxy would be cut off."
  }
}
