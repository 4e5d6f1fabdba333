# The module that holds people: what it promises whatever its caller asks.

mock_provider "aws" {
  source = "./tests/mocks"
  # Known while planning: nothing that says prevent_destroy could be torn down after an apply.
  override_during = plan
}

# For CloudFront.
mock_provider "aws" {
  alias           = "us_east_1"
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  prefix              = "vestibule-test"
  partition           = "aws"
  account_id          = "123456789012"
  production          = false
  tier                = "ESSENTIALS"
  threat_protection   = "OFF"
  deletion_protection = true
  triggers            = { function_arn = "arn:aws:lambda:us-east-1:123456789012:function:t", timeout = 4, token_event = "V2_0" }

  user_pool = {
    sign_in                 = "email"
    case_sensitive          = false
    required_attributes     = ["email", "name"]
    custom_attributes       = ["account_type"]
    client_writes           = ["email", "name", "custom:account_type"]
    password_minimum_length = 12
    mfa                     = "OPTIONAL"
    account_recovery        = "verified_email"
    verify_before_update    = ["email"]
    token_minutes           = { access = 15, id = 15 }
    refresh_token_days      = 30
    password_flow           = false
    resource_server         = { identifier = "vestibule", scopes = { api = "Call the API." } }
    custom_auth             = false
    auth_session_minutes    = 5
  }
}

run "the_pool_and_its_client_keep_their_promises" {
  command = plan

  module {
    source = "./modules/identity"
  }

  assert {
    condition     = aws_cognito_user_pool.this.deletion_protection == "ACTIVE"
    error_message = "AWS refuses to delete the pool."
  }

  assert {
    condition     = aws_cognito_user_pool.this.username_configuration[0].case_sensitive == false && aws_cognito_user_pool.this.username_attributes == toset(["email"])
    error_message = "People sign in by e-mail, whatever its case."
  }

  assert {
    condition     = aws_cognito_user_pool.this.user_attribute_update_settings[0].attributes_require_verification_before_update == toset(["email"])
    error_message = "A new address counts once it is verified."
  }

  assert {
    condition = [for rule in [
      aws_cognito_user_pool.this.password_policy[0].require_lowercase,
      aws_cognito_user_pool.this.password_policy[0].require_uppercase,
      aws_cognito_user_pool.this.password_policy[0].require_numbers,
      aws_cognito_user_pool.this.password_policy[0].require_symbols,
    ] : rule] == [false, false, false, false] && aws_cognito_user_pool.this.password_policy[0].minimum_length == 12
    error_message = "Passwords are long, not composed."
  }

  assert {
    condition     = aws_cognito_user_pool.this.mfa_configuration == "OPTIONAL" && aws_cognito_user_pool.this.software_token_mfa_configuration[0].enabled
    error_message = "A second factor is offered."
  }

  assert {
    condition     = [for each in aws_cognito_user_pool.this.account_recovery_setting[0].recovery_mechanism : each.name] == ["verified_email"]
    error_message = "Accounts are recovered by verified e-mail."
  }

  assert {
    condition     = length(aws_cognito_user_pool.this.user_pool_add_ons) == 0
    error_message = "Threat protection stays away unless asked for."
  }

  assert {
    condition     = aws_cognito_user_pool_client.web.explicit_auth_flows == toset(["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"])
    error_message = "No password is ever sent, unless asked for."
  }

  assert {
    condition = !aws_cognito_user_pool_client.web.allowed_oauth_flows_user_pool_client && alltrue([
      for said in [
        aws_cognito_user_pool_client.web.allowed_oauth_flows, aws_cognito_user_pool_client.web.allowed_oauth_scopes,
        aws_cognito_user_pool_client.web.callback_urls, aws_cognito_user_pool_client.web.logout_urls,
      ] : length(said) == 0
    ])
    error_message = "Without pages none are open, whatever there was before."
  }

  assert {
    condition     = aws_cognito_user_pool_client.web.prevent_user_existence_errors == "ENABLED" && aws_cognito_user_pool_client.web.enable_token_revocation
    error_message = "Nobody learns who has an account, and tokens can be revoked."
  }

  assert {
    condition     = aws_cognito_user_pool_client.web.write_attributes == toset(["email", "name", "custom:account_type"])
    error_message = "The client writes what stack.yaml lists."
  }

  assert {
    condition     = aws_cognito_user_pool_client.web.access_token_validity == 15 && aws_cognito_user_pool_client.web.refresh_token_validity == 30 && aws_cognito_user_pool_client.web.token_validity_units[0].access_token == "minutes"
    error_message = "Tokens live for 15 minutes, sign-ins for 30 days."
  }

  assert {
    condition     = !aws_cognito_identity_pool.this.allow_unauthenticated_identities && !aws_cognito_identity_pool.this.allow_classic_flow && toset(keys(aws_iam_role.identity)) == toset(["authenticated", "unauthenticated"])
    error_message = "Only people who signed in get AWS credentials."
  }

  assert {
    condition = toset([
      for name in [
        "create_auth_challenge", "custom_message", "define_auth_challenge", "post_authentication", "post_confirmation",
        "pre_authentication", "pre_sign_up", "pre_token_generation", "user_migration", "verify_auth_challenge_response",
      ] : aws_cognito_user_pool.this.lambda_config[0][name]
    ]) == toset([var.triggers.function_arn])
    error_message = "Every classic trigger goes to the one function."
  }

  assert {
    condition = [
      for each in aws_cognito_user_pool.this.lambda_config[0].pre_token_generation_config : "${each.lambda_version} ${each.lambda_arn}"
    ] == ["V2_0 ${var.triggers.function_arn}"]
    error_message = "Token events have the version that reaches access tokens."
  }
}

