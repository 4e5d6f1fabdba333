locals {
  scopes = [for scope in keys(var.user_pool.resource_server.scopes) : "${var.user_pool.resource_server.identifier}/${scope}"]

  # What Cognito reads back for Google: left out, every plan would change it.
  usual_details = {
    Google = {
      attributes_url                = "https://people.googleapis.com/v1/people/me?personFields="
      attributes_url_add_attributes = "true"
      authorize_scopes              = "openid email profile"
      authorize_url                 = "https://accounts.google.com/o/oauth2/v2/auth"
      oidc_issuer                   = "https://accounts.google.com"
      token_request_method          = "POST"
      token_url                     = "https://www.googleapis.com/oauth2/v4/token"
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
  supported_identity_providers  = concat(["COGNITO"], [for provider in aws_cognito_identity_provider.this : provider.provider_name])

  explicit_auth_flows = concat(
    ["ALLOW_USER_SRP_AUTH"],
    # A token that changes at every use is renewed by a call of its own; Cognito refuses both.
    var.refresh_token_rotation == null ? ["ALLOW_REFRESH_TOKEN_AUTH"] : [],
    var.user_pool.password_flow ? ["ALLOW_USER_PASSWORD_AUTH"] : [],
    var.user_pool.custom_auth ? ["ALLOW_CUSTOM_AUTH"] : [],
    var.passkeys == null ? [] : ["ALLOW_USER_AUTH"],
  )

  # The code flow alone: no token ever stands in an address. What is not said stays as it was: without
  # pages all of it is said to be nothing.
  allowed_oauth_flows_user_pool_client = var.sign_in_pages != null
  allowed_oauth_flows                  = var.sign_in_pages == null ? [] : ["code"]
  allowed_oauth_scopes                 = var.sign_in_pages == null ? [] : concat(["openid", "email", "profile", "aws.cognito.signin.user.admin"], local.scopes)
  callback_urls                        = try(var.sign_in_pages.callback_urls, [])
  logout_urls                          = try(var.sign_in_pages.logout_urls, [])

  access_token_validity  = var.user_pool.token_minutes.access
  id_token_validity      = var.user_pool.token_minutes.id
  refresh_token_validity = var.user_pool.refresh_token_days
  auth_session_validity  = var.user_pool.auth_session_minutes

  token_validity_units {
    access_token  = "minutes"
    id_token      = "minutes"
    refresh_token = "days"
  }

  dynamic "refresh_token_rotation" {
    for_each = var.refresh_token_rotation == null ? [] : [var.refresh_token_rotation]

    content {
      feature                    = "ENABLED"
      retry_grace_period_seconds = refresh_token_rotation.value
    }
  }

  # What decides rights is never here: no client may write it.
  write_attributes = var.user_pool.client_writes
  read_attributes  = distinct(concat(["email_verified"], var.user_pool.client_writes))

  lifecycle {
    precondition {
      condition     = length(var.identity_providers) == 0 || var.sign_in_pages != null
      error_message = "identity_providers need sign_in_pages: people come back from Google by way of Cognito's pages."
    }
  }

  depends_on = [aws_cognito_resource_server.this]
}

# For a program that calls the API as itself. It is no person: a person's routes refuse it.
resource "aws_cognito_user_pool_client" "server" {
  for_each = toset(var.server_client ? ["server"] : [])

  name         = "${var.prefix}-server"
  user_pool_id = aws_cognito_user_pool.this.id

  generate_secret               = true
  prevent_user_existence_errors = "ENABLED"
  enable_token_revocation       = true
  # Nobody signs in by it. With none at all Cognito would allow what it usually does.
  explicit_auth_flows                  = ["ALLOW_REFRESH_TOKEN_AUTH"]
  supported_identity_providers         = ["COGNITO"]
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_flows                  = ["client_credentials"]
  allowed_oauth_scopes                 = local.scopes
  access_token_validity                = var.user_pool.token_minutes.access

  token_validity_units {
    access_token = "minutes"
  }

  depends_on = [aws_cognito_resource_server.this]
}

resource "aws_cognito_identity_provider" "this" {
  for_each = var.identity_providers

  user_pool_id      = aws_cognito_user_pool.this.id
  provider_name     = each.key
  provider_type     = each.value.type
  attribute_mapping = each.value.attributes

  provider_details = merge(lookup(local.usual_details, each.value.type, {}), each.value.details, {
    for key, secret in var.identity_provider_secrets : "client_secret" => secret if key == each.key
  })
}
