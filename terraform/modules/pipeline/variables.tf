variable "audit_bucket_arn" {
  description = "Bucket that keeps evidence; each environment writes below its own name."
  type        = string
  nullable    = false
}

variable "github" {
  description = "The repository, by name and by the ids GitHub never gives again, its branch, and its provider in this account."
  type = object({
    branch        = optional(string, "main")
    owner         = string
    owner_id      = string
    provider_arn  = string
    repository    = string
    repository_id = string
  })
  nullable = false

  validation {
    condition     = can(regex("^[0-9]+$", var.github.owner_id)) && can(regex("^[0-9]+$", var.github.repository_id))
    error_message = "github.owner_id (${var.github.owner_id}) and repository_id (${var.github.repository_id}) must be numbers: a name can be taken over by somebody else once it is given up."
  }

  validation {
    condition = alltrue([
      for name in [var.github.owner, var.github.repository, var.github.branch] : can(regex("^[A-Za-z0-9._/-]+$", name))
    ])
    error_message = "github.owner (${var.github.owner}), repository (${var.github.repository}) and branch (${var.github.branch}) must be plain names: a * would let others in."
  }
}

variable "kms_key_arn" {
  description = "Key of the state, the evidence and the leases."
  type        = string
  nullable    = false
}

variable "lease_table_arn" {
  description = "Table of leases; each environment takes its own only."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Name of the environment; GitHub's are name-build, name-deploy, name-plan and name-apply."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name (${var.name}) must be 3 to 20 lower-case letters, digits and inner hyphens: it is the name of the environment's Terraform, too."
  }
}

variable "permissions_boundary_arn" {
  description = "Boundary of every role that the apply role makes."
  type        = string
  nullable    = false
}

variable "state_bucket_arn" {
  description = "Bucket of Terraform's states; each environment's is name/terraform.tfstate."
  type        = string
  nullable    = false
}
