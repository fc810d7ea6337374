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

variable "permissions_boundary_arn" {
  description = "Boundary of every role made here, without which the pipeline may make none; null sets none."
  type        = string
  default     = null
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

variable "scaling" {
  description = "Bounds and targets of service scaling, and hours with other bounds (cron); null keeps desired_count."
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
    condition     = var.scaling == null || try(var.scaling.min_count >= 2 && var.scaling.max_count >= var.scaling.min_count, false)
    error_message = "scaling must keep 2 <= min_count (${try(var.scaling.min_count, "null")}) <= max_count (${try(var.scaling.max_count, "null")}): a single task's host cannot go away without an outage."
  }

  validation {
    condition = var.scaling == null || try(alltrue([
      for percent in [var.scaling.cpu_percent, coalesce(var.scaling.memory_percent, 50)] : percent >= 10 && percent <= 80
    ]), false)
    error_message = "scaling.cpu_percent (${try(var.scaling.cpu_percent, "null")}) and memory_percent (${try(coalesce(var.scaling.memory_percent, "null"), "null")}) must be 10 to 80: above, tasks are overloaded before others have started."
  }

  validation {
    condition = var.scaling == null || try(alltrue([
      for hours in values(var.scaling.schedules) :
      can(regex("^(cron|at|rate)[(].+[)]$", hours.schedule)) && hours.min_count >= 0 && hours.max_count >= hours.min_count
    ]), false)
    error_message = "scaling.schedules must each be cron(…), at(…) or rate(…) with 0 <= min_count <= max_count: AWS would refuse it when everything else is made."
  }
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
