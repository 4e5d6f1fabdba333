variable "prefix" {
  description = "Begins every name, for example vestibule-prod."
  type        = string
}

variable "account_id" {
  description = "Account of the buckets, part of their names."
  type        = string
}

variable "region" {
  description = "Region of the buckets, part of their names."
  type        = string
}

variable "folder" {
  description = "Folder whose files are the site."
  type        = string

  validation {
    condition     = fileexists("${var.folder}/index.html")
    error_message = "The site's folder needs an index.html."
  }
}

variable "not_found" {
  description = "The file of the site that is shown where there is none."
  type        = string
  default     = "404.html"
  nullable    = false
}

variable "configuration" {
  description = "What the pages have to know of this deployment. Everybody can read it."
  type        = map(string)
}

variable "configuration_name" {
  description = "The file that the configuration is, beside the site's own."
  type        = string
  default     = "config.json"
  nullable    = false
}

variable "origins" {
  description = "Where pages may send requests, beside the site itself, for example https://cognito-idp.us-east-1.amazonaws.com."
  type        = set(string)
}

variable "api" {
  description = "Host of the API, and the stage that its paths begin with."
  type = object({
    host  = string
    stage = string
  })
}

variable "domain" {
  description = "The site's own name, and the ARN of a certificate for it in us-east-1. CloudFront's name without it."
  type = object({
    name            = string
    certificate_arn = string
  })
  default = null
}

variable "price_class" {
  description = "Which of CloudFront's places serve: PriceClass_100, PriceClass_200 or PriceClass_All."
  type        = string
}

variable "hsts_subdomains" {
  description = "Make browsers use TLS for everything below the site's name too."
  type        = bool
}

variable "wait_for_deployment" {
  description = "Wait until all of CloudFront's places have a change."
  type        = bool
}

variable "logs" {
  description = "Keep logs of who asked for which page."
  type        = bool
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
}

variable "firewall_arn" {
  description = "Firewall of CloudFront's to stand behind. None without it."
  type        = string
  default     = null
}

variable "edge" {
  description = "How CloudFront proves itself to the API's firewall, by the header key_header with the secret key, and where it gives the caller's address, in the header address_header. Null: it says nothing."
  type = object({
    key_header     = string
    key            = string
    address_header = string
  })
  default = null
}
