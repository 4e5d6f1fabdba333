variable "alarms" {
  description = "Which alarms there are. essential: the ten that say that people cannot use this. all: one for each function and queue, too, for a few dollars a month. none: for what lives a day."
  type        = string
  default     = "essential"
  nullable    = false

  validation {
    condition     = contains(["essential", "all", "none"], var.alarms)
    error_message = "alarms must be essential, all or none."
  }
}

variable "alarm_emails" {
  description = "Who is mailed when an alarm begins and ends. AWS asks each address once whether it agrees."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.alarm_emails : can(regex("^[^@[:space:]]+@[^@[:space:]]+\\.[^@[:space:].]+$", address))])
    error_message = "alarm_emails must be addresses such as ops@example.com."
  }
}

variable "alarm_thresholds" {
  description = "What an alarm begins at. Whatever is not given stays as it is."
  type = object({
    api_error_percent      = optional(number, 1)
    api_latency_ms         = optional(number, 3000)
    trigger_latency_ms     = optional(number, 2500)
    function_error_percent = optional(number, 5)
    failed_sign_in_percent = optional(number, 50)
    oldest_message_seconds = optional(number, 900)
    stream_age_seconds     = optional(number, 300)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for value in values(var.alarm_thresholds) : value > 0])
    error_message = "alarm_thresholds must be above zero."
  }

  validation {
    condition     = alltrue([for name, value in var.alarm_thresholds : value <= 100 if endswith(name, "_percent")])
    error_message = "alarm_thresholds that end in _percent cannot be above 100."
  }

  validation {
    condition     = var.alarm_thresholds.trigger_latency_ms < 5000
    error_message = "alarm_thresholds.trigger_latency_ms must be under 5000: Cognito waits no longer."
  }
}

variable "objective_percent" {
  description = "Share of requests that the API is to answer without a fault of its own, in percent."
  type        = number
  default     = 99.9
  nullable    = false

  validation {
    condition     = var.objective_percent >= 95 && var.objective_percent < 100
    error_message = "objective_percent must be at least 95 and under 100: nothing never fails."
  }
}

variable "encrypt_alarms" {
  description = "Encrypt alarms on their way with a key of their own, which costs a dollar a month. They tell of functions and queues, not of people."
  type        = bool
  default     = true
  nullable    = false
}

variable "dashboards" {
  description = "Two dashboards: the deployment, and its functions. An account has three for nothing."
  type        = bool
  default     = true
  nullable    = false
}

variable "invocation_anomalies" {
  description = "With all alarms: an alarm, too, where the API or the triggers are called far more or far less often than usual. Off where CloudWatch learns nothing."
  type        = bool
  default     = true
  nullable    = false
}

variable "saved_queries" {
  description = "Save queries for Logs Insights. Off where there is none."
  type        = bool
  default     = true
  nullable    = false
}

variable "trace_share" {
  description = "Share of the API's requests, between 0 and 1, that X-Ray traces beside the first of each second. X-Ray's own rule without it: 0.05."
  type        = number
  default     = null

  validation {
    condition     = var.trace_share == null || try(var.trace_share >= 0 && var.trace_share <= 1, false)
    error_message = "trace_share must be between 0 and 1."
  }

  validation {
    condition     = var.trace_share == null || var.tracing
    error_message = "trace_share needs tracing: without it nothing is traced."
  }
}

variable "budget" {
  description = "US dollars that the whole account may cost in a month: the topic of alarms hears of 80 % spent, and of 100 % to be expected. No budget without it."
  type        = number
  default     = null

  validation {
    condition     = var.budget == null || try(var.budget > 0, false)
    error_message = "budget must be above zero."
  }
}
