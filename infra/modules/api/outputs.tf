output "id" {
  description = "Id of the REST API."
  value       = aws_api_gateway_rest_api.this.id
}

output "arn" {
  description = "ARN of the REST API."
  value       = aws_api_gateway_rest_api.this.arn
}

output "invoke_url" {
  description = "Where the API answers, stage included."
  value       = aws_api_gateway_stage.this.invoke_url
}

output "body" {
  description = "The document as it is sent, with function URIs and the pool in place."
  value       = local.body
}
