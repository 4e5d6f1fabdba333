variable "name" {
  description = "Name of the API."
  type        = string
}

variable "stage" {
  description = "Name of the stage, the first part of every path."
  type        = string
}

variable "definition" {
  description = "The text of openapi.json. Integrations name function keys, the authorizer names user_pool."
  type        = string
}

variable "functions" {
  description = "Functions by key, as the functions module gives them."
  type = map(object({
    name       = string
    invoke_arn = string
    qualifier  = optional(string)
  }))
}

variable "user_pool_arn" {
  description = "Pool whose tokens the authorizer takes."
  type        = string
}

variable "signed_role_name" {
  description = "Role that may call the signed routes: that of people who signed in."
  type        = string
}

variable "throttle" {
  description = "Requests a second, and burst, of the whole stage."
  type        = object({ rate = number, burst = number })
}

variable "log_retention_days" {
  description = "Days that access logs are kept."
  type        = number
}

variable "log_key_arn" {
  description = "Key that access logs are encrypted with. CloudWatch's own without it."
  type        = string
  default     = null
}

variable "tracing" {
  description = "Let X-Ray draw who called what."
  type        = bool
  default     = false
  nullable    = false
}

variable "method_throttles" {
  description = "Requests a second, and burst, of single methods, by `METHOD /path` as the definition has it."
  type        = map(object({ rate = number, burst = number }))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for method in keys(var.method_throttles) : can(regex("^[A-Z]+ /", method)) && try(jsondecode(var.definition).paths[split(" ", method)[1]][lower(split(" ", method)[0])]["x-amazon-apigateway-integration"].type == "aws_proxy", false)])
    error_message = "method_throttles may only name methods of the definition, for example `POST /vpcs`. Unknown: ${join(", ", [for method in keys(var.method_throttles) : method if !(can(regex("^[A-Z]+ /", method)) && try(jsondecode(var.definition).paths[split(" ", method)[1]][lower(split(" ", method)[0])]["x-amazon-apigateway-integration"].type == "aws_proxy", false))])}."
  }
}

variable "usage_plan" {
  description = "Methods, by `METHOD /path`, that want an API key, and what the callers with one key may ask of them: requests a day, requests a second, and burst. None without it."
  type        = object({ methods = list(string), requests_per_day = number, rate = number, burst = number })
  default     = null
}
