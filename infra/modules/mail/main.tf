locals {
  identities = { for domain in var.domain == null ? [] : [var.domain] : domain => {
    return_path = var.return_path == null ? null : "${var.return_path}.${domain}"
  } }

  return_paths = { for domain, identity in local.identities : domain => identity.return_path if identity.return_path != null }

  feedback = toset(var.feedback ? ["feedback"] : [])
  topic    = "arn:${var.partition}:sns:${var.region}:${var.account_id}:${var.prefix}-mail-feedback"
}

resource "aws_sesv2_email_identity" "this" {
  for_each = local.identities

  email_identity = each.key

  dkim_signing_attributes {
    next_signing_key_length = "RSA_2048_BIT"
  }

  # Asked for once: not everybody tells it back, and SES takes another only once a day.
  lifecycle {
    ignore_changes = [dkim_signing_attributes[0].next_signing_key_length]
  }
}

resource "aws_route53_record" "dkim" {
  for_each = merge([for domain in keys(local.identities) : { for index in range(3) : "${domain}-${index}" => { domain = domain, index = index } }]...)

  zone_id = var.zone_id
  name    = "${aws_sesv2_email_identity.this[each.value.domain].dkim_signing_attributes[0].tokens[each.value.index]}._domainkey.${each.value.domain}"
  type    = "CNAME"
  ttl     = 300
  records = ["${aws_sesv2_email_identity.this[each.value.domain].dkim_signing_attributes[0].tokens[each.value.index]}.dkim.amazonses.com"]
}

# SES looks for the records by itself. Cognito takes no sender before it has found them.
resource "aws_ses_domain_identity_verification" "this" {
  for_each = { for domain, identity in aws_sesv2_email_identity.this : domain => identity.email_identity if var.wait }

  domain = each.value

  depends_on = [aws_route53_record.dkim]
}

# Bounces come back to a name of ours, for which SPF speaks.
resource "aws_sesv2_email_identity_mail_from_attributes" "this" {
  for_each = local.return_paths

  email_identity         = aws_sesv2_email_identity.this[each.key].email_identity
  mail_from_domain       = each.value
  behavior_on_mx_failure = "USE_DEFAULT_VALUE"
}

resource "aws_route53_record" "return_path" {
  for_each = merge([for domain, name in local.return_paths : {
    "${domain}-MX"  = { name = name, type = "MX", value = "10 feedback-smtp.${var.region}.amazonses.com" }
    "${domain}-TXT" = { name = name, type = "TXT", value = "v=spf1 include:amazonses.com -all" }
  }]...)

  zone_id = var.zone_id
  name    = each.value.name
  type    = each.value.type
  ttl     = 300
  records = [each.value.value]
}

# What others are to do with mails that say they are ours and are not.
resource "aws_route53_record" "dmarc" {
  for_each = { for domain in keys(local.identities) : domain => var.dmarc if var.dmarc != null }

  zone_id = var.zone_id
  name    = "_dmarc.${each.key}"
  type    = "TXT"
  ttl     = 300
  records = [join("; ", concat(
    ["v=DMARC1", "p=${each.value.policy}"],
    each.value.reports == null ? [] : ["rua=mailto:${each.value.reports}"],
  ))]
}
