variable "prefix" {
  description = "Begins every name, for example vestibule-prod."
  type        = string
}

variable "region" {
  description = "Region of the network."
  type        = string
}

variable "vpc_id" {
  description = "The network."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of the callers. The endpoints stand in one of each zone."
  type        = list(string)
}

variable "route_table_ids" {
  description = "Route tables of the callers' subnets, which learn the way to DynamoDB."
  type        = list(string)
}

variable "caller_group_ids" {
  description = "Security groups of those who may call."
  type        = list(string)
}

variable "services" {
  description = "Services that are called, as their endpoints are named, for example sqs."
  type        = set(string)
}
