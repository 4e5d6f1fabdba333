variable "prefix" {
  description = "Begins every name, for example vestibule-prod."
  type        = string
}

variable "place" {
  description = "Where this is deployed: whose alarms may speak to the topic."
  type = object({
    partition  = string
    region     = string
    account_id = string
  })
}

variable "environment" {
  description = "The environment with its suffix: the dimension of the functions' own metrics."
  type        = string
}

variable "namespace" {
  description = "Namespace of the functions' own metrics."
  type        = string
}

variable "api" {
  description = "Name, stage and access logs of the REST API."
  type = object({
    name      = string
    stage     = string
    log_group = string
  })
}

variable "user_pool" {
  description = "The user pool, and the client that people sign in with."
  type = object({
    id        = string
    client_id = string
  })
}

variable "table" {
  description = "The table, its indexes, and the region of its copy, if there is one."
  type = object({
    name           = string
    indexes        = list(string)
    replica_region = optional(string)
  })
}

variable "functions" {
  description = "Name, log group, memory (MB) and timeout (seconds) by function key."
  type = map(object({
    name      = string
    log_group = string
    memory    = number
    timeout   = number
  }))
}

variable "roles" {
  description = "Keys of the function that answers the API, of the one that answers the user pool's triggers, of the one that reads the table's stream, and of the one that reconciles."
  type = object({
    api       = string
    triggers  = string
    relay     = string
    reconcile = string
  })

  validation {
    condition     = alltrue([for key in values(var.roles) : contains(keys(var.functions), key)])
    error_message = "roles may only name functions."
  }
}

variable "queues" {
  description = "Queue names by key; whether a queue holds dead letters, and whether people wait for what is in it."
  type = map(object({
    name         = string
    dead_letters = bool
    people_wait  = optional(bool, false)
  }))
}

variable "has_mail" {
  description = "Whether mail is sent by SES, whose reputation is then watched."
  type        = bool
}

variable "level" {
  description = "Which alarms there are: essential, all or none."
  type        = string

  validation {
    condition     = contains(["essential", "all", "none"], var.level)
    error_message = "level must be essential, all or none."
  }
}

variable "thresholds" {
  description = "What an alarm begins at."
  type = object({
    api_error_percent      = number
    api_latency_ms         = number
    trigger_latency_ms     = number
    function_error_percent = number
    failed_sign_in_percent = number
    oldest_message_seconds = number
    stream_age_seconds     = number
  })
}

variable "objective_percent" {
  description = "Share of requests that the API is to answer without a fault of its own."
  type        = number
}

variable "emails" {
  description = "Who is mailed. Each has to confirm it once, by a link in a mail."
  type        = set(string)
}

variable "encrypted" {
  description = "Encrypt what waits in the topic, with a key of its own: CloudWatch cannot use the one that SNS has."
  type        = bool
}

variable "has_dashboards" {
  description = "Whether there are dashboards."
  type        = bool
}

variable "has_anomalies" {
  description = "Whether an unusual number of invocations is an alarm, where all alarms are wanted."
  type        = bool
}

variable "has_queries" {
  description = "Whether queries are saved in Logs Insights."
  type        = bool
}

variable "trace_share" {
  description = "Share of the API's requests that are traced beside the first of each second. No rule without it."
  type        = number
  default     = null
}

variable "budget" {
  description = "US dollars a month that the account may cost. No budget without it."
  type        = number
  default     = null
}
