variable "prefix" {
  description = "Begins every name, for example vestibule-prod."
  type        = string

  validation {
    condition     = length(var.prefix) <= 30
    error_message = "The stack's name, environment and suffix must be 30 characters or less together: bucket names end at 63."
  }
}

variable "partition" {
  description = "AWS partition of the account."
  type        = string
}

variable "region" {
  description = "Region of the functions."
  type        = string
}

variable "account_id" {
  description = "Account of the functions."
  type        = string
}

variable "functions" {
  description = "The `functions` part of stack.yaml, with the environment's values filled in and the policy file's text."
  type = map(object({
    description = optional(string, "")
    handler     = string
    memory      = number
    timeout     = number
    policy      = string
    environment = optional(map(string), {})
    events = optional(list(object({
      stream          = optional(string)
      queue           = optional(string)
      batch_size      = number
      filter          = optional(string)
      maximum_age     = optional(number)
      maximum_retries = optional(number)
      on_failure      = optional(string)
    })), [])
  }))
}

variable "queues" {
  description = "The `queues` part of stack.yaml."
  type = map(object({
    visibility   = optional(number, 30)
    retention    = optional(number, 345600)
    max_receives = optional(number)
    dead_letters = optional(string)
  }))
}

variable "arns" {
  description = "ARNs by the symbol that policies use for them. Queues and the functions' own logs are added here."
  type        = map(list(string))
}

variable "mail_from" {
  description = "The one sender, `address` or `Name <address>`, that functions with `ses:SendEmail` may mail as."
  type        = string
  default     = null
}

variable "table_stream_arn" {
  description = "Stream that `stream: table` events read."
  type        = string
}

variable "trigger_pools" {
  description = "ARN of the user pool that may call a function by its triggers, by function key."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "package_path" {
  description = "The zip that holds all functions."
  type        = string
}

variable "runtime" {
  description = "Lambda runtime, for example python3.13."
  type        = string
}

variable "architecture" {
  description = "Processor, arm64 or x86_64."
  type        = string
}

variable "log_retention_days" {
  description = "Days that the functions' logs are kept."
  type        = number
}
