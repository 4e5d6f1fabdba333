# The site as people get it, and the buckets behind it. Nothing is sent anywhere.

mock_provider "aws" {
  source = "./tests/mocks"
  # Known while planning: nothing that says prevent_destroy could be torn down after an apply.
  override_during = plan
}

variables {
  prefix              = "vestibule-test"
  account_id          = "123456789012"
  region              = "eu-central-1"
  folder              = "../site"
  configuration       = { apiUrl = "/api", userPoolId = "eu-central-1_pool" }
  origins             = ["https://cognito-idp.eu-central-1.amazonaws.com"]
  api                 = { host = "abc.execute-api.eu-central-1.amazonaws.com", stage = "api" }
  price_class         = "PriceClass_100"
  hsts_subdomains     = false
  wait_for_deployment = true
  logs                = true
  log_retention_days  = 30
}

run "a_bucket_is_private_encrypted_versioned_and_forgets" {
  command = plan

  module {
    source = "./modules/bucket"
  }

  variables {
    name   = "vestibule-test-some"
    expiry = { rule = "old", old_version_days = 365, old_versions_kept = 30 }
    reader = { sid = "OneReads", service = "cloudfront.amazonaws.com", source_arn = "arn:aws:cloudfront::123456789012:distribution/E1" }
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
      one(aws_s3_bucket_ownership_controls.this.rule).object_ownership == "BucketOwnerEnforced",
    ])
    error_message = "Nothing in it is public, and nobody is let in by an object's own list."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "It is encrypted."
  }

  assert {
    condition     = aws_s3_bucket_versioning.this["on"].versioning_configuration[0].status == "Enabled"
    error_message = "What was there before can be gone back to."
  }

  assert {
    condition = jsondecode(aws_s3_bucket_policy.this.policy).Statement == [
      {
        Sid       = "OnlyOverTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = ["arn:aws:s3:::some", "arn:aws:s3:::some/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "OneReads"
        Effect    = "Allow"
        Principal = { Service = "cloudfront.amazonaws.com" }
        Action    = "s3:GetObject"
        Resource  = "arn:aws:s3:::some/*"
        Condition = { StringEquals = { "aws:SourceArn" = "arn:aws:cloudfront::123456789012:distribution/E1" } }
      },
    ]
    error_message = "Nobody comes without TLS, and one service reads for one resource."
  }

  assert {
    condition = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : alltrue([
      rule.status == "Enabled",
      length(rule.expiration) == 0,
      one(rule.noncurrent_version_expiration).noncurrent_days == 365,
      one(rule.noncurrent_version_expiration).newer_noncurrent_versions == 30,
      one(rule.abort_incomplete_multipart_upload).days_after_initiation == 7,
    ])])
    error_message = "Old versions go, but for the newest; the objects stay."
  }
}

run "a_bucket_of_logs_expires_and_takes_lists" {
  command = plan

  module {
    source = "./modules/bucket"
  }

  variables {
    name                 = "vestibule-test-some"
    versioned            = false
    access_control_lists = true
    expiry               = { rule = "old", days = 30 }
  }

  assert {
    condition     = length(aws_s3_bucket_versioning.this) == 0 && one(aws_s3_bucket_ownership_controls.this.rule).object_ownership == "BucketOwnerPreferred"
    error_message = "A log file is written once, by a list."
  }

  assert {
    condition     = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : one(rule.expiration).days == 30 && length(rule.noncurrent_version_expiration) == 0])
    error_message = "It expires."
  }

  assert {
    condition     = length(jsondecode(aws_s3_bucket_policy.this.policy).Statement) == 1
    error_message = "Nobody reads it but by rights of their own."
  }
}

run "versions_that_are_not_there_are_not_deleted" {
  command = plan

  module {
    source = "./modules/bucket"
  }

  variables {
    name      = "vestibule-test-some"
    versioned = false
    expiry    = { rule = "old", old_version_days = 30 }
  }

  expect_failures = [var.expiry]
}

