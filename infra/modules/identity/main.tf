resource "aws_cognito_user_pool" "this" {
  name                     = var.prefix
  user_pool_tier           = var.tier
  deletion_protection      = var.deletion_protection ? "ACTIVE" : "INACTIVE"
  username_attributes      = [var.user_pool.sign_in]
  auto_verified_attributes = [var.user_pool.sign_in]
  mfa_configuration        = var.user_pool.mfa

  username_configuration {
    case_sensitive = var.user_pool.case_sensitive
  }

  admin_create_user_config {
    allow_admin_create_user_only = false
  }

  # Length, not composition rules, which make people write passwords down.
  password_policy {
    minimum_length                   = var.user_pool.password_minimum_length
    require_lowercase                = false
    require_numbers                  = false
    require_symbols                  = false
    require_uppercase                = false
    temporary_password_validity_days = 7
  }

  account_recovery_setting {
    dynamic "recovery_mechanism" {
      for_each = local.recovery

      content {
        name     = recovery_mechanism.value
        priority = recovery_mechanism.key + 1
      }
    }
  }

  user_attribute_update_settings {
    attributes_require_verification_before_update = var.user_pool.verify_before_update
  }

  software_token_mfa_configuration {
    enabled = contains(var.mfa_methods, "totp")
  }

  dynamic "email_mfa_configuration" {
    for_each = contains(var.mfa_methods, "email") ? [local.code_mail] : []

    content {
      subject = email_mfa_configuration.value.subject
      message = email_mfa_configuration.value.message
    }
  }

  dynamic "sms_configuration" {
    for_each = aws_iam_role.text_messages

    content {
      external_id    = var.prefix
      sns_caller_arn = sms_configuration.value.arn
    }
  }

  dynamic "sign_in_policy" {
    for_each = var.passkeys == null ? [] : [var.passkeys]

    content {
      allowed_first_auth_factors = ["PASSWORD", "WEB_AUTHN"]
    }
  }

  dynamic "web_authn_configuration" {
    for_each = var.passkeys == null ? [] : [var.passkeys]

    content {
      relying_party_id  = web_authn_configuration.value.relying_party_id
      user_verification = web_authn_configuration.value.user_verification
    }
  }

  dynamic "email_configuration" {
    for_each = var.mail == null ? [] : [var.mail]

    content {
      email_sending_account = "DEVELOPER"
      source_arn            = email_configuration.value.identity_arn
      from_email_address    = email_configuration.value.from
      configuration_set     = email_configuration.value.configuration_set
    }
  }

  lambda_config {
    create_auth_challenge          = var.triggers.function_arn
    custom_message                 = var.triggers.function_arn
    define_auth_challenge          = var.triggers.function_arn
    post_authentication            = var.triggers.function_arn
    post_confirmation              = var.triggers.function_arn
    pre_authentication             = var.triggers.function_arn
    pre_sign_up                    = var.triggers.function_arn
    pre_token_generation           = var.triggers.function_arn
    user_migration                 = var.triggers.function_arn
    verify_auth_challenge_response = var.triggers.function_arn

    pre_token_generation_config {
      lambda_arn     = var.triggers.function_arn
      lambda_version = var.triggers.token_event
    }
  }

  dynamic "user_pool_add_ons" {
    for_each = var.threat_protection == "OFF" ? [] : [var.threat_protection]

    content {
      advanced_security_mode = user_pool_add_ons.value

      advanced_security_additional_flows {
        custom_auth_mode = user_pool_add_ons.value
      }
    }
  }

  dynamic "schema" {
    for_each = toset(var.user_pool.required_attributes)

    content {
      name                = schema.value
      attribute_data_type = "String"
      required            = true
      mutable             = true

      string_attribute_constraints {
        min_length = "0"
        max_length = "2048"
      }
    }
  }

  dynamic "schema" {
    for_each = toset(var.user_pool.custom_attributes)

    content {
      name                     = schema.value
      attribute_data_type      = "String"
      developer_only_attribute = false
      required                 = false
      mutable                  = true

      string_attribute_constraints {
        min_length = "0"
        max_length = "256"
      }
    }
  }

  lifecycle {
    prevent_destroy = true

    precondition {
      condition     = var.threat_protection == "OFF" || var.tier == "PLUS"
      error_message = "threat_protection needs user_pool_tier PLUS: AWS refuses it on the cheaper plans."
    }

    precondition {
      condition     = var.triggers.token_event == "V1_0" || var.tier != "LITE"
      error_message = "Token events V2_0 and V3_0 need user_pool_tier ESSENTIALS or PLUS. On LITE set user_pool.token_event in stack.yaml to V1_0: roles then reach access tokens as groups alone."
    }

    precondition {
      condition     = var.triggers.timeout < 5
      error_message = "The function of the triggers needs a timeout under 5 s: Cognito then starts a second one beside the first."
    }

    precondition {
      condition     = var.mail != null || !var.production
      error_message = "A production needs mail: Cognito's own sender mails 50 times a day, and then nobody can sign up or reset a password. Verify an identity with SES and name it in the variable mail."
    }

    precondition {
      condition     = !contains(var.mfa_methods, "email") || var.mail != null && var.tier != "LITE"
      error_message = "A second factor by e-mail needs mail, and user_pool_tier ESSENTIALS or PLUS."
    }

    precondition {
      condition     = var.passkeys == null || var.user_pool.mfa == "OPTIONAL"
      error_message = "passkeys need user_pool.mfa OPTIONAL in stack.yaml: Cognito takes none where everybody has a second factor."
    }

    precondition {
      condition     = var.refresh_token_rotation == null || var.tier != "LITE"
      error_message = "refresh_token_rotation needs user_pool_tier ESSENTIALS or PLUS."
    }

    precondition {
      condition     = var.passkeys == null || var.tier != "LITE"
      error_message = "passkeys need user_pool_tier ESSENTIALS or PLUS: LITE knows passwords only."
    }
  }
}

