variable "expire_days" {
  description = "Days after which objects go; null keeps them."
  type        = number
  default     = null
}

variable "kms_key_arn" {
  description = "Key that encrypts objects; null takes S3's own, the only one load balancers can log with."
  type        = string
  default     = null
}

variable "log_bucket" {
  description = "Bucket that takes the access log; null is this bucket itself."
  type        = string
  default     = null
}

variable "log_writers" {
  description = "AWS services that write logs here, each under a prefix and, unless null, for one account."
  type = list(object({
    account_id = optional(string)
    prefix     = string
    service    = string
  }))
  default  = []
  nullable = false
}

variable "name" {
  description = "Name of the bucket, unique in the world."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name))
    error_message = "name (${var.name}) must be 3 to 63 lower-case letters, digits and inner hyphens: a dot would break the certificate of the bucket's address."
  }
}

variable "object_lock_days" {
  description = "Days for which nobody can delete or overwrite an object; null locks nothing."
  type        = number
  default     = null

  validation {
    condition     = var.object_lock_days == null || try(var.object_lock_days >= 1 && floor(var.object_lock_days) == var.object_lock_days, false)
    error_message = "object_lock_days (${coalesce(var.object_lock_days, 0)}) must be a whole number from 1: evidence that can be deleted the same day proves nothing."
  }
}

variable "replica" {
  description = "Versioned bucket in another region that gets a copy of everything, and its key; null keeps one region."
  type = object({
    bucket_arn  = string
    kms_key_arn = string
  })
  default = null
}