run "the_site_is_private_its_files_have_types_and_the_api_is_never_cached" {
  command = plan

  module {
    source = "./modules/site"
  }

  assert {
    condition     = toset([for each in aws_cloudfront_distribution.this.custom_error_response : "${each.error_code} for ${each.error_caching_min_ttl} s" if each.response_page_path == null]) == toset([for code in [404, 414, 500, 501, 502, 503, 504] : "${code} for 0 s"])
    error_message = "Errors are kept for nobody; pages for them would stand before the API's answers."
  }

  assert {
    condition     = one(aws_cloudfront_distribution.this.ordered_cache_behavior).path_pattern == "/api/*" && data.aws_cloudfront_cache_policy.this["CachingDisabled"].name == "Managed-CachingDisabled"
    error_message = "Answers to one person are kept for nobody."
  }

  assert {
    condition     = data.aws_cloudfront_origin_request_policy.api.name == "Managed-AllViewerExceptHostHeader" && one(aws_cloudfront_distribution.this.ordered_cache_behavior).viewer_protocol_policy == "https-only"
    error_message = "Tokens reach the API, over TLS."
  }

  assert {
    condition     = length(one(aws_cloudfront_distribution.this.ordered_cache_behavior).function_association) == 0 && length(one(aws_cloudfront_distribution.this.default_cache_behavior).function_association) == 1
    error_message = "The function that knows the pages does not stand before the API."
  }

  assert {
    condition     = aws_cloudfront_distribution.this.is_ipv6_enabled && one(aws_cloudfront_distribution.this.default_cache_behavior).compress && one(aws_cloudfront_distribution.this.default_cache_behavior).viewer_protocol_policy == "redirect-to-https"
    error_message = "IPv6, compression, TLS."
  }

  assert {
    condition     = [for origin in aws_cloudfront_distribution.this.origin : origin.domain_name if origin.origin_id == "api"] == ["abc.execute-api.eu-central-1.amazonaws.com"]
    error_message = "The API is the gateway's own host."
  }

  assert {
    condition     = [for statement in jsondecode(module.bucket.policy).Statement : statement.Condition if statement.Effect == "Allow"] == [{ StringEquals = { "aws:SourceArn" = "arn:aws:cloudfront::123456789012:distribution/E1" } }]
    error_message = "One distribution may read the bucket, and nobody else."
  }

  assert {
    condition     = one(aws_cloudfront_distribution.this.viewer_certificate).cloudfront_default_certificate && length(aws_cloudfront_distribution.this.aliases) == 0 && aws_cloudfront_distribution.this.web_acl_id == null
    error_message = "No domain, no certificate, no firewall."
  }

  assert {
    condition     = one(aws_cloudfront_distribution.this.logging_config).include_cookies == false && module.logs_bucket["logs"].expiry.days == 30
    error_message = "Logs hold no cookies and expire."
  }

  assert {
    condition     = strcontains(local.content_security_policy, "default-src 'none'") && strcontains(local.content_security_policy, "connect-src 'self' https://cognito-idp.eu-central-1.amazonaws.com;") && strcontains(local.content_security_policy, "frame-ancestors 'none'") && !strcontains(local.content_security_policy, "unsafe")
    error_message = "Pages load from here alone, and call only whom they must."
  }

  assert {
    condition     = one(one(aws_cloudfront_response_headers_policy.site.security_headers_config).strict_transport_security).access_control_max_age_sec == 31536000 && !one(one(aws_cloudfront_response_headers_policy.site.security_headers_config).strict_transport_security).include_subdomains
    error_message = "TLS for a year; what stands below is not ours to decide."
  }

  assert {
    condition     = one(one(aws_cloudfront_response_headers_policy.site.security_headers_config).frame_options).frame_option == "DENY" && one(one(aws_cloudfront_response_headers_policy.site.security_headers_config).referrer_policy).referrer_policy == "no-referrer" && one(one(aws_cloudfront_response_headers_policy.site.security_headers_config).content_type_options).override
    error_message = "No frames, no referrers, no guessed types."
  }

  assert {
    condition     = length(one(aws_cloudfront_response_headers_policy.api.security_headers_config).content_security_policy) == 0
    error_message = "What the API says of its own pages stays."
  }

  assert {
    condition     = alltrue([for policy in [aws_cloudfront_response_headers_policy.site, aws_cloudfront_response_headers_policy.api] : length(policy.custom_headers_config) == 1 && length(policy.remove_headers_config) == 1])
    error_message = "Both blocks have an entry: as empty ones they would come back as a change."
  }

  assert {
    condition     = output.objects["index.html"] == { type = "text/html; charset=utf-8", cache = "no-cache" } && output.objects["style.css"].type == "text/css; charset=utf-8" && output.objects["favicon.svg"].type == "image/svg+xml"
    error_message = "Types by what the name ends with."
  }

  assert {
    condition     = output.objects["config.json"] == { type = "application/json", cache = "no-cache" } && jsondecode(aws_s3_object.configuration.content).userPoolId == "eu-central-1_pool"
    error_message = "The pages are told which pool is theirs."
  }

  assert {
    condition     = strcontains(aws_cloudfront_function.router.code, "\"/index.html\"") && strcontains(aws_cloudfront_function.router.code, "\"/config.json\"") && strcontains(aws_cloudfront_function.router.code, "statusCode: 404") && strcontains(aws_cloudfront_function.router.code, "There is no such page here")
    error_message = "A path that is not there is a 404, with the site's own page."
  }

  assert {
    condition     = toset(keys(output.objects)) == setunion(fileset("../site", "**"), ["config.json"])
    error_message = "Every file is there."
  }
}

