variable "account_id" {
  description = "The one AWS account this may change."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id (${var.account_id}) must be 12 digits, quoted: a number loses its leading zeros and would name another account."
  }
}

variable "audit_days" {
  description = "Days for which evidence cannot be deleted by anybody; a longer time can be set later, a shorter one never for what is there."
  type        = number
  default     = 365
  nullable    = false
}

variable "audit_replica" {
  description = "Bucket of another region, versioned and locked, that gets a copy of the evidence, and its key there; null keeps it in one region."
  type = object({
    bucket_arn  = string
    kms_key_arn = string
  })
  default = null
}

variable "environments" {
  description = "Environments that GitHub may build, deploy, plan and apply."
  type        = set(string)
  default     = ["hitless-dev", "hitless-prod"]
  nullable    = false

  validation {
    condition     = length(var.environments) > 0
    error_message = "environments must name at least one: nobody could deploy otherwise."
  }

  validation {
    condition = alltrue(flatten([
      for one in var.environments : [for other in var.environments : !startswith(other, "${one}-")]
    ]))
    error_message = "environments (${join(", ", var.environments)}): no name may be another's beginning before a hyphen, or the one's pipeline could change the other's roles."
  }
}

variable "github" {
  description = "The repository, by name and by id; `gh api repos/OWNER/NAME --jq '.id, .owner.id'` tells the ids."
  type = object({
    branch        = optional(string, "main")
    owner         = string
    owner_id      = string
    repository    = string
    repository_id = string
  })
  nullable = false
}

variable "lab" {
  description = "Apply to the lab instead of AWS."
  type        = bool
  default     = false
  nullable    = false
}

variable "prefix" {
  description = "Beginning of bucket names, and name of the boundary and the key."
  type        = string
  default     = "hitless"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.prefix))
    error_message = "prefix (${var.prefix}) must be 3 to 20 lower-case letters, digits and inner hyphens: buckets add to it."
  }
}

variable "region" {
  description = "AWS region."
  type        = string
  default     = "us-east-1"
  nullable    = false
}

variable "service_linked_roles" {
  description = "Service-linked roles to make, in an account that has not got them: autoscaling.amazonaws.com, ecs.amazonaws.com."
  type        = set(string)
  default     = []
  nullable    = false
}
