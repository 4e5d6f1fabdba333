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
    condition     = max(var.user_pool.token_minutes.access, var.user_pool.token_minutes.id) <= 60 && min(var.user_pool.token_minutes.access, var.user_pool.token_minutes.id) >= 5
    error_message = "token_minutes must be between 5, the least Cognito takes, and 60: a stolen token cannot be called back."
  }

  validation {
    condition     = var.user_pool.refresh_token_days >= 1 && var.user_pool.refresh_token_days <= 3650
    error_message = "refresh_token_days must be between 1 and 3650, what Cognito takes."
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
  description = "Sender's address, the ARN of the SES identity that proves it, and the configuration set to send by, if there is one. Cognito's own sender without it."
  type = object({
    from              = string
    identity_arn      = string
    configuration_set = optional(string)
  })
  default = null
}

variable "deletion_protection" {
  description = "Make AWS refuse to delete the pool."
  type        = bool
}

variable "production" {
  description = "Refuse what nobody wants where people are: Cognito's own sender of mails."
  type        = bool
}

variable "partition" {
  description = "AWS partition of the account."
  type        = string
}

variable "account_id" {
  description = "Account of the pool."
  type        = string
}

variable "mfa_methods" {
  description = "Second factors that people may choose: totp, email, sms."
  type        = set(string)
  default     = ["totp"]
  nullable    = false

  validation {
    condition     = length(var.mfa_methods) > 0 && length(setsubtract(var.mfa_methods, ["totp", "email", "sms"])) == 0
    error_message = "mfa_methods must name one or more of totp, email and sms."
  }
}

variable "passkeys" {
  description = "Sign-in by passkeys, and the name they are bound to. None without it."
  type = object({
    relying_party_id  = string
    user_verification = string
  })
  default = null
}

variable "sign_in_pages" {
  description = "Where Cognito's sign-in pages may send people back to. The web client uses no such pages without it."
  type = object({
    callback_urls = list(string)
    logout_urls   = list(string)
  })
  default = null
}

variable "refresh_token_rotation" {
  description = "Seconds that a refresh token works once more after it was used: each use gives a new one. No rotation without it."
  type        = number
  default     = null
}

variable "server_client" {
  description = "Make a client with a secret, for a program that calls the API as itself."
  type        = bool
  default     = false
  nullable    = false
}

variable "groups" {
  description = "Groups of the pool, with what each is for."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "identity_providers" {
  description = "Where else people may have an account to sign in with, by the provider's name, for example Google."
  type = map(object({
    type       = string
    details    = map(string)
    attributes = map(string)
  }))
  default  = {}
  nullable = false
}

variable "identity_provider_secrets" {
  description = "Client secrets of identity_providers, by their names."
  type        = map(string)
  default     = {}
  nullable    = false
  sensitive   = true
}

variable "role_arns" {
  description = "IAM roles that the identity pool gives instead of the usual one, by the person's role in our table."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(var.role_arns) <= 25
    error_message = "role_arns may name 25 roles: an identity pool knows no more rules."
  }
}
