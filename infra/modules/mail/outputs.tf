output "configuration_set" {
  description = "Name of the configuration set, or null."
  value       = one([for set in aws_sesv2_configuration_set.this : set.configuration_set_name])
}

output "identity_arn" {
  description = "ARN of the domain's identity once SES has found its records, or null."
  value       = var.domain == null ? null : "arn:${var.partition}:ses:${var.region}:${var.account_id}:identity/${var.domain}"

  depends_on = [aws_ses_domain_identity_verification.this]
}

output "feedback_topic_arn" {
  description = "Topic that carries bounces and complaints, or null."
  value       = one([for topic in aws_sns_topic.feedback : topic.arn])
}

output "records" {
  description = "The text records of the domain, by name."
  value = merge(
    { for record in aws_route53_record.dmarc : record.name => one(record.records) },
    { for record in aws_route53_record.return_path : "${record.name} ${record.type}" => one(record.records) },
  )
}
