output "zone_id" {
  description = "Id of the zone, or null."
  value       = local.zone_id
}

output "name_servers" {
  description = "What the registrar, or the parent zone, has to name for the domain; or null."
  value = one(concat(
    [for zone in aws_route53_zone.this : zone.name_servers],
    [for zone in data.aws_route53_zone.this : zone.name_servers],
  ))
}

output "names" {
  description = "The names in use: site and api, and auth with own sign-in pages. None until the zone is delegated."
  value       = local.names
}

output "api_url" {
  description = "Where the API answers under its own name, or null."
  value       = one([for mapping in aws_api_gateway_base_path_mapping.this : "https://${mapping.domain_name}"])
}

output "sign_in_domain" {
  description = "The own domain of the sign-in pages, else the prefix, else null."
  value = try(
    aws_cognito_user_pool_domain.this["own"].domain,
    aws_cognito_user_pool_domain.this["prefix"].domain,
    null,
  )
}

output "health_check_id" {
  description = "Id of the health check, or null."
  value       = one([for check in aws_route53_health_check.api : check.id])
}