run "a_file_of_an_unknown_kind_is_refused" {
  command = plan

  module {
    source = "./modules/site"
  }

  variables {
    folder = "tests/fixtures/riddle"
  }

  expect_failures = [aws_s3_object.file]
}

run "a_folder_without_a_page_is_refused" {
  command = plan

  module {
    source = "./tests/fixtures/site"
  }

  variables {
    folder = "modules"
  }

  expect_failures = [var.folder]
}

run "a_domain_brings_todays_ciphers" {
  command = plan

  module {
    source = "./modules/site"
  }

  variables {
    logs = false
    domain = {
      name            = "example.com"
      certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/edge"
    }
  }

  assert {
    condition     = one(aws_cloudfront_distribution.this.viewer_certificate).minimum_protocol_version == "TLSv1.2_2021" && one(aws_cloudfront_distribution.this.viewer_certificate).ssl_support_method == "sni-only" && aws_cloudfront_distribution.this.aliases == toset(["example.com"])
    error_message = "TLS 1.2 at least."
  }

  assert {
    condition     = length(aws_cloudfront_distribution.this.logging_config) == 0 && length(module.logs_bucket) == 0
    error_message = "Logs can be left out."
  }
}

run "a_firewall_behind_it_is_told_who_sends_what" {
  command = plan

  module {
    source = "./modules/site"
  }

  variables {
    edge = { key_header = "x-key", key = "secret", address_header = "x-person" }
  }

  assert {
    condition     = { for origin in aws_cloudfront_distribution.this.origin : origin.origin_id => { for header in origin.custom_header : header.name => header.value } } == { api = { x-key = "secret" }, site = {} }
    error_message = "The API's firewall alone gets the key."
  }

  assert {
    condition     = one(one(aws_cloudfront_distribution.this.ordered_cache_behavior).function_association).event_type == "viewer-request" && strcontains(aws_cloudfront_function.viewer["api"].code, "headers['x-person'] = { value: event.viewer.ip }")
    error_message = "A person's address is what CloudFront sees, whatever they wrote."
  }
}
