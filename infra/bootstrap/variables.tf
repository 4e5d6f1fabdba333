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

variable "deployer" {
  description = "Let a CI service deploy without a key: it proves who it is by a token (OpenID Connect). subjects says which of its jobs may, for example repo:OWNER/REPOSITORY:environment:prod at GitHub; * stands for any text. No such role without it."
  type = object({
    subjects = list(string)
    issuer   = optional(string, "https://token.actions.githubusercontent.com")
    audience = optional(string, "sts.amazonaws.com")
    # Where the account knows the issuer already.
    provider_arn = optional(string)
  })
  default = null

  validation {
    condition     = try(can(regex("^https://[a-z0-9.-]+(/[^?#[:space:]]*)?$", var.deployer.issuer)) && !endswith(var.deployer.issuer, "/"), true)
    error_message = "deployer.issuer must be an https address without query and without a slash at its end, as the service publishes it."
  }

  validation {
    condition     = try(length(var.deployer.subjects) > 0 && length(var.deployer.audience) > 0, true)
    error_message = "deployer needs an audience and at least one subject: who else may take the role?"
  }

  validation {
    condition     = alltrue([for subject in try(var.deployer.subjects, []) : can(regex("^[a-z_]+:[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9][A-Za-z0-9_.-]*:.*[^*].*$", subject)) || !startswith(try(var.deployer.issuer, ""), "https://token.actions.githubusercontent.com")])
    error_message = "At GitHub a subject must name one repository and what of it, for example repo:OWNER/REPOSITORY:ref:refs/heads/main or repo:OWNER/REPOSITORY:environment:prod: with * there, anybody's job, or any branch and fork, could deploy."
  }

  validation {
    condition     = alltrue([for subject in try(var.deployer.subjects, []) : trim(subject, "*:/") != ""])
    error_message = "A subject of nothing but * would let anybody deploy."
  }
}
