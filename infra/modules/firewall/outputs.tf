output "name" {
  description = "Name of the firewall, as its metrics have it."
  value       = aws_wafv2_web_acl.this.name
}

output "arn" {
  description = "ARN of the firewall."
  value       = aws_wafv2_web_acl.this.arn
}
