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
