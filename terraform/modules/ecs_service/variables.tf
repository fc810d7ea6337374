variable "capacity_provider_name" {
  description = "Capacity provider that hosts the tasks; with it, tasks that find no room add hosts."
  type        = string
  nullable    = false
}

variable "cluster_arn" {
  description = "The cluster."
  type        = string
  nullable    = false
}

variable "container" {
  description = "The application's container: size, port and user."
  type = object({
    cpu        = optional(number, 256)
    memory_mib = optional(number, 256)
    name       = optional(string, "app")
    port       = optional(number, 8080)
    user       = optional(string, "10001:10001")
  })
  default  = {}
  nullable = false

  validation {
    condition     = !contains(["0", "root"], split(":", var.container.user)[0])
    error_message = "container.user (${var.container.user}) must not be root: whoever takes over the application would hold the host's kernel as root."
  }

  validation {
    condition     = var.container.port > 1024 && var.container.port < 65536
    error_message = "container.port (${var.container.port}) must be 1025 to 65535: a user that is not root, without capabilities, cannot listen below, and no task would become healthy."
  }
}

variable "desired_count" {
  description = "Tasks at first; later counts are scaling's."
  type        = number
  default     = 6
  nullable    = false

  validation {
    condition     = var.desired_count >= 2
    error_message = "desired_count (${var.desired_count}) must be at least 2: a single task's host cannot go away without an outage."
  }
}

variable "environment" {
  description = "Environment of the container. Not for secrets: anybody who may describe tasks reads it."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "force_delete" {
  description = "Whether the service may be deleted with tasks running."
  type        = bool
  default     = false
  nullable    = false
}

variable "health_check_grace_s" {
  description = "Seconds after its start in which a task is not stopped for failing health checks."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.health_check_grace_s >= var.unhealthy_after_s
    error_message = "health_check_grace_s (${var.health_check_grace_s}) must be at least unhealthy_after_s (${var.unhealthy_after_s}): a task that is still starting would be stopped, and the next one, and the next."
  }
}

variable "image" {
  description = "Image of the first revision, by digest: repository@sha256:…"
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[^@[:space:]]+@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image (${var.image}) must be repository@sha256:<64 hex digits>: a tag can be moved, so two tasks of one revision, or a rollback, could run different code."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts logs; null leaves it to CloudWatch."
  type        = string
  default     = null
}

variable "log_retention_days" {
  description = "Days to keep the application's log."
  type        = number
  default     = 365
  nullable    = false
}

variable "name" {
  description = "Name of the service, its task family, roles and log group."
  type        = string
  nullable    = false
}

variable "repository_arn" {
  description = "The ECR repository the image is pulled from."
  type        = string
  nullable    = false
}

variable "request_s_max" {
  description = "Longest request the service may take, in seconds."
  type        = number
  default     = 5
  nullable    = false
}

variable "stop_timeout_s" {
  description = "Seconds from SIGTERM to SIGKILL. It starts when the deregistration delay is over."
  type        = number
  default     = 60
  nullable    = false

  # Not "more than the deregistration delay": ECS waits for that first. But a task that is stopped
  # otherwise (StopTask, a dying host) gets the signal with requests open.
  validation {
    condition     = var.stop_timeout_s > var.request_s_max && var.stop_timeout_s <= 3600
    error_message = "stop_timeout_s (${var.stop_timeout_s}) must exceed request_s_max (${var.request_s_max}), up to 3600: a task that is stopped without draining would be killed with requests open."
  }
}

variable "target_group_arn" {
  description = "Target group of the first task set."
  type        = string
  nullable    = false
}

variable "unhealthy_after_s" {
  description = "Seconds of failed checks after which the load balancer calls a target unhealthy."
  type        = number
  nullable    = false
}
