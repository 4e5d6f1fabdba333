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
    recovery_mechanism {
      name     = var.user_pool.account_recovery
      priority = 1
    }
  }

  user_attribute_update_settings {
    attributes_require_verification_before_update = var.user_pool.verify_before_update
  }

  software_token_mfa_configuration {
    enabled = true
  }

  dynamic "email_configuration" {
    for_each = var.mail == null ? [] : [var.mail]

    content {
      email_sending_account = "DEVELOPER"
      source_arn            = email_configuration.value.identity_arn
      from_email_address    = email_configuration.value.from
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

resource "aws_cognito_user_pool_client" "web" {
  name         = "${var.prefix}-web"
  user_pool_id = aws_cognito_user_pool.this.id

  # A browser cannot keep a secret.
  generate_secret               = false
  prevent_user_existence_errors = "ENABLED"
  enable_token_revocation       = true
  supported_identity_providers  = ["COGNITO"]

  explicit_auth_flows = concat(
    ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"],
    var.user_pool.password_flow ? ["ALLOW_USER_PASSWORD_AUTH"] : [],
    var.user_pool.custom_auth ? ["ALLOW_CUSTOM_AUTH"] : [],
  )

  access_token_validity  = var.user_pool.token_minutes.access
  id_token_validity      = var.user_pool.token_minutes.id
  refresh_token_validity = var.user_pool.refresh_token_days
  auth_session_validity  = var.user_pool.auth_session_minutes

  token_validity_units {
    access_token  = "minutes"
    id_token      = "minutes"
    refresh_token = "days"
  }

  # What decides rights is never here: no client may write it.
  write_attributes = var.user_pool.client_writes
  read_attributes  = distinct(concat(["email_verified"], var.user_pool.client_writes))

  depends_on = [aws_cognito_resource_server.this]
}

resource "aws_cognito_identity_pool" "this" {
  identity_pool_name               = var.prefix
  allow_unauthenticated_identities = false
  allow_classic_flow               = false

  cognito_identity_providers {
    client_id               = aws_cognito_user_pool_client.web.id
    provider_name           = aws_cognito_user_pool.this.endpoint
    server_side_token_check = true
  }
}

# Cognito wants both roles. The unauthenticated one has no policy, so it may do nothing.
resource "aws_iam_role" "identity" {
  for_each = toset(["authenticated", "unauthenticated"])

  name        = "${var.prefix}-${each.key}"
  description = each.key == "authenticated" ? "People who signed in, at the API's signed routes." : "People who did not sign in. May do nothing."

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = "cognito-identity.amazonaws.com" }
      Condition = {
        StringEquals             = { "cognito-identity.amazonaws.com:aud" = aws_cognito_identity_pool.this.id }
        "ForAnyValue:StringLike" = { "cognito-identity.amazonaws.com:amr" = each.key }
      }
    }]
  })
}

resource "aws_cognito_identity_pool_roles_attachment" "this" {
  identity_pool_id = aws_cognito_identity_pool.this.id
  roles            = { for key, role in aws_iam_role.identity : key => role.arn }
}
