variable "region" {
  description = "Region of the state bucket, and of the deployments whose API logs."
  type        = string
  default     = "us-east-1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must look like us-east-1 or eu-central-1."
  }
}

variable "name" {
  description = "Begins the bucket's name."
  type        = string
  default     = "vestibule"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,19}$", var.name))
    error_message = "name must be 1 to 20 lower-case letters, digits and dashes, a letter first."
  }
}

variable "api_logs_role" {
  description = "Let API Gateway write logs, for the whole account in this region. Turn it off where somebody else has set this."
  type        = bool
  default     = true
  nullable    = false
}
