output "site_url" {
  description = "Where people open the site: its own name, else CloudFront's."
  value       = "https://${coalesce(local.domain, module.site.domain_name)}"
}

output "site_bucket" {
  description = "Bucket that holds the site."
  value       = module.site.bucket
}

output "cloudfront_domain_name" {
  description = "CloudFront's own name of the site."
  value       = module.site.domain_name
}

output "cloudfront_distribution_id" {
  description = "Id of the distribution."
  value       = module.site.distribution_id
}

output "cloudfront_url" {
  description = "Where the site answers under CloudFront's own name."
  value       = "https://${module.site.domain_name}"
}

output "route53_zone_id" {
  description = "Id of the domain's zone, or null."
  value       = module.dns.zone_id
}

output "route53_name_servers" {
  description = "What the registrar, or the parent zone, has to name for the domain; or null."
  value       = module.dns.name_servers
}

output "custom_domain_name" {
  description = "The site's own name, once it is in use; or null."
  value       = lookup(module.dns.names, "site", null)
}

output "api_custom_url" {
  description = "Where the API answers under its own name, or null."
  value       = module.dns.api_url
}

output "cognito_user_pool_domain" {
  description = "Host of the pool's sign-in pages, or null."
  value       = module.dns.sign_in_domain == null ? null : local.sign_in_host
}

output "health_check_id" {
  description = "Id of the API's health check, or null."
  value       = module.dns.health_check_id
}

output "mail_configuration_set" {
  description = "Configuration set that mails are sent by, or null."
  value       = module.mail.configuration_set
}

output "mail_feedback_topic_arn" {
  description = "Topic that carries bounces and complaints, or null."
  value       = module.mail.feedback_topic_arn
}
