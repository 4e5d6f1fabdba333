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
    concurrency = optional(number)
    network = optional(object({
      subnet_ids         = list(string)
      security_group_ids = list(string)
    }))
    events = optional(list(object({
      stream          = optional(string)
      queue           = optional(string)
      schedule        = optional(string)
      concurrency     = optional(number)
      batch_size      = optional(number)
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

variable "queue_senders" {
  description = "ARNs of the bus's rules that may put events into a queue, by queue key."
  type        = map(list(string))
  default     = {}
  nullable    = false
}

variable "topic_senders" {
  description = "ARNs of the topics that may put notifications into a queue, by queue key."
  type        = map(list(string))
  default     = {}
  nullable    = false
}

variable "environment" {
  description = "What `environment` stands for in the conditions of policies."
  type        = string
}

variable "table_name" {
  description = "What `table` stands for in the conditions of policies."
  type        = string
  default     = null
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

variable "log_key_arn" {
  description = "Key that the functions' logs are encrypted with. CloudWatch's own without it."
  type        = string
  default     = null
}

variable "table_key_arn" {
  description = "Key that the table is encrypted with: who may use the table must be allowed to use it. AWS's own without it."
  type        = string
  default     = null
}

variable "tracing" {
  description = "Let X-Ray draw who called what."
  type        = bool
  default     = false
  nullable    = false
}

variable "alias" {
  description = "Publish a version at each change, behind an alias of this name, which everything calls. Without it there is one version, which a change replaces at once."
  type        = string
  default     = null
}

variable "canary" {
  description = "Keep functions, by key, at a published version, and give the newest this share of the calls. All to the newest without it."
  type = object({
    share  = number
    stable = map(string)
  })
  default = null

  validation {
    condition     = var.canary == null || var.alias != null
    error_message = "canary needs an alias."
  }
}
