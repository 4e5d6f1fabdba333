locals {
  sign_in_domains = merge(
    { for prefix in var.sign_in.prefix == null ? [] : [var.sign_in.prefix] : "prefix" => { domain = prefix, certificate = null } },
    { for key, name in local.names : "own" => { domain = name, certificate = var.certificate_arns[key] } if key == "auth" },
  )
}

# A pool may have both at once, so that people can move from one to the other.
resource "aws_cognito_user_pool_domain" "this" {
  for_each = local.sign_in_domains

  domain          = each.value.domain
  certificate_arn = each.value.certificate
  user_pool_id    = var.user_pool_id

  # Passkeys, and what other sites were told to lead back to, are bound to this name.
  lifecycle {
    prevent_destroy = true
  }

  # Cognito wants the parent of its name to lead somewhere.
  depends_on = [aws_route53_record.site]
}

resource "aws_route53_record" "sign_in" {
  for_each = contains(keys(local.names), "auth") ? local.families : []

  zone_id = local.zone_id
  name    = local.names.auth
  type    = each.key

  alias {
    name                   = aws_cognito_user_pool_domain.this["own"].cloudfront_distribution
    zone_id                = aws_cognito_user_pool_domain.this["own"].cloudfront_distribution_zone_id
    evaluate_target_health = false
  }
}
