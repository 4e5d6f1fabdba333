variable "domain_name" {
  description = "The site's own name, for example example.com or app.example.com; the API is then at api. and the sign-in pages may be at auth. of it. Without one, people use CloudFront's name, and there is neither zone nor certificate."
  type        = string
  default     = null

  validation {
    condition     = var.domain_name == null || can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$", var.domain_name))
    error_message = "domain_name must be a lower-case name such as example.com: no https://, no path, no dot at its end; other letters in their xn-- form."
  }

  validation {
    condition     = length(coalesce(var.domain_name, "none")) <= 58
    error_message = "domain_name must be 58 characters or less: Cognito takes names of 63, and auth. stands before it."
  }
}

variable "zone" {
  description = "The Route 53 zone that holds domain_name: `{ create = true }`, or `{ id = \"Z...\" }` of one there is. A created zone is empty until `delegated = true` says that the registrar, or the parent zone, names its servers (route53_name_servers)."
  type = object({
    create    = optional(bool, false)
    id        = optional(string)
    delegated = optional(bool)
  })
  default = null

  validation {
    condition     = var.zone == null || try(var.zone.create != (var.zone.id != null), false)
    error_message = "zone must be either { create = true } or { id = \"Z...\" }."
  }

  validation {
    condition     = try(var.zone.id, null) == null || can(regex("^Z[A-Z0-9]{1,31}$", var.zone.id))
    error_message = "zone.id must be the id of a hosted zone, such as Z0123456789ABCDEFGHIJ: a Z, capitals and digits, no /hostedzone/."
  }

  validation {
    condition     = (var.domain_name == null) == (var.zone == null)
    error_message = "domain_name and zone belong together: say which zone holds the domain, zone = { create = true } or { id = \"Z...\" }, and no zone without a domain."
  }
}

variable "dns_records" {
  description = "More records of the zone, by any key, for example the MX of the domain itself. name is what stands before domain_name; empty for the domain itself."
  type = map(object({
    name   = optional(string, "")
    type   = string
    ttl    = optional(number, 300)
    values = list(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(var.dns_records) == 0 || var.domain_name != null
    error_message = "dns_records need domain_name, which they stand below."
  }

  validation {
    condition     = alltrue([for record in values(var.dns_records) : contains(["A", "AAAA", "CAA", "CNAME", "MX", "NS", "SRV", "TXT"], record.type)])
    error_message = "The type of a record in dns_records must be A, AAAA, CAA, CNAME, MX, NS, SRV or TXT."
  }

  validation {
    condition     = alltrue([for record in values(var.dns_records) : can(regex("^([a-z0-9_*-]+(\\.[a-z0-9_-]+)*)?$", record.name)) && length(record.values) > 0 && record.ttl >= 0])
    error_message = "A record in dns_records needs a name such as www, without the domain and without a dot at its end, at least one value, and a ttl of 0 or more."
  }

  validation {
    condition     = alltrue([for record in values(var.dns_records) : !(contains(["", "api", "auth"], record.name) && contains(["A", "AAAA", "CNAME"], record.type))])
    error_message = "dns_records must not hold an address or a CNAME for the domain itself, api or auth: those lead to this stack."
  }
}

variable "health_check" {
  description = "Let Route 53 ask the API's health from around the world, for a little money every month. Needs domain_name."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.health_check || var.domain_name != null
    error_message = "health_check needs domain_name: it asks https://api.DOMAIN/health."
  }
}

variable "sign_in_domain" {
  description = "Names of the pool's sign-in pages: a prefix of Cognito's own domain, `own` for auth. of domain_name, both, or none. They cannot be taken away again in passing: passkeys are bound to them."
  type = object({
    prefix = optional(string)
    own    = optional(bool, false)
  })
  default  = {}
  nullable = false

  validation {
    condition     = try(var.sign_in_domain.prefix, null) == null || can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.sign_in_domain.prefix)) && !can(regex("aws|amazon|cognito", var.sign_in_domain.prefix))
    error_message = "sign_in_domain.prefix must be 1 to 63 lower-case letters, digits and dashes, no dash first or last, without aws, amazon or cognito, which Cognito refuses."
  }

  validation {
    condition     = !var.sign_in_domain.own || var.domain_name != null
    error_message = "sign_in_domain.own needs domain_name: the pages are at auth. of it."
  }
}

variable "price_class" {
  description = "Which of CloudFront's places serve: PriceClass_100 (North America, Europe, Israel), PriceClass_200 or PriceClass_All. Fewer cost less."
  type        = string
  default     = "PriceClass_100"
  nullable    = false

  validation {
    condition     = contains(["PriceClass_100", "PriceClass_200", "PriceClass_All"], var.price_class)
    error_message = "price_class must be PriceClass_100, PriceClass_200 or PriceClass_All."
  }
}

variable "hsts_subdomains" {
  description = "Make browsers use TLS for everything below the site's name, for a year. Only where all that stands there, ours or not, has TLS."
  type        = bool
  default     = false
  nullable    = false
}

variable "wait_for_deployment" {
  description = "Wait until all of CloudFront's places have a change, some minutes. Off where there are none."
  type        = bool
  default     = true
  nullable    = false
}

variable "site_logs" {
  description = "Keep CloudFront's logs of who asked for which page, by address, for log_retention_days."
  type        = bool
  default     = true
  nullable    = false
}

variable "site_firewall" {
  description = "A firewall before the site and the API: requests that one address may send in five minutes, and whether to log what is refused. Costs money every month and for every request; none without it."
  type = object({
    requests_per_address = optional(number, 2000)
    logs                 = optional(bool, true)
  })
  default = null

  validation {
    condition     = try(var.site_firewall.requests_per_address >= 10 && var.site_firewall.requests_per_address <= 2000000000, true)
    error_message = "site_firewall.requests_per_address must be between 10 and 2000000000, what WAF takes."
  }
}

variable "mail_return_path" {
  description = "What stands before the domain in the address that bounces come back to, where mail.create proves the domain: MX and SPF are made for it. SES's own address with null."
  type        = string
  default     = "bounce"

  validation {
    condition     = var.mail_return_path == null || can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.mail_return_path)) && !contains(["api", "auth", "www"], coalesce(var.mail_return_path, "none"))
    error_message = "mail_return_path must be one label such as bounce: lower-case letters, digits and dashes, and none of api, auth and www."
  }
}

variable "dmarc" {
  description = "What others are to do with mails that say they are ours and are not, none, quarantine or reject, and the address that gets their reports; a record where mail.create proves the domain. No record with null, for example where there is one."
  type = object({
    policy  = optional(string, "quarantine")
    reports = optional(string)
  })
  default = {}

  validation {
    condition     = contains(["none", "quarantine", "reject"], try(var.dmarc.policy, "none"))
    error_message = "dmarc.policy must be none, quarantine or reject."
  }

  validation {
    condition     = try(var.dmarc.reports, null) == null || can(regex("^[a-z0-9._+-]+@[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.dmarc.reports))
    error_message = "dmarc.reports must be a plain address, lower-case."
  }
}

variable "wait_for_mail_proof" {
  description = "Wait until SES has found the records that mail.create made, some minutes: Cognito takes no sender before. Off where SES doesn't look."
  type        = bool
  default     = true
  nullable    = false
}

variable "mail_feedback" {
  description = "Send by a configuration set and hear from SES who bounced or complained, so that they are not written to again. Needs mail. Off only where SES doesn't tell."
  type        = bool
  default     = true
  nullable    = false
}
