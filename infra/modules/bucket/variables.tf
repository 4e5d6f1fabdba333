variable "name" {
  description = "The bucket's name, the same nowhere else in the world."
  type        = string
}

variable "versioned" {
  description = "Keep what an object held before. Off for what is written once."
  type        = bool
  default     = true
  nullable    = false
}

variable "access_control_lists" {
  description = "Let a service write by an access control list, as CloudFront does its logs."
  type        = bool
  default     = false
  nullable    = false
}

variable "reader" {
  description = "A service that may read every object on behalf of one resource. Nobody may without it but by rights of their own."
  type = object({
    sid        = string
    service    = string
    source_arn = string
  })
  default = null
}

variable "expiry" {
  description = "The name of the rule that deletes, and after how many days: objects, and old versions but for the newest so many of them."
  type = object({
    rule              = string
    days              = optional(number)
    old_version_days  = optional(number)
    old_versions_kept = optional(number)
  })
  nullable = false

  validation {
    condition     = var.expiry.old_version_days == null || var.versioned
    error_message = "expiry.old_version_days needs versioned: there are no old versions otherwise."
  }

  validation {
    condition     = var.expiry.old_versions_kept == null || var.expiry.old_version_days != null
    error_message = "expiry.old_versions_kept needs old_version_days: no old version is deleted otherwise."
  }
}