run "all_that_people_can_be_offered_is_there_when_asked_for" {
  command = plan

  module {
    source = "./modules/identity"
  }

  variables {
    user_pool              = merge(var.user_pool, { password_flow = true, custom_auth = true })
    tier                   = "PLUS"
    threat_protection      = "ENFORCED"
    mfa_methods            = ["email", "sms", "totp"]
    mail                   = { from = "hello@example.com", identity_arn = "arn:aws:ses:us-east-1:123456789012:identity/example.com" }
    passkeys               = { relying_party_id = "example.com", user_verification = "required" }
    refresh_token_rotation = 10
    server_client          = true
    role_arns              = { admin = "arn:aws:iam::123456789012:role/operators" }
    groups                 = { testers = "People who see new things first." }

    sign_in_pages = { callback_urls = ["https://example.com/"], logout_urls = ["https://example.com/bye"] }
    identity_providers = {
      Google = {
        type       = "Google"
        details    = { client_id = "some.apps.googleusercontent.com" }
        attributes = { email = "email", email_verified = "email_verified", name = "name", username = "sub" }
      }
    }
    identity_provider_secrets = { Google = "secret" }
  }

  assert {
    condition     = contains(aws_cognito_user_pool_client.web.explicit_auth_flows, "ALLOW_USER_PASSWORD_AUTH")
    error_message = "Migration needs the password flow."
  }

  assert {
    condition     = contains(aws_cognito_user_pool_client.web.explicit_auth_flows, "ALLOW_CUSTOM_AUTH") && aws_cognito_user_pool_client.web.auth_session_validity == 5
    error_message = "A code may take five minutes."
  }

  assert {
    condition = [
      for each in aws_cognito_user_pool.this.email_configuration : "${each.email_sending_account} ${each.from_email_address} ${each.source_arn}"
    ] == ["DEVELOPER hello@example.com arn:aws:ses:us-east-1:123456789012:identity/example.com"]
    error_message = "Cognito mails by SES, as the address."
  }

  assert {
    condition     = aws_cognito_user_pool.this.user_pool_add_ons[0].advanced_security_mode == "ENFORCED"
    error_message = "Threat protection reaches the pool."
  }

  assert {
    condition = alltrue([
      aws_cognito_risk_configuration.this["pool"].compromised_credentials_risk_configuration[0].actions[0].event_action == "BLOCK",
      aws_cognito_risk_configuration.this["pool"].account_takeover_risk_configuration[0].actions[0].high_action[0].event_action == "BLOCK",
      aws_cognito_user_pool.this.user_pool_add_ons[0].advanced_security_additional_flows[0].custom_auth_mode == "ENFORCED",
    ])
    error_message = "Leaked passwords and taken accounts are stopped, with codes by mail too."
  }

  assert {
    condition = alltrue([
      aws_cognito_user_pool.this.software_token_mfa_configuration[0].enabled,
      strcontains(aws_cognito_user_pool.this.email_mfa_configuration[0].message, "{####}"),
      aws_cognito_user_pool.this.sms_configuration[0].external_id == "vestibule-test",
    ])
    error_message = "Each that is named is offered."
  }

  assert {
    condition     = { for each in aws_cognito_user_pool.this.account_recovery_setting[0].recovery_mechanism : each.name => each.priority } == { verified_email = 1, verified_phone_number = 2 }
    error_message = "Beside a second factor by e-mail Cognito wants another way to recover."
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.text_messages["sms"].policy).Statement[0].NotResource == ["arn:aws:sns:*:*:*"] && jsondecode(aws_iam_role.text_messages["sms"].assume_role_policy).Statement[0].Condition.StringEquals["sts:ExternalId"] == "vestibule-test"
    error_message = "The pool alone sends, to telephones alone."
  }

  assert {
    condition = alltrue([
      aws_cognito_user_pool.this.sign_in_policy[0].allowed_first_auth_factors == toset(["PASSWORD", "WEB_AUTHN"]),
      aws_cognito_user_pool.this.web_authn_configuration[0].relying_party_id == "example.com",
      aws_cognito_user_pool.this.web_authn_configuration[0].user_verification == "required",
      contains(aws_cognito_user_pool_client.web.explicit_auth_flows, "ALLOW_USER_AUTH"),
    ])
    error_message = "A passkey will do, and a password still does."
  }

  assert {
    condition     = aws_cognito_user_pool_client.server["server"].explicit_auth_flows == toset(["ALLOW_REFRESH_TOKEN_AUTH"]) && aws_cognito_user_pool_client.server["server"].allowed_oauth_flows == toset(["client_credentials"])
    error_message = "A program gets tokens of its own, and nobody signs in by its client."
  }

  assert {
    condition     = aws_cognito_user_pool_client.web.refresh_token_rotation[0].feature == "ENABLED" && aws_cognito_user_pool_client.web.refresh_token_rotation[0].retry_grace_period_seconds == 10 && !contains(aws_cognito_user_pool_client.web.explicit_auth_flows, "ALLOW_REFRESH_TOKEN_AUTH")
    error_message = "Cognito refuses rotation beside the older way."
  }

  assert {
    condition = alltrue([
      aws_cognito_user_pool_client.web.supported_identity_providers == toset(["COGNITO", "Google"]),
      aws_cognito_user_pool_client.web.allowed_oauth_flows == toset(["code"]),
      aws_cognito_user_pool_client.web.allowed_oauth_scopes == toset(["openid", "email", "profile", "aws.cognito.signin.user.admin", "vestibule/api"]),
      aws_cognito_user_pool_client.web.callback_urls == toset(["https://example.com/"]),
    ])
    error_message = "The web client knows the way there and back, and takes codes alone."
  }

  assert {
    condition     = nonsensitive(aws_cognito_identity_provider.this["Google"].provider_details["client_secret"] == "secret" && aws_cognito_identity_provider.this["Google"].provider_details["authorize_scopes"] == "openid email profile")
    error_message = "Google knows who asks, and for what."
  }

  assert {
    condition = alltrue([
      aws_cognito_user_pool_client.server["server"].generate_secret,
      aws_cognito_user_pool_client.server["server"].allowed_oauth_flows == toset(["client_credentials"]),
      aws_cognito_user_pool_client.server["server"].allowed_oauth_scopes == toset(["vestibule/api"]),
    ])
    error_message = "It comes as itself, for our scope alone."
  }

  assert {
    condition = [for mapping in aws_cognito_identity_pool_roles_attachment.this.role_mapping : [
      mapping.type, mapping.ambiguous_role_resolution, mapping.mapping_rule[0].claim, mapping.mapping_rule[0].match_type, mapping.mapping_rule[0].value, mapping.mapping_rule[0].role_arn,
    ]] == [["Rules", "AuthenticatedRole", "role", "Equals", "admin", "arn:aws:iam::123456789012:role/operators"]]
    error_message = "An admin takes that role, everybody else the usual one."
  }

  assert {
    condition     = aws_cognito_user_group.this["testers"].role_arn == null
    error_message = "A group gives no role."
  }
}

