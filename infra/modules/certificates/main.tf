# One for each name: another name is another certificate, and replaces none.
resource "aws_acm_certificate" "this" {
  for_each = var.names

  domain_name       = each.value
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "validation" {
  for_each = var.names

  zone_id = var.zone_id
  name    = one(aws_acm_certificate.this[each.key].domain_validation_options).resource_record_name
  type    = one(aws_acm_certificate.this[each.key].domain_validation_options).resource_record_type
  records = [one(aws_acm_certificate.this[each.key].domain_validation_options).resource_record_value]
  ttl     = 300

  # The same name in the same account is asked for the same proof, by whichever certificate.
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "this" {
  for_each = var.names

  certificate_arn         = aws_acm_certificate.this[each.key].arn
  validation_record_fqdns = [aws_route53_record.validation[each.key].fqdn]
}
