output "id" {
  description = "Id of the REST API."
  value       = aws_api_gateway_rest_api.this.id
}

output "arn" {
  description = "ARN of the REST API."
  value       = aws_api_gateway_rest_api.this.arn
}

output "stage" {
  description = "Name of the stage, once it is there."
  value       = aws_api_gateway_stage.this.stage_name
}

output "stage_arn" {
  description = "ARN of the stage."
  value       = aws_api_gateway_stage.this.arn
}

output "invoke_url" {
  description = "Where the API answers, stage included."
  value       = aws_api_gateway_stage.this.invoke_url
}

output "body" {
  description = "The document as it is sent, with function URIs and the pool in place."
  value       = local.body
}
