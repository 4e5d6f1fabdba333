locals {
  # Until the world asks our zone, nothing of the domain would work: certificates least of all.
  delegated = var.zone == null ? false : coalesce(var.zone.delegated, !var.zone.create)
  domain    = local.delegated ? var.domain_name : null

  # By names alone: what these name is made of things that have to know it.
  site_url = var.site_url != "" ? var.site_url : local.domain == null ? "" : "https://${local.domain}"
  sign_in_host = (
    var.sign_in_domain.own && local.domain != null ? "auth.${local.domain}" :
    var.sign_in_domain.prefix != null ? "${var.sign_in_domain.prefix}.auth.${var.region}.amazoncognito.com" :
    null
  )

  # Where maintenance hears what became of mails.
  feedback       = var.mail != null && var.mail_feedback
  feedback_queue = "retry"
  feedback_topic = "arn:${data.aws_partition.current.partition}:sns:${var.region}:${data.aws_caller_identity.current.account_id}:${local.prefix}-mail-feedback"

  # By their names alone: the topic names the queue.
  topic_senders = {
    for queue in local.feedback ? [local.feedback_queue, local.dead_letters[local.feedback_queue]] : [] :
    queue => [local.feedback_topic]
  }

  # In SES's sandbox whoever sends needs the right to the verified recipient, too. ses:FromAddress holds
  # them to our sender all the same; where that is off, the right is not given.
  trial_recipient_arns = local.production || !var.restrict_sender ? [] : [
    "arn:${data.aws_partition.current.partition}:ses:${var.region}:${data.aws_caller_identity.current.account_id}:identity/*",
  ]

  site_domain = local.domain == null ? null : {
    name            = local.domain
    certificate_arn = module.edge_certificates.arns["site"]
  }

  configuration_set_arns = [
    for set in local.feedback ? [local.prefix] : [] :
    "arn:${data.aws_partition.current.partition}:ses:${var.region}:${data.aws_caller_identity.current.account_id}:configuration-set/${set}"
  ]
}

module "site" {
  source = "./modules/site"

  prefix              = local.prefix
  account_id          = data.aws_caller_identity.current.account_id
  region              = var.region
  folder              = "${path.module}/../site"
  domain              = local.site_domain
  price_class         = var.price_class
  hsts_subdomains     = var.hsts_subdomains
  wait_for_deployment = var.wait_for_deployment
  logs                = var.site_logs
  log_retention_days  = var.log_retention_days
  firewall_arn        = one([for firewall in module.site_firewall : firewall.arn])
  edge                = local.edge

  api = {
    host  = "${module.api.id}.execute-api.${var.region}.${data.aws_partition.current.dns_suffix}"
    stage = local.stack.api.stage
  }

  origins = concat(
    [
      "https://cognito-idp.${var.region}.amazonaws.com",
      "https://cognito-identity.${var.region}.amazonaws.com",
      "https://${module.api.id}.execute-api.${var.region}.${data.aws_partition.current.dns_suffix}",
    ],
    local.sign_in_host == null ? [] : ["https://${local.sign_in_host}"],
  )

  configuration = {
    apiUrl           = "/${local.stack.api.stage}"
    identityPoolId   = module.identity.identity_pool_id
    region           = var.region
    signedUrl        = "${module.api.invoke_url}/signed"
    signInDomain     = local.sign_in_host
    userPoolClientId = module.identity.user_pool_client_id
    userPoolId       = module.identity.user_pool_id
  }
}

module "dns" {
  source = "./modules/dns"

  prefix           = local.prefix
  domain           = var.domain_name
  zone             = var.zone
  delegated        = local.delegated
  site             = module.site.target
  api              = { id = module.api.id, stage = module.api.stage }
  user_pool_id     = module.identity.user_pool_id
  certificate_arns = merge(module.edge_certificates.arns, module.api_certificates.arns)
  sign_in          = var.sign_in_domain
  records          = var.dns_records
  health_check     = var.health_check
}

# CloudFront, and Cognito behind it, take certificates from us-east-1 alone.
module "edge_certificates" {
  source = "./modules/certificates"

  providers = { aws = aws.us_east_1 }

  names   = { for key, name in module.dns.names : key => name if key != "api" }
  zone_id = module.dns.zone_id
}

module "api_certificates" {
  source = "./modules/certificates"

  names   = { for key, name in module.dns.names : key => name if key == "api" }
  zone_id = module.dns.zone_id
}

module "site_firewall" {
  source   = "./modules/firewall"
  for_each = { for firewall in var.site_firewall == null ? [] : [var.site_firewall] : "on" => firewall }

  providers = { aws = aws.us_east_1 }

  name               = "${local.prefix}-site"
  scope              = "CLOUDFRONT"
  limits             = { all = { requests = each.value.requests_per_address } }
  managed            = ["AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesCommonRuleSet"]
  logs               = each.value.logs
  log_retention_days = var.log_retention_days
}

module "mail" {
  source = "./modules/mail"

  prefix           = local.prefix
  partition        = data.aws_partition.current.partition
  region           = var.region
  account_id       = data.aws_caller_identity.current.account_id
  domain           = try(var.mail.create, false) ? local.domain : null
  zone_id          = module.dns.zone_id
  return_path      = var.mail_return_path
  dmarc            = var.dmarc
  wait             = var.wait_for_mail_proof
  feedback         = local.feedback
  queue_arn        = module.functions.queue_arns[local.feedback_queue]
  dead_letters_arn = module.functions.queue_arns[local.dead_letters[local.feedback_queue]]
}
