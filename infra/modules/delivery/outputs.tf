output "bus_name" {
  description = "Name of the bus."
  value       = aws_cloudwatch_event_bus.this.name
}

output "bus_arn" {
  description = "ARN of the bus."
  value       = aws_cloudwatch_event_bus.this.arn
}

output "secret_arns" {
  description = "ARNs of the secrets that there are, by key."
  value       = { for key, secret in aws_secretsmanager_secret.given : key => secret.arn }
}

output "parameter_names" {
  description = "Names of the random values, by key."
  value       = { for key, parameter in aws_ssm_parameter.generated : key => parameter.name }
}

output "parameter_arns" {
  description = "ARNs of the random values, by key."
  value       = { for key, parameter in aws_ssm_parameter.generated : key => parameter.arn }
}

output "patterns" {
  description = "What each rule compares events with, as text."
  value       = { for key, rule in aws_cloudwatch_event_rule.queue : key => rule.event_pattern }
}

output "schedules" {
  description = "How often each scheduled function is called, by function and schedule."
  value       = { for key, rule in aws_cloudwatch_event_rule.schedule : key => rule.schedule_expression }
}
