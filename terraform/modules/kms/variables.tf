variable "log_group_names" {
  description = "Log groups that may be encrypted with the key; no other's data can be read with it."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.log_group_names) > 0 && !anytrue([for name in var.log_group_names : strcontains(name, "*")])
    error_message = "log_group_names (${join(", ", var.log_group_names)}) must name at least one group and use no *: CloudWatch Logs could otherwise be made to decrypt other groups' data."
  }
}

variable "name" {
  description = "Name of the environment; the key's alias is alias/name."
  type        = string
  nullable    = false
}