run "the_lite_tier_takes_the_first_token_events" {
  command = plan

  module {
    source = "./modules/identity"
  }

  variables {
    tier     = "LITE"
    triggers = merge(var.triggers, { token_event = "V1_0" })
  }

  assert {
    condition     = aws_cognito_user_pool.this.user_pool_tier == "LITE"
    error_message = "V1_0 works everywhere."
  }
}

# Each rule of the pool has a run of its own: terraform tells that something was refused, not why.

run "token_events_for_access_tokens_are_refused_on_the_lite_tier" {
  command = plan
  module { source = "./modules/identity" }
  variables { tier = "LITE" }
  expect_failures = [aws_cognito_user_pool.this]
}

run "triggers_that_outlast_cognitos_patience_are_refused" {
  command = plan
  module { source = "./modules/identity" }
  variables { triggers = merge(var.triggers, { timeout = 5 }) }
  expect_failures = [aws_cognito_user_pool.this]
}

run "threat_protection_is_refused_on_a_cheaper_tier" {
  command = plan
  module { source = "./modules/identity" }
  variables { threat_protection = "ENFORCED" }
  expect_failures = [aws_cognito_user_pool.this]
}

run "the_default_sender_is_refused_where_people_are" {
  command = plan
  module { source = "./modules/identity" }
  variables { production = true }
  expect_failures = [aws_cognito_user_pool.this]
}

