variable "name" {
  description = "Name of the firewall, for example vestibule-prod-api."
  type        = string
}

variable "resource_arn" {
  description = "What it stands before: a stage of an API, or a user pool. CloudFront names its firewall itself."
  type        = string
  default     = null
}

variable "scope" {
  description = "REGIONAL, or CLOUDFRONT, whose firewalls are in us-east-1 alone."
  type        = string
  default     = "REGIONAL"
  nullable    = false

  validation {
    condition     = contains(["CLOUDFRONT", "REGIONAL"], var.scope)
    error_message = "scope must be CLOUDFRONT or REGIONAL."
  }
}

variable "limits" {
  description = "Requests that one address may send in five minutes: of all, or of those alone that call one of `calls` at the pool's API or ask for a path that begins with one of `paths`. At least two of these together, or none. Where some come by way of CloudFront, `by` counts those as `forwarded`, by whom the edge names, and the others as `direct`: CloudFront's own addresses are everybody's."
  type = map(object({
    requests = number
    by       = optional(string, "address")
    calls    = optional(list(string), [])
    paths    = optional(list(string), [])
  }))

  validation {
    condition     = alltrue([for limit in values(var.limits) : limit.requests >= 10 && limit.requests <= 2000000000])
    error_message = "A limit must be between 10 and 2000000000 requests in five minutes, what WAF takes."
  }

  validation {
    condition     = alltrue([for limit in values(var.limits) : limit.by == "address" || contains(["direct", "forwarded"], limit.by) && var.edge != null && length(limit.calls) + length(limit.paths) == 0])
    error_message = "by must be address, or, with an edge and without calls and paths, direct or forwarded."
  }

  validation {
    condition     = alltrue([for limit in values(var.limits) : length(limit.calls) + length(limit.paths) != 1])
    error_message = "A limit needs two or more of calls and paths together, or none: WAF's `or` takes no single one."
  }
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

variable "managed" {
  description = "AWS's own groups of rules to use."
  type        = set(string)

  validation {
    condition     = length(setsubtract(var.managed, ["AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesCommonRuleSet"])) == 0
    error_message = "managed may name AWSManagedRulesAmazonIpReputationList, AWSManagedRulesKnownBadInputsRuleSet and AWSManagedRulesCommonRuleSet."
  }
}

variable "logs" {
  description = "Keep a log of what is refused."
  type        = bool
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
}

variable "log_key_arn" {
  description = "Key that logs are encrypted with. CloudWatch's own without it."
  type        = string
  default     = null
}
