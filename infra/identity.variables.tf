variable "mfa_methods" {
  description = "Second factors that people may choose: totp (an app), email (needs mail and a tier above LITE; AWS then wants another way than e-mail to recover an account), sms (costs money for each message)."
  type        = set(string)
  default     = ["totp"]
  nullable    = false

  validation {
    condition     = length(var.mfa_methods) > 0 && length(setsubtract(var.mfa_methods, ["totp", "email", "sms"])) == 0
    error_message = "mfa_methods must name one or more of totp, email and sms: a second factor is never taken away from people."
  }
}

variable "passkeys" {
  description = "Let people sign in by passkeys, which are bound for good to the name in relying_party_id: the site's domain. Cognito's own pages, which are the classic ones here, know none. Needs a tier above LITE. None without it."
  type = object({
    relying_party_id  = string
    user_verification = optional(string, "preferred")
  })
  default = null

  validation {
    condition     = var.passkeys == null || can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z][a-z0-9-]*[a-z0-9]$", var.passkeys.relying_party_id))
    error_message = "passkeys.relying_party_id must be a lower-case name such as example.com: no https://, no path."
  }

  validation {
    condition     = contains(["preferred", "required"], try(var.passkeys.user_verification, "preferred"))
    error_message = "passkeys.user_verification must be preferred or required."
  }
}

variable "sign_in_pages" {
  description = "Where Cognito's own sign-in pages, if the web client uses them, may send people back to after signing in and out. Needs sign_in_domain."
  type = object({
    callback_urls = list(string)
    logout_urls   = optional(list(string), [])
  })
  default = null

  validation {
    condition     = try(length(var.sign_in_pages.callback_urls) > 0, true)
    error_message = "sign_in_pages needs at least one of callback_urls."
  }

  validation {
    condition = alltrue([
      for url in concat(try(var.sign_in_pages.callback_urls, []), try(var.sign_in_pages.logout_urls, [])) :
      can(regex("^(https://[^/?#@*[:space:]]+|http://(127\\.0\\.0\\.1|localhost)(:[0-9]+)?)(/[^?#*[:space:]]*)?$", url))
    ])
    error_message = "sign_in_pages takes whole https addresses without query, fragment and *: whoever controls another one would be sent people's codes. Plain http is for localhost."
  }

  validation {
    condition     = var.sign_in_pages == null || !startswith(var.environment, "prod") || alltrue([for url in try(var.sign_in_pages.callback_urls, []) : startswith(url, "https://")])
    error_message = "sign_in_pages.callback_urls must be https in an environment whose name begins with prod: localhost is anybody's own machine."
  }

  validation {
    condition     = var.sign_in_pages == null || var.sign_in_domain.prefix != null || var.sign_in_domain.own
    error_message = "sign_in_pages need sign_in_domain: a prefix of Cognito's domain, or own = true."
  }
}

variable "refresh_token_rotation" {
  description = "Give a new refresh token at each use, and take the one before once more for so many seconds. The web client must then renew by GetTokensFromRefreshToken. Off without it."
  type        = number
  default     = null

  validation {
    condition     = var.refresh_token_rotation == null || try(var.refresh_token_rotation >= 0 && var.refresh_token_rotation <= 60 && floor(var.refresh_token_rotation) == var.refresh_token_rotation, false)
    error_message = "refresh_token_rotation must be a whole number of seconds between 0 and 60, what Cognito takes."
  }
}

variable "server_client" {
  description = "Make a client with a secret, for a program that calls the API as itself by the scope of stack.yaml. Needs sign_in_domain: its tokens come from there."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.server_client || var.sign_in_domain.prefix != null || var.sign_in_domain.own
    error_message = "server_client needs sign_in_domain: /oauth2/token is there."
  }
}

variable "groups" {
  description = "Groups of the user pool, with what each is for. They appear in tokens beside the role; none gives a role, which our table does."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.groups) : can(regex("^[A-Za-z0-9_.-]{1,128}$", name)) && !contains(["admin", "manager", "user", "guest"], name)])
    error_message = "groups must have names of 1 to 128 letters, digits, dots, dashes and underscores, and none of admin, manager, user and guest: roles are in our table."
  }
}

variable "identity_providers" {
  description = "Where else people may have an account to sign in with, by name: type is Google, Facebook, LoginWithAmazon, SignInWithApple, OIDC or SAML; details and attributes are what Cognito wants for it. Needs sign_in_pages."
  type = map(object({
    type       = string
    details    = map(string)
    attributes = map(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for provider in values(var.identity_providers) : contains(["Google", "Facebook", "LoginWithAmazon", "SignInWithApple", "OIDC", "SAML"], provider.type)])
    error_message = "The type of an identity provider must be Google, Facebook, LoginWithAmazon, SignInWithApple, OIDC or SAML."
  }

  validation {
    condition     = alltrue([for provider in values(var.identity_providers) : length(setsubtract(yamldecode(file("${path.module}/../stack.yaml")).user_pool.required_attributes, keys(provider.attributes))) == 0])
    error_message = "attributes of an identity provider must say where ${join(" and ", yamldecode(file("${path.module}/../stack.yaml")).user_pool.required_attributes)} come from: Cognito lets nobody in without what the pool requires."
  }

  validation {
    condition     = alltrue([for provider in values(var.identity_providers) : length(setsubtract(keys(provider.attributes), concat(yamldecode(file("${path.module}/../stack.yaml")).user_pool.client_writes, ["email_verified", "username"]))) == 0])
    error_message = "attributes of an identity provider may fill email_verified, username, and what the web client may write (client_writes in stack.yaml), nothing else: Cognito would end each sign-in with an error."
  }

  validation {
    condition     = alltrue([for provider in values(var.identity_providers) : !contains(keys(provider.details), "client_secret")])
    error_message = "A client secret belongs into identity_provider_secrets, which no plan shows."
  }

  validation {
    condition     = alltrue([for provider in values(var.identity_providers) : length([for name in keys(provider.attributes) : name if startswith(name, "custom:")]) == 0])
    error_message = "attributes of an identity provider must not fill custom attributes: they decide who somebody is here."
  }
}

variable "identity_provider_secrets" {
  description = "Client secrets of identity_providers, by their names; best by the environment, TF_VAR_identity_provider_secrets. They are in Terraform's state, whose bucket is encrypted."
  type        = map(string)
  default     = {}
  nullable    = false
  sensitive   = true
}

variable "role_arns" {
  description = "IAM roles that signed-in people take through the identity pool instead of the usual one, by their role in our table, for example admin. The usual one may call the signed routes and nothing else."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(var.role_arns) <= 25 && alltrue([for arn in values(var.role_arns) : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/", arn))])
    error_message = "role_arns must be 25 ARNs of IAM roles or fewer, what an identity pool takes."
  }
}
