# Values that would do harm, or that AWS would refuse late, are refused here.
#
# The rules stand in the variables alone, so these are planned alone: no provider is started.
# Each run breaks every variable in one way more. A variable whose rules ask for another one is
# looked at only where that other one is right.

run "values_that_cannot_be_are_refused" {
  command = plan

  module {
    source = "./tests/fixtures/variables"
  }

  variables {
    region                 = "Frankfurt"
    environment            = "Prod"
    environment_suffix     = "pr12"
    package_path           = "no-such.zip"
    service_version        = "1 2"
    architecture           = "mips"
    runtime                = "python3.9"
    functions              = { nobody = { memory = 512 } }
    throttle               = { rate = 0, burst = 1 }
    log_retention_days     = 10
    token_minutes          = { access = 61 }
    refresh_token_days     = 366
    user_pool_tier         = "FREE"
    threat_protection      = "MAYBE"
    tags                   = { Environment = "x" }
    mail                   = { identity = "Example", from = "hello@Example" }
    user_service_url       = "http://users.example.com/api/v1/users"
    site_url               = "http://example.com"
    secrets                = ["passwords"]
    user_service_network   = { subnet_ids = ["private"], security_group_ids = ["sg-1"] }
    mfa_methods            = []
    passkeys               = { relying_party_id = "https://example.com" }
    refresh_token_rotation = 61
    groups                 = { admin = "Not by a group." }
    role_arns              = { admin = "operators" }
    identity_providers     = { Google = { type = "Google", details = { client_secret = "s" }, attributes = { email = "email" } } }
    keys                   = { table = "alias/mine" }
    canary                 = { share = 1, stable = { api = "3" } }
    backup                 = { schedule = "daily" }
    method_throttles       = { "PATCH /profiles" = { rate = 1, burst = 1 } }
    usage_plan             = { methods = ["post /vpcs"], requests_per_day = 0 }
    firewall               = { requests_per_address = 100, sign_ups_per_address = 200 }
  }

  expect_failures = [
    var.region, var.environment, var.environment_suffix, var.package_path, var.service_version, var.architecture, var.runtime, var.functions,
    var.throttle, var.log_retention_days, var.token_minutes, var.refresh_token_days, var.user_pool_tier, var.threat_protection, var.tags,
    var.mail, var.user_service_url, var.site_url, var.secrets, var.user_service_network, var.mfa_methods, var.passkeys,
    var.refresh_token_rotation, var.groups, var.role_arns, var.identity_providers, var.keys, var.canary, var.backup, var.method_throttles,
    var.usage_plan, var.firewall,
  ]
}

run "what_production_and_good_sense_forbid_is_refused" {
  command = plan

  module {
    source = "./tests/fixtures/variables"
  }

  variables {
    environment          = "prod"
    deletion_protection  = false
    secondary_region     = "us-east-1"
    functions            = { api = { memory = 64 } }
    throttle             = { rate = 1, burst = 5001 }
    log_retention_days   = 0
    token_minutes        = { id = 4 }
    refresh_token_days   = 0
    mail                 = { identity = "example.com", from = "hello@other.example" }
    user_service_url     = "https://me:secret@users.example.com/"
    site_url             = "https://example.com/"
    user_service_network = { subnet_ids = [], security_group_ids = ["sg-1"] }
    passkeys             = { relying_party_id = "example.com", user_verification = "discouraged" }
    sign_in_domain       = { prefix = "people" }
    sign_in_pages        = { callback_urls = ["http://localhost:3000/"] }
    identity_providers   = { Google = { type = "Google", details = {}, attributes = { email = "email", "custom:account_type" = "hd" } } }
    publish_versions     = false
    canary               = { share = 0.1, stable = { api = "3" } }
    backup               = { keep_days = 0 }
    method_throttles     = { "POST /vpcs" = { rate = 0, burst = 1 } }
    firewall             = { requests_per_address = 100, sign_ups_per_address = 9, resets_per_address = 10 }
  }

  expect_failures = [
    var.deletion_protection, var.secondary_region, var.functions, var.throttle, var.log_retention_days, var.token_minutes,
    var.refresh_token_days, var.mail, var.user_service_url, var.site_url, var.user_service_network, var.passkeys, var.sign_in_pages,
    var.identity_providers, var.canary, var.backup, var.method_throttles, var.firewall,
  ]
}

run "pages_that_send_codes_anywhere_and_hosts_that_are_addresses_are_refused" {
  command = plan

  module {
    source = "./tests/fixtures/variables"
  }

  variables {
    secondary_region     = "Oregon"
    functions            = { api = { timeout = 901 } }
    outbound_hosts       = ["https://users.example.com"]
    sign_in_domain       = { prefix = "people" }
    sign_in_pages        = { callback_urls = ["https://*.example.com/"] }
    identity_providers   = { Google = { type = "Google", details = {}, attributes = { name = "name" } } }
    canary               = { share = 0.1, stable = { api = "newest" } }
    user_service_network = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"], endpoints = { vpc_id = "main", route_table_ids = ["rtb-1"] } }
    tags                 = { "aws:mine" = "x" }
    mail                 = { identity = "example.com" }
  }

  expect_failures = [
    var.secondary_region, var.functions, var.outbound_hosts, var.sign_in_pages, var.identity_providers, var.canary,
    var.user_service_network, var.tags, var.mail,
  ]
}

run "what_needs_something_else_is_refused_without_it" {
  command = plan

  module {
    source = "./tests/fixtures/variables"
  }

  variables {
    functions          = { api = { concurrency = 0 } }
    user_service_url   = "https://users.example.com/api/v1/users"
    outbound_hosts     = ["crm.example.com", ".other.example.com"]
    sign_in_pages      = { callback_urls = ["https://example.com/"] }
    server_client      = true
    identity_providers = { Other = { type = "Kerberos", details = {}, attributes = { email = "email" } } }
    canary             = { share = 0.1, stable = { nobody = "3" } }
    usage_plan         = { methods = [], requests_per_day = 10 }
    domain_name        = "example.com"
    zone               = { id = "Z0123456789ABCDEFGHIJ" }
    mail               = { identity = "example.org", from = "hello@example.org", create = true }
  }

  expect_failures = [var.functions, var.outbound_hosts, var.sign_in_pages, var.server_client, var.identity_providers, var.canary, var.usage_plan, var.mail]
}

run "triggers_slower_than_cognito_waits_and_pages_without_a_way_back_are_refused" {
  command = plan

  module {
    source = "./tests/fixtures/variables"
  }

  variables {
    functions      = { triggers = { timeout = 10 } }
    sign_in_domain = { prefix = "people" }
    sign_in_pages  = { callback_urls = [] }
    domain_name    = "example.com"
    zone           = { create = true }
    mail           = { identity = "example.com", from = "hello@example.com", create = true }
  }

  expect_failures = [var.functions, var.sign_in_pages, var.mail]
}
