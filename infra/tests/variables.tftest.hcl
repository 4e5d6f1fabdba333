# Values that would do harm, or that AWS would refuse late, are refused here.

mock_provider "aws" {
  # The ARNs that are built from them must pass the provider's own checks.
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

variables {
  environment  = "test"
  package_path = "README.md"
}

run "a_region_that_is_none_is_refused" {
  command = plan

  variables {
    region = "Frankfurt"
  }

  expect_failures = [var.region]
}

run "a_copy_beside_the_original_is_refused" {
  command = plan

  variables {
    secondary_region = "us-east-1"
  }

  expect_failures = [var.secondary_region]
}

run "a_name_with_capitals_is_refused" {
  command = plan

  variables {
    environment = "Prod"
  }

  expect_failures = [var.environment]
}

run "a_suffix_without_a_dash_is_refused" {
  command = plan

  variables {
    environment_suffix = "pr12"
  }

  expect_failures = [var.environment_suffix]
}

run "a_package_that_is_not_there_is_refused" {
  command = plan

  variables {
    package_path = "no-such.zip"
  }

  expect_failures = [var.package_path]
}

run "a_version_with_a_blank_is_refused" {
  command = plan

  variables {
    service_version = "1 2"
  }

  expect_failures = [var.service_version]
}

run "an_unknown_processor_is_refused" {
  command = plan

  variables {
    architecture = "mips"
  }

  expect_failures = [var.architecture]
}

run "an_old_runtime_is_refused" {
  command = plan

  variables {
    runtime = "python3.9"
  }

  expect_failures = [var.runtime]
}

run "a_function_that_is_not_in_the_stack_is_refused" {
  command = plan

  variables {
    functions = { nobody = { memory = 512 } }
  }

  expect_failures = [var.functions]
}

run "a_function_too_small_is_refused" {
  command = plan

  variables {
    functions = { api = { memory = 64 } }
  }

  expect_failures = [var.functions]
}

run "a_timeout_too_long_is_refused" {
  command = plan

  variables {
    functions = { api = { timeout = 901 } }
  }

  expect_failures = [var.functions]
}

run "a_throttle_of_nothing_is_refused" {
  command = plan

  variables {
    throttle = { rate = 0, burst = 1 }
  }

  expect_failures = [var.throttle]
}

run "a_retention_that_cloudwatch_does_not_know_is_refused" {
  command = plan

  variables {
    log_retention_days = 10
  }

  expect_failures = [var.log_retention_days]
}

run "logs_kept_forever_are_refused" {
  command = plan

  variables {
    log_retention_days = 0
  }

  expect_failures = [var.log_retention_days]
}

run "access_tokens_of_more_than_an_hour_are_refused" {
  command = plan

  variables {
    token_minutes = { access = 61 }
  }

  expect_failures = [var.token_minutes]
}

run "id_tokens_of_less_than_cognito_takes_are_refused" {
  command = plan

  variables {
    token_minutes = { id = 4 }
  }

  expect_failures = [var.token_minutes]
}

run "a_sign_in_of_more_than_a_year_is_refused" {
  command = plan

  variables {
    refresh_token_days = 366
  }

  expect_failures = [var.refresh_token_days]
}

run "an_unknown_tier_is_refused" {
  command = plan

  variables {
    user_pool_tier = "FREE"
  }

  expect_failures = [var.user_pool_tier]
}

run "an_unknown_kind_of_threat_protection_is_refused" {
  command = plan

  variables {
    threat_protection = "MAYBE"
  }

  expect_failures = [var.threat_protection]
}

run "a_tag_that_is_set_already_is_refused" {
  command = plan

  variables {
    tags = { Environment = "x" }
  }

  expect_failures = [var.tags]
}

run "a_production_without_deletion_protection_is_refused" {
  command = plan

  variables {
    environment         = "prod"
    deletion_protection = false
  }

  expect_failures = [var.deletion_protection]
}

run "a_mail_identity_that_is_no_domain_is_refused" {
  command = plan

  variables {
    mail = { identity = "Example" }
  }

  expect_failures = [var.mail]
}

run "a_sender_that_the_identity_does_not_prove_is_refused" {
  command = plan

  variables {
    mail = { identity = "example.com", from = "hello@other.example" }
  }

  expect_failures = [var.mail]
}