resource "aws_cognito_resource_server" "this" {
  user_pool_id = aws_cognito_user_pool.this.id
  identifier   = var.user_pool.resource_server.identifier
  name         = var.user_pool.resource_server.identifier

  dynamic "scope" {
    for_each = var.user_pool.resource_server.scopes

    content {
      scope_name        = scope.key
      scope_description = scope.value
    }
  }
}

locals {
  # Whoever gets a second factor by e-mail is sent nothing else there to recover by, and Cognito wants
  # another way to stand beside. Nobody can write a telephone number here: an admin helps them.
  recovery = distinct(concat(
    [var.user_pool.account_recovery],
    contains(var.mfa_methods, "email") && var.user_pool.account_recovery != "admin_only" ? ["verified_email", "verified_phone_number"] : [],
  ))

  # Sent where the function of the triggers has no text of its own.
  code_mail = {
    subject = "Your sign-in code"
    message = "Your code is {####}. It works for a few minutes. If you did not sign in, change your password."
  }
}

# Cognito sends text messages by the account's SNS.
resource "aws_iam_role" "text_messages" {
  for_each = toset(contains(var.mfa_methods, "sms") ? ["sms"] : [])

  name        = "${var.prefix}-text-messages"
  description = "The user pool sends codes by text message."

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "cognito-idp.amazonaws.com" }
      Condition = { StringEquals = { "sts:ExternalId" = var.prefix, "aws:SourceAccount" = var.account_id } }
    }]
  })

  # A pool keeps text messages once it has them, and with a role that is gone no change of it would pass.
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_iam_role_policy" "text_messages" {
  for_each = aws_iam_role.text_messages

  name = "send"
  role = each.value.id

  # To telephones, which have no ARN, and to no topic.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect      = "Allow"
      Action      = ["sns:Publish"]
      NotResource = ["arn:${var.partition}:sns:*:*:*"]
    }]
  })

  lifecycle {
    prevent_destroy = true
  }
}

# What threat protection does about what it sees. In AUDIT it only writes it down.
resource "aws_cognito_risk_configuration" "this" {
  for_each = { for mail in var.threat_protection == "ENFORCED" && var.mail != null ? [var.mail] : [] : "pool" => mail }

  user_pool_id = aws_cognito_user_pool.this.id

  compromised_credentials_risk_configuration {
    event_filter = ["PASSWORD_CHANGE", "SIGN_IN", "SIGN_UP"]

    actions {
      event_action = "BLOCK"
    }
  }

  account_takeover_risk_configuration {
    notify_configuration {
      from       = each.value.from
      source_arn = each.value.identity_arn
    }

    actions {
      low_action {
        event_action = "NO_ACTION"
        notify       = false
      }

      medium_action {
        event_action = "MFA_IF_CONFIGURED"
        notify       = true
      }

      high_action {
        event_action = "BLOCK"
        notify       = true
      }
    }
  }
}

# Roles are in our table, and no group of the pool gives one. These are for what else reads tokens.
resource "aws_cognito_user_group" "this" {
  for_each = var.groups

  user_pool_id = aws_cognito_user_pool.this.id
  name         = each.key
  description  = each.value
}
