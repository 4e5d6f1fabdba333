variable "keys" {
  description = "ARNs of your own KMS keys, where AWS's do not do: for the table, its copy (a key of secondary_region) and logs. Their policies must let the services use them."
  type = object({
    table   = optional(string)
    replica = optional(string)
    logs    = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for arn in values(var.keys) : arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", arn))])
    error_message = "keys takes whole ARNs of keys, such as arn:aws:kms:us-east-1:123456789012:key/..., no aliases."
  }
}

variable "tracing" {
  description = "Let X-Ray draw who called what, from the API through the functions. Costs money for each trace."
  type        = bool
  default     = false
  nullable    = false
}

variable "publish_versions" {
  description = "Publish a version of each function at each change, behind the alias live, which everything calls. Needed to go back, and for canary. Off where code is replaced in place, as on the laptop."
  type        = bool
  default     = true
  nullable    = false
}

variable "canary" {
  description = "Lead calls to new code by and by: functions named in `stable` stay at that version (lambda_versions), and the newest gets this share of their calls, 0.01 to 0.99. All calls go to the newest without it."
  type = object({
    share  = number
    stable = map(string)
  })
  default = null

  validation {
    condition     = try(var.canary.share >= 0.01 && var.canary.share <= 0.99, true)
    error_message = "canary.share must be between 0.01 and 0.99. For all calls leave canary out; for none name only the version in stable, and share 0.01."
  }

  validation {
    condition     = alltrue([for version in values(try(var.canary.stable, {})) : can(regex("^[1-9][0-9]*$", version))])
    error_message = "canary.stable must give published versions, for example { api = \"12\" }."
  }

  validation {
    condition     = alltrue([for key in keys(try(var.canary.stable, {})) : contains(keys(yamldecode(file("${path.module}/../stack.yaml")).functions), key)])
    error_message = "canary.stable may only name functions of stack.yaml."
  }

  validation {
    condition     = var.canary == null || var.publish_versions
    error_message = "canary needs publish_versions."
  }
}

variable "backup" {
  description = "Let AWS Backup copy the table, beside point-in-time recovery, which reaches back 35 days and ends with the table: when, in the words of cron without brackets, in UTC, and how many days each copy is kept."
  type = object({
    schedule  = optional(string, "0 5 * * ? *")
    keep_days = optional(number, 90)
  })
  default = null

  validation {
    condition     = try(length(split(" ", var.backup.schedule)) == 6, true)
    error_message = "backup.schedule must have six parts, minute to year, for example `0 5 * * ? *` for every day at five."
  }

  validation {
    condition     = try(var.backup.keep_days >= 1 && floor(var.backup.keep_days) == var.backup.keep_days, true)
    error_message = "backup.keep_days must be a whole number of 1 or more."
  }
}

variable "method_throttles" {
  description = "Requests a second, and burst, of single methods, below those of the whole API, by `METHOD /path` as openapi.json has it, for example `POST /vpcs`."
  type = map(object({
    rate  = number
    burst = number
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for method in keys(var.method_throttles) : can(regex("^[A-Z]+ /", method)) && try(jsondecode(file("${path.module}/../openapi.json")).paths[split(" ", method)[1]][lower(split(" ", method)[0])]["x-amazon-apigateway-integration"].type == "aws_proxy", false)])
    error_message = "method_throttles may only name methods of openapi.json that a function answers, for example `POST /vpcs`."
  }

  validation {
    condition     = alltrue([for throttle in values(var.method_throttles) : throttle.rate > 0 && throttle.rate <= 10000 && throttle.burst >= 1 && throttle.burst <= 5000])
    error_message = "In method_throttles, rate must be above 0 and 10000 at most, burst between 1 and 5000."
  }
}

variable "usage_plan" {
  description = "Methods that want an API key beside the token, and what the callers with one key may ask of them: API Gateway counts keys nowhere else. Keys are made by hand. None without it."
  type = object({
    methods          = list(string)
    requests_per_day = number
    rate             = optional(number, 10)
    burst            = optional(number, 20)
  })
  default = null

  validation {
    condition     = try(var.usage_plan.requests_per_day >= 1 && var.usage_plan.rate > 0 && var.usage_plan.burst >= 1, true)
    error_message = "usage_plan needs requests_per_day and burst of 1 or more, and a rate above 0."
  }

  validation {
    condition     = length(try(var.usage_plan.methods, ["none"])) > 0 && alltrue([for method in try(var.usage_plan.methods, []) : can(regex("^[A-Z]+ /", method)) && try(jsondecode(file("${path.module}/../openapi.json")).paths[split(" ", method)[1]][lower(split(" ", method)[0])]["x-amazon-apigateway-integration"].type == "aws_proxy", false)])
    error_message = "usage_plan.methods must name at least one method, and only those of openapi.json that a function answers, for example `POST /vpcs`."
  }
}

variable "firewall" {
  description = "Firewalls before the API and before the user pool: requests, sign-ups (and changes of address) and password resets that one address may send in five minutes, and whether to log what is refused. Each costs about 10 $ a month; none without it."
  type = object({
    requests_per_address = optional(number, 2000)
    sign_ups_per_address = optional(number, 50)
    resets_per_address   = optional(number, 20)
    logs                 = optional(bool, true)
  })
  default = null

  validation {
    condition     = alltrue([for requests in [try(var.firewall.requests_per_address, 10), try(var.firewall.sign_ups_per_address, 10), try(var.firewall.resets_per_address, 10)] : requests >= 10 && requests <= 2000000000])
    error_message = "firewall's limits must be between 10 and 2000000000 requests in five minutes, what WAF takes."
  }

  validation {
    condition     = try(max(var.firewall.sign_ups_per_address, var.firewall.resets_per_address) < var.firewall.requests_per_address, true)
    error_message = "firewall.sign_ups_per_address and resets_per_address must be less than requests_per_address: what is tried by machines is held tighter."
  }
}
