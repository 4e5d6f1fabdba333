variable "prefix" {
  description = "Begins every name, for example vestibule-prod."
  type        = string
}

variable "domain" {
  description = "The site's own name. The API is at `api.`, the sign-in pages at `auth.` of it. Nothing is made without it but a prefix domain."
  type        = string
  default     = null
}

variable "zone" {
  description = "The zone of the domain: one to create, or the id of one there is."
  type = object({
    create = bool
    id     = optional(string)
  })
  default = null
}

variable "delegated" {
  description = "Whether the world asks this zone about the domain. Until then only the zone is made."
  type        = bool
}

variable "certificate_arns" {
  description = "Certificates of the names, by the keys that the output `names` has; api's in the region, the others in us-east-1."
  type        = map(string)
}

variable "site" {
  description = "What the site's name points to."
  type = object({
    name    = string
    zone_id = string
  })
}

variable "api" {
  description = "Id and stage of the REST API."
  type = object({
    id    = string
    stage = string
  })
}

variable "user_pool_id" {
  description = "The pool that has sign-in pages."
  type        = string
}

variable "sign_in" {
  description = "Names of the pool's sign-in pages: a prefix of Cognito's own domain, `auth.` of the domain, both, or none."
  type = object({
    prefix = optional(string)
    own    = optional(bool, false)
  })
  default  = {}
  nullable = false
}

variable "records" {
  description = "More records of the zone, by any key. A name is what stands before the domain; empty for the domain itself."
  type = map(object({
    name   = optional(string, "")
    type   = string
    ttl    = optional(number, 300)
    values = list(string)
  }))
  default  = {}
  nullable = false
}

variable "health_check" {
  description = "Let Route 53 ask the API's health from around the world."
  type        = bool
}