run "a_second_factor_by_mail_without_a_sender_is_refused" {
  command = plan
  module { source = "./modules/identity" }
  variables { mfa_methods = ["email"] }
  expect_failures = [aws_cognito_user_pool.this]
}

run "passkeys_are_refused_on_the_lite_tier" {
  command = plan
  module { source = "./modules/identity" }
  variables {
    tier     = "LITE"
    triggers = merge(var.triggers, { token_event = "V1_0" })
    passkeys = { relying_party_id = "example.com", user_verification = "preferred" }
  }

  expect_failures = [aws_cognito_user_pool.this]
}

run "passkeys_are_refused_where_everybody_has_a_second_factor" {
  command = plan
  module { source = "./modules/identity" }
  variables {
    user_pool = merge(var.user_pool, { mfa = "ON" })
    passkeys  = { relying_party_id = "example.com", user_verification = "preferred" }
  }

  expect_failures = [aws_cognito_user_pool.this]
}

run "new_refresh_tokens_at_each_use_are_refused_on_the_lite_tier" {
  command = plan
  module { source = "./modules/identity" }
  variables {
    tier                   = "LITE"
    triggers               = merge(var.triggers, { token_event = "V1_0" })
    refresh_token_rotation = 10
  }

  expect_failures = [aws_cognito_user_pool.this]
}

run "a_provider_without_pages_to_come_back_by_is_refused" {
  command = plan
  module { source = "./modules/identity" }
  variables { identity_providers = { Google = { type = "Google", details = { client_id = "x" }, attributes = { email = "email" } } } }
  expect_failures = [aws_cognito_user_pool_client.web]
}

# These rules stand in variables: planned alone, they need no provider.

run "names_that_differ_by_case_are_refused" {
  command = plan
  module { source = "./tests/fixtures/user_pool" }
  variables { user_pool = merge(var.user_pool, { case_sensitive = true }) }
  expect_failures = [var.user_pool]
}

run "short_passwords_are_refused" {
  command = plan
  module { source = "./tests/fixtures/user_pool" }
  variables { user_pool = merge(var.user_pool, { password_minimum_length = 11 }) }
  expect_failures = [var.user_pool]
}

run "tokens_of_more_than_an_hour_are_refused" {
  command = plan
  module { source = "./tests/fixtures/user_pool" }
  variables { user_pool = merge(var.user_pool, { token_minutes = { access = 15, id = 61 } }) }
  expect_failures = [var.user_pool]
}

run "sign_ins_of_more_than_ten_years_and_no_second_factor_to_choose_are_refused" {
  command = plan
  module { source = "./tests/fixtures/user_pool" }
  variables {
    user_pool   = merge(var.user_pool, { refresh_token_days = 3651 })
    mfa_methods = []
    role_arns   = { for number in range(26) : tostring(number) => "arn:aws:iam::123456789012:role/operators" }
  }

  expect_failures = [var.user_pool, var.mfa_methods, var.role_arns]
}

