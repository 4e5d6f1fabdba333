output "arns" {
  description = "ARNs by key, once each name is proven."
  value       = { for key, validation in aws_acm_certificate_validation.this : key => validation.certificate_arn }
}
