variable "container_insights" {
  description = "\"enhanced\" (per task and container), \"enabled\" or \"disabled\"; billed as custom metrics."
  type        = string
  default     = "enhanced"
  nullable    = false

  validation {
    condition     = contains(["disabled", "enabled", "enhanced"], var.container_insights)
    error_message = "container_insights (${var.container_insights}) must be \"enhanced\", \"enabled\" or \"disabled\": ECS refuses the cluster otherwise."
  }
}

variable "name" {
  description = "Name of the cluster."
  type        = string
  nullable    = false
}
