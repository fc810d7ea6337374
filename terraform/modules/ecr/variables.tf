variable "force_delete" {
  description = "Whether the repository may be deleted with images in it."
  type        = bool
  default     = false
  nullable    = false
}

variable "images_kept" {
  description = "Images kept, newest first; each is a release that can be rolled back to."
  type        = number
  default     = 50
  nullable    = false

  validation {
    condition     = var.images_kept >= 10
    error_message = "images_kept (${var.images_kept}) must be at least 10: a host that starts must still find the image of the running release, and a rollback the one before."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts images; null takes the account's key of AWS's for ECR."
  type        = string
  default     = null
}

variable "name" {
  description = "Name of the repository."
  type        = string
  nullable    = false
}
