variable "prefix" {
  description = "Begins every name, for example vestibule-prod; the bus has it as its name."
  type        = string
}

variable "secret_prefix" {
  description = "Begins the names of secrets and parameters, for example vestibule/prod."
  type        = string
}

variable "rules" {
  description = "Which types of events, exact or `user.*`, go into which queue: the `bus.rules` part of stack.yaml."
  type = map(object({
    types = list(string)
    queue = string
  }))
}

variable "queue_arns" {
  description = "Queue ARNs by key."
  type        = map(string)
}

variable "dead_letters" {
  description = "The queue for what cannot be put into a queue, by that queue's key."
  type        = map(string)

  validation {
    condition     = alltrue([for rule in values(var.rules) : contains(keys(var.dead_letters), rule.queue)])
    error_message = "Each queue that a rule names needs a queue for its dead letters."
  }
}

variable "schedules" {
  description = "How often a function is called with `{\"task\": NAME}`, by function key, and the queue for what cannot be called."
  type = map(list(object({
    name         = string
    rate         = string
    dead_letters = optional(string)
  })))
}

variable "functions" {
  description = "Name, and ARN to call, of the functions, by key; the qualifier if that is an alias."
  type = map(object({
    name      = string
    arn       = string
    qualifier = optional(string)
  }))
}

variable "secrets" {
  description = "The secrets to make, by key. Each costs a little every month, so only those that are used."
  type = map(object({
    description = optional(string, "")
  }))
}

variable "parameters" {
  description = "Random values to make once, by key."
  type = map(object({
    description = optional(string, "")
  }))
}
