variable "prefix" {
  description = "Begins every name, for example vestibule-prod; the configuration set has it as its name."
  type        = string
}

variable "partition" {
  description = "AWS partition of the account."
  type        = string
}

variable "region" {
  description = "Region that mails are sent from."
  type        = string
}

variable "account_id" {
  description = "Account that mails are sent by."
  type        = string
}

variable "domain" {
  description = "Domain to prove to SES. None without it: whoever sends has been proven before."
  type        = string
  default     = null
}

variable "zone_id" {
  description = "Zone that holds the domain."
  type        = string
  default     = null
}

variable "return_path" {
  description = "What stands before the domain in the address that bounces come back to. SES's own address without it."
  type        = string
  default     = null
}

variable "dmarc" {
  description = "What others are to do with mails that are not ours, none, quarantine or reject, and who is told of them. No record without it."
  type = object({
    policy  = string
    reports = optional(string)
  })
  default = null
}

variable "wait" {
  description = "Wait until SES has found the domain's records."
  type        = bool
}

variable "feedback" {
  description = "Have a configuration set, and take what SES tells of bounces and complaints into a queue."
  type        = bool
}

variable "queue_arn" {
  description = "Queue for what SES tells."
  type        = string
}

variable "dead_letters_arn" {
  description = "Queue for what could not be put there."
  type        = string
}