run "a_pool_without_a_second_factor_is_refused" {
  command = plan
  module { source = "./tests/fixtures/user_pool" }
  variables { user_pool = merge(var.user_pool, { mfa = "OFF" }) }
  expect_failures = [var.user_pool]
}

run "the_table_is_kept_recoverable_and_copied" {
  command = plan

  module {
    source = "./modules/data"
  }

  variables {
    name             = "vestibule-test"
    region           = "us-east-1"
    secondary_region = "us-west-2"
    table = {
      key                    = { partition = "pk", sort = "sk" }
      indexes                = { gsi1 = { key = { partition = "gsi1pk", sort = "gsi1sk" }, projection = ["userId"] } }
      stream                 = "NEW_AND_OLD_IMAGES"
      ttl                    = "expiresAt"
      point_in_time_recovery = true
    }
  }

  assert {
    condition     = aws_dynamodb_table.this.deletion_protection_enabled && aws_dynamodb_table.this.point_in_time_recovery[0].enabled && aws_dynamodb_table.this.server_side_encryption[0].enabled
    error_message = "The table is protected, recoverable and encrypted."
  }

  assert {
    condition     = aws_dynamodb_table.this.billing_mode == "PAY_PER_REQUEST" && aws_dynamodb_table.this.stream_view_type == "NEW_AND_OLD_IMAGES"
    error_message = "The table is on demand and tells of its changes."
  }

  assert {
    condition     = toset([for each in aws_dynamodb_table.this.attribute : each.name]) == toset(["pk", "sk", "gsi1pk", "gsi1sk"])
    error_message = "Keys, and only keys, are declared."
  }

  assert {
    condition     = [for each in aws_dynamodb_table.this.replica : "${each.region_name} ${each.point_in_time_recovery}"] == ["us-west-2 true"]
    error_message = "The copy is recoverable too."
  }
}

run "a_table_may_have_keys_and_backups_of_its_own" {
  command = plan

  module {
    source = "./modules/data"
  }

  variables {
    name             = "vestibule-test"
    region           = "us-east-1"
    secondary_region = "us-west-2"
    key_arn          = "arn:aws:kms:us-east-1:123456789012:key/one"
    replica_key_arn  = "arn:aws:kms:us-west-2:123456789012:key/two"
    backup           = { schedule = "0 5 * * ? *", keep_days = 90 }
    table = {
      key                    = { partition = "pk", sort = "sk" }
      stream                 = "NEW_AND_OLD_IMAGES"
      ttl                    = "expiresAt"
      point_in_time_recovery = true
    }
  }

  assert {
    condition     = aws_dynamodb_table.this.server_side_encryption[0].kms_key_arn == var.key_arn && [for each in aws_dynamodb_table.this.replica : each.kms_key_arn] == [var.replica_key_arn]
    error_message = "Each region has its key."
  }

  assert {
    condition     = [for rule in aws_backup_plan.this["table"].rule : [rule.schedule, tostring(rule.lifecycle[0].delete_after)]] == [["cron(0 5 * * ? *)", "90"]]
    error_message = "A copy a day, for ninety days."
  }
}

run "a_copy_without_a_key_beside_a_table_with_one_is_refused" {
  command = plan
  module { source = "./modules/data" }
  variables {
    name             = "vestibule-test"
    region           = "us-east-1"
    secondary_region = "us-west-2"
    key_arn          = "arn:aws:kms:us-east-1:123456789012:key/one"
    table            = { key = { partition = "pk", sort = "sk" }, stream = "NEW_AND_OLD_IMAGES", ttl = "expiresAt", point_in_time_recovery = true }
  }

  expect_failures = [aws_dynamodb_table.this]
}

run "a_key_of_another_region_is_refused" {
  command = plan
  module { source = "./modules/data" }
  variables {
    name    = "vestibule-test"
    region  = "us-east-1"
    key_arn = "arn:aws:kms:eu-west-1:123456789012:key/one"
    table   = { key = { partition = "pk", sort = "sk" }, stream = "NEW_AND_OLD_IMAGES", ttl = "expiresAt", point_in_time_recovery = true }
  }

  expect_failures = [aws_dynamodb_table.this]
}
