resource "aws_api_gateway_domain_name" "this" {
  for_each = { for key, name in local.names : key => name if key == "api" }

  domain_name              = each.value
  regional_certificate_arn = var.certificate_arns[each.key]
  security_policy          = "TLS_1_2"

  endpoint_configuration {
    types = ["REGIONAL"]
  }

  # What nobody asked for comes back as an empty block from some implementations.
  lifecycle {
    ignore_changes = [mutual_tls_authentication]
  }
}

resource "aws_api_gateway_base_path_mapping" "this" {
  for_each = aws_api_gateway_domain_name.this

  domain_name = each.value.domain_name
  api_id      = var.api.id
  stage_name  = var.api.stage
}

resource "aws_route53_record" "api" {
  for_each = local.live ? local.families : []

  zone_id = local.zone_id
  name    = local.names.api
  type    = each.key

  alias {
    name                   = aws_api_gateway_domain_name.this["api"].regional_domain_name
    zone_id                = aws_api_gateway_domain_name.this["api"].regional_zone_id
    evaluate_target_health = false
  }
}
