output "api_gateway_invoke_url" {
  description = "Where the API answers, stage included."
  value       = module.api.invoke_url
}

output "api_gateway_id" {
  description = "Id of the REST API."
  value       = module.api.id
}

output "api_gateway_arn" {
  description = "ARN of the REST API."
  value       = module.api.arn
}

output "signed_url" {
  description = "Where the API answers calls signed with AWS credentials. Never behind another host: that would break the signature."
  value       = "${module.api.invoke_url}/signed"
}

output "cognito_user_pool_id" {
  description = "Id of the user pool."
  value       = module.identity.user_pool_id
}

output "cognito_user_pool_arn" {
  description = "ARN of the user pool."
  value       = module.identity.user_pool_arn
}

output "cognito_user_pool_client_id" {
  description = "Id that web clients sign in with. Not a secret."
  value       = module.identity.user_pool_client_id
}

output "identity_pool_id" {
  description = "Id of the identity pool, which gives signed-in people AWS credentials."
  value       = module.identity.identity_pool_id
}

output "dynamodb_table_name" {
  description = "Name of the table."
  value       = module.data.table_name
}

output "dynamodb_table_arn" {
  description = "ARN of the table."
  value       = module.data.table_arn
}

output "dynamodb_table_stream_arn" {
  description = "ARN of the table's stream of changes."
  value       = module.data.table_stream_arn
}

output "lambda_function_names" {
  description = "Function names by key."
  value       = { for key, function in module.functions.functions : key => function.name }
}

output "lambda_function_arns" {
  description = "Function ARNs by key."
  value       = { for key, function in module.functions.functions : key => function.arn }
}

output "lambda_versions" {
  description = "Version of each function that its code has now, by key: what canary.stable names. `$LATEST` without publish_versions."
  value       = { for key, function in module.functions.functions : key => function.version }
}

output "cognito_server_client_id" {
  description = "Id of the client for programs, or null. Its secret: aws cognito-idp describe-user-pool-client."
  value       = module.identity.server_client_id
}

output "lambda_log_groups" {
  description = "Log groups by function key."
  value       = { for key, function in module.functions.functions : key => function.log_group }
}

output "queue_urls" {
  description = "Queue URLs by key."
  value       = module.functions.queue_urls
}

output "event_bus_name" {
  description = "Name of the bus that carries events."
  value       = module.delivery.bus_name
}

output "secret_arns" {
  description = "ARNs of the secrets that people fill, by key."
  value       = module.delivery.secret_arns
}

output "primary_region" {
  description = "Region everything lives in."
  value       = var.region
}

output "secondary_region" {
  description = "Region with a live copy of the table, if there is one."
  value       = var.secondary_region
}

output "environment" {
  description = "The environment, without its suffix."
  value       = var.environment
}

output "environment_suffix" {
  description = "The environment's suffix, often empty."
  value       = var.environment_suffix
}
