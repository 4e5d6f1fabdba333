locals {
  firewalls = { for firewall in var.firewall == null ? [] : [var.firewall] : "on" => firewall }

  # The last two are of people who are signed in: they too have codes mailed to any address.
  sign_up_calls = ["SignUp", "ConfirmSignUp", "ResendConfirmationCode", "UpdateUserAttributes", "GetUserAttributeVerificationCode"]

  # Headers that CloudFront alone writes: nobody else is told the key. States and plans hold it, and
  # whoever learns it could only have their requests counted as another's.
  edge = one([for key in terraform_data.edge_key : { key_header = "x-edge-key", key = key.output, address_header = "x-viewer-address" }])
}

# Made once. To make another: terraform apply -replace='terraform_data.edge_key["on"]', at a quiet hour:
# until all of CloudFront's places have it, the site's visitors share one limit.
resource "terraform_data" "edge_key" {
  for_each = local.firewalls

  input = sha256("${uuid()}${uuid()}")

  lifecycle {
    ignore_changes = [input]
  }
}

module "api_firewall" {
  source   = "./modules/firewall"
  for_each = local.firewalls

  name         = "${local.prefix}-api"
  resource_arn = module.api.stage_arn
  edge         = local.edge

  limits = {
    direct    = { requests = each.value.requests_per_address, by = "direct" }
    forwarded = { requests = each.value.requests_per_address, by = "forwarded" }
  }

  managed            = ["AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesCommonRuleSet"]
  logs               = each.value.logs
  log_retention_days = var.log_retention_days
  log_key_arn        = var.keys.logs
}

# People sign up and in at the pool's own API, or on its pages: no other firewall sees them.
module "pool_firewall" {
  source   = "./modules/firewall"
  for_each = local.firewalls

  name         = "${local.prefix}-pool"
  resource_arn = module.identity.user_pool_arn

  limits = {
    all = { requests = each.value.requests_per_address }

    reset = {
      requests = each.value.resets_per_address
      calls    = ["ForgotPassword", "ConfirmForgotPassword"]
      paths    = ["/forgotPassword", "/confirmForgotPassword"]
    }

    sign-up = {
      requests = each.value.sign_ups_per_address
      calls    = local.sign_up_calls
      paths    = ["/signup", "/confirmUser", "/resendcode"]
    }
  }

  # Not the group for pages of the web: SDKs call here.
  managed            = ["AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesKnownBadInputsRuleSet"]
  logs               = each.value.logs
  log_retention_days = var.log_retention_days
  log_key_arn        = var.keys.logs
}
