variable "prefix" {
  description = "Begins every name, for example vestibule-prod."
  type        = string
}

variable "user_pool" {
  description = "The `user_pool` part of stack.yaml."
  type = object({
    sign_in                 = string
    case_sensitive          = bool
    required_attributes     = list(string)
    custom_attributes       = list(string)
    client_writes           = list(string)
    password_minimum_length = number
    mfa                     = string
    account_recovery        = string
    verify_before_update    = list(string)
    token_minutes           = object({ access = number, id = number })
    refresh_token_days      = number
    password_flow           = bool
    resource_server         = object({ identifier = string, scopes = map(string) })
    custom_auth             = bool
    auth_session_minutes    = number
  })

  validation {
    condition     = var.user_pool.sign_in == "email" && !var.user_pool.case_sensitive
    error_message = "People sign in by e-mail, whatever its case. This cannot change once a pool exists."
  }

  validation {
    condition     = var.user_pool.password_minimum_length >= 12
    error_message = "password_minimum_length must be 12 or more: length is what makes a password strong."
  }

  validation {
    condition     = max(var.user_pool.token_minutes.access, var.user_pool.token_minutes.id) <= 60
    error_message = "token_minutes must be 60 or less: a stolen token cannot be called back."
  }

  validation {
    condition     = contains(["OPTIONAL", "ON"], var.user_pool.mfa)
    error_message = "mfa must be OPTIONAL or ON: a second factor is never taken away from people."
  }
}

variable "tier" {
  description = "Cognito plan: LITE, ESSENTIALS or PLUS."
  type        = string
}

variable "threat_protection" {
  description = "OFF, AUDIT or ENFORCED. Needs the PLUS tier."
  type        = string
}

variable "triggers" {
  description = "Function that all triggers call, its timeout in seconds, and the version of its token events. By its ARN's name alone, so that it may know the pool."
  type = object({
    function_arn = string
    timeout      = number
    token_event  = string
  })
}

variable "mail" {
  description = "Sender's address, and the ARN of the SES identity that proves it. Cognito's own sender without it."
  type = object({
    from         = string
    identity_arn = string
  })
  default = null
}

variable "deletion_protection" {
  description = "Make AWS refuse to delete the pool."
  type        = bool
}
