variable "name" {
  description = "Name of the table."
  type        = string
}

variable "table" {
  description = "The `table` part of stack.yaml."
  type = object({
    key = object({ partition = string, sort = string })
    indexes = optional(map(object({
      key        = object({ partition = string, sort = string })
      projection = list(string)
    })), {})
    stream                 = string
    ttl                    = string
    point_in_time_recovery = bool
  })
}

variable "secondary_region" {
  description = "Region for a live copy, or null."
  type        = string
  default     = null
}

variable "deletion_protection" {
  description = "Make AWS refuse to delete the table."
  type        = bool
}

variable "region" {
  description = "Region of the table."
  type        = string
}

variable "partition" {
  description = "AWS partition of the account."
  type        = string
}

variable "key_arn" {
  description = "Key that the table is encrypted with. AWS's own without it."
  type        = string
  default     = null
}

variable "replica_key_arn" {
  description = "Key of secondary_region that the copy is encrypted with."
  type        = string
  default     = null
}

variable "backup" {
  description = "Copies that outlast the table: when, in cron's words and UTC, and how many days each is kept. Only point-in-time recovery without it."
  type = object({
    schedule  = string
    keep_days = number
  })
  default = null
}
