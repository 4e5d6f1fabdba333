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
