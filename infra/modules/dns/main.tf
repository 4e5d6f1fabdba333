locals {
  live = var.domain != null && var.delegated

  names = { for key, name in {
    site = var.domain
    api  = "api.${coalesce(var.domain, "none")}"
    auth = var.sign_in.own ? "auth.${coalesce(var.domain, "none")}" : null
  } : key => name if local.live && name != null }

  zone_id = one(concat(
    [for zone in aws_route53_zone.this : zone.zone_id],
    [for zone in data.aws_route53_zone.this : zone.zone_id],
  ))

  families = toset(["A", "AAAA"])
}

resource "aws_route53_zone" "this" {
  #checkov:skip=CKV2_AWS_38:DNSSEC needs a key, which costs money every month, and a word with the registrar
  #checkov:skip=CKV2_AWS_39:Logs of every question cost money and say who asks for what
  for_each = { for zone in var.zone == null ? [] : [var.zone] : var.domain => zone if zone.create }

  name    = each.key
  comment = "${var.prefix}, by Terraform."

  # Another zone has other name servers: whoever was told of these would find nothing.
  lifecycle {
    prevent_destroy = true
  }
}

data "aws_route53_zone" "this" {
  for_each = { for zone in var.zone == null ? [] : [var.zone] : var.domain => zone if !zone.create }

  zone_id = each.value.id

  lifecycle {
    postcondition {
      condition     = each.key == trimsuffix(self.name, ".") || endswith(each.key, ".${trimsuffix(self.name, ".")}")
      error_message = "domain_name ${each.key} does not lie in the zone ${each.value.id}, which is ${self.name}."
    }

    postcondition {
      condition     = self.private_zone != true
      error_message = "The zone ${each.value.id} is private: nobody outside would find ${each.key}."
    }
  }
}

resource "aws_route53_record" "site" {
  for_each = local.live ? local.families : []

  zone_id = local.zone_id
  name    = local.names.site
  type    = each.key

  alias {
    name                   = var.site.name
    zone_id                = var.site.zone_id
    evaluate_target_health = false
  }
}

resource "aws_route53_record" "extra" {
  for_each = var.zone == null ? {} : var.records

  zone_id = local.zone_id
  name    = each.value.name == "" ? var.domain : "${each.value.name}.${var.domain}"
  type    = each.value.type
  ttl     = each.value.ttl
  records = each.value.values
}

resource "aws_route53_health_check" "api" {
  for_each = { for key, name in local.names : key => name if key == "api" && var.health_check }

  type              = "HTTPS"
  fqdn              = each.value
  port              = 443
  resource_path     = "/health"
  request_interval  = 30
  failure_threshold = 3

  tags = { Name = "${var.prefix}-api" }

  # Asked before there is an answer, it would begin by failing.
  depends_on = [aws_route53_record.api, aws_api_gateway_base_path_mapping.this]
}
