output "user_pool_id" {
  description = "Id of the user pool."
  value       = aws_cognito_user_pool.this.id
}

output "user_pool_arn" {
  description = "ARN of the user pool."
  value       = aws_cognito_user_pool.this.arn
}

output "user_pool_client_id" {
  description = "Id that web clients sign in with."
  value       = aws_cognito_user_pool_client.web.id
}

output "identity_pool_id" {
  description = "Id of the identity pool."
  value       = aws_cognito_identity_pool.this.id
}

output "identity_pool_arn" {
  description = "ARN of the identity pool."
  value       = aws_cognito_identity_pool.this.arn
}

output "authenticated_role_name" {
  description = "Role that signed-in people take through the identity pool."
  value       = aws_iam_role.identity["authenticated"].name
}

output "server_client_id" {
  description = "Id of the client for programs, or null."
  value       = one([for client in aws_cognito_user_pool_client.server : client.id])
}
