variable "names" {
  description = "The names that need a certificate, by any key."
  type        = map(string)
}

variable "zone_id" {
  description = "Zone that holds the names."
  type        = string
  default     = null
}
