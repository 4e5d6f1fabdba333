# The edge: the site, its names, and mail. Nothing is sent anywhere.

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

run "without_a_domain_people_use_names_of_aws" {
  command = plan

  variables {
    sign_in_domain = { prefix = "acme-people" }
    region         = "eu-central-1"
  }

  assert {
    condition     = output.site_url == "https://d1.cloudfront.net" && output.cloudfront_url == output.site_url && output.cloudfront_domain_name == "d1.cloudfront.net" && output.cloudfront_distribution_id == "E1"
    error_message = "The site is where CloudFront puts it."
  }

  assert {
    condition     = output.route53_zone_id == null && output.route53_name_servers == null && output.custom_domain_name == null && output.api_custom_url == null && output.health_check_id == null
    error_message = "What is off is null."
  }

  assert {
    condition     = output.mail_configuration_set == null && output.mail_feedback_topic_arn == null && local.references["configuration_set"] == "" && local.topic_senders == {}
    error_message = "Without a sender nobody waits for feedback."
  }

  assert {
    condition     = local.site_url == ""
    error_message = "Functions do not know a name that CloudFront chose: it is made after them."
  }

  assert {
    condition     = output.cognito_user_pool_domain == "acme-people.auth.eu-central-1.amazoncognito.com" && output.custom_domain_name == null
    error_message = "The pages are at Cognito's own domain."
  }

  assert {
    condition     = output.monitoring_bill == { alarm_metrics = 15, anomaly_alarms = 0, composite_alarms = 0, log_metrics = 1, keys = 1, dashboards = 2 }
    error_message = "Without a word watching costs next to nothing, and docs/terraform.md says what. Now: ${jsonencode(output.monitoring_bill)}"
  }
}

run "a_new_zone_stands_alone_until_delegated_and_mails_go_without_feedback" {
  command = plan

  variables {
    domain_name    = "example.com"
    zone           = { create = true }
    sign_in_domain = { own = true }
    health_check   = true
    mail           = { identity = "example.com", from = "hello@example.com" }
    mail_feedback  = false
  }

  assert {
    condition     = output.route53_zone_id == "ZMADE" && output.route53_name_servers == tolist(["ns-1.example.net", "ns-2.example.net"])
    error_message = "The zone and its servers are told."
  }

  assert {
    condition     = output.custom_domain_name == null && output.api_custom_url == null && output.cognito_user_pool_domain == null && output.health_check_id == null && local.site_url == ""
    error_message = "Nothing waits for a name that nobody finds."
  }

  assert {
    condition     = output.mail_configuration_set == null && output.mail_feedback_topic_arn == null && local.references["configuration_set"] == "" && local.topic_senders == {} && local.configuration_set_arns == []
    error_message = "No set, no topic, no right."
  }
}

run "a_delegated_domain_carries_all_names_behind_a_firewall_and_mails_hear_of_bounces" {
  command = plan

  variables {
    domain_name    = "example.com"
    zone           = { create = true, delegated = true }
    sign_in_domain = { own = true }
    health_check   = true
    mail           = { identity = "example.com", from = "hello@example.com" }
    site_firewall  = { requests_per_address = 500 }
  }

  assert {
    condition     = output.custom_domain_name == "example.com" && output.site_url == "https://example.com" && output.cloudfront_url == "https://d1.cloudfront.net"
    error_message = "The site has its own name."
  }

  assert {
    condition     = output.api_custom_url == "https://api.example.com" && output.cognito_user_pool_domain == "auth.example.com" && output.health_check_id == "some-check"
    error_message = "The API and the sign-in pages stand below it."
  }

  assert {
    condition     = local.references["site_url"] == "https://example.com"
    error_message = "Mails lead to the own name."
  }

  assert {
    condition     = output.mail_configuration_set == "vestibule-test" && local.references["configuration_set"] == "vestibule-test"
    error_message = "Functions send by the configuration set."
  }

  assert {
    condition     = local.topic_senders == { "retry" = ["arn:aws:sns:us-east-1:123456789012:vestibule-test-mail-feedback"], "retry-dlq" = ["arn:aws:sns:us-east-1:123456789012:vestibule-test-mail-feedback"] }
    error_message = "The topic may write to the queue of maintenance and to its dead letters."
  }

  assert {
    condition     = alltrue([for key in ["api", "mailer", "triggers"] : local.functions[key].environment["MAIL_CONFIGURATION_SET"] == "vestibule-test"])
    error_message = "Whoever mails, mails by it."
  }

  assert {
    condition     = contains(local.configuration_set_arns, "arn:aws:ses:us-east-1:123456789012:configuration-set/vestibule-test")
    error_message = "SES asks whether a sender may use the set, too."
  }

  assert {
    condition     = module.mail.identity_arn == null
    error_message = "An identity that is there is not made again."
  }

  assert {
    condition     = module.site.firewall_arn == "arn:aws:wafv2:us-east-1:123456789012:global/webacl/some/1"
    error_message = "The distribution has the firewall."
  }
}

run "a_zone_that_is_there_is_used_and_proves_the_sender" {
  command = plan

  variables {
    domain_name = "app.example.com"
    zone        = { id = "ZTHERE" }
    site_url    = "https://www.example.com"
    mail        = { identity = "app.example.com", from = "hello@app.example.com", create = true }
  }

  assert {
    condition     = output.route53_zone_id == "ZTHERE" && output.route53_name_servers == tolist(["ns-3.example.net", "ns-4.example.net"]) && output.custom_domain_name == "app.example.com"
    error_message = "The zone is the one that was named."
  }

  assert {
    condition     = output.cognito_user_pool_domain == null && output.health_check_id == null
    error_message = "What is off is null."
  }

  assert {
    condition     = local.references["site_url"] == "https://www.example.com"
    error_message = "People decide where links lead."
  }

  assert {
    condition     = module.mail.identity_arn == "arn:aws:ses:us-east-1:123456789012:identity/app.example.com" && local.mail.proven_arn == local.mail.identity_arn
    error_message = "Cognito waits for the proof."
  }

  assert {
    condition     = module.mail.records == { "_dmarc.app.example.com" = "v=DMARC1; p=quarantine", "bounce.app.example.com MX" = "10 feedback-smtp.us-east-1.amazonses.com", "bounce.app.example.com TXT" = "v=spf1 include:amazonses.com -all" }
    error_message = "DMARC, and MX and SPF of the return path."
  }
}

# The rules of variables stand in the variables alone: planned alone, they start no provider.
# A rule that asks for another variable is looked at only where that one is right.

run "a_domain_with_its_scheme_is_refused_and_what_does_not_need_a_domain" {
  command = plan

  module {
    source = "./tests/fixtures/variables"
  }

  variables {
    domain_name      = "https://example.com"
    zone             = { id = "ZTHERE" }
    price_class      = "PriceClass_300"
    site_firewall    = { requests_per_address = 1 }
    mail_return_path = "bounce.mail"
    dmarc            = { policy = "delete" }
  }

  expect_failures = [var.domain_name, var.price_class, var.site_firewall, var.mail_return_path, var.dmarc]
}

run "a_domain_of_one_label_is_refused_and_more_that_does_not_need_a_domain" {
  command = plan

  module {
    source = "./tests/fixtures/variables"
  }

  variables {
    domain_name      = "localhost"
    zone             = { id = "ZTHERE" }
    mail_return_path = "api"
    dmarc            = { reports = "mailto:x@example.com" }
  }

  expect_failures = [var.domain_name, var.mail_return_path, var.dmarc]
}

run "a_domain_with_capitals_is_refused" {
  command = plan

  module {
    source = "./tests/fixtures/variables"
  }

  variables {
    domain_name = "Example.com"
    zone        = { id = "ZTHERE" }
  }

  expect_failures = [var.domain_name]
}

run "a_domain_that_is_an_address_is_refused" {
  command = plan

  module {
    source = "./tests/fixtures/variables"
  }

  variables {
    domain_name = "192.0.2.1"
    zone        = { id = "ZTHERE" }
  }

  expect_failures = [var.domain_name]
}

run "a_domain_too_long_for_a_certificate_is_refused" {
  command = plan

  module {
    source = "./tests/fixtures/variables"
  }

  variables {
    domain_name = "a-very-long-name-of-a-very-large-company.and-its-departments.example.com"
    zone        = { id = "ZTHERE" }
  }

  expect_failures = [var.domain_name]
}

run "without_a_domain_nothing_that_needs_one_is_taken" {
  command = plan

  module {
    source = "./tests/fixtures/variables"
  }

  variables {
    zone           = { create = true }
    dns_records    = { x = { type = "TXT", values = ["x"] } }
    health_check   = true
    sign_in_domain = { own = true }
  }

  expect_failures = [var.zone, var.dns_records, var.health_check, var.sign_in_domain]
}

run "a_zone_both_new_and_there_is_refused_and_pages_of_cognitos_own_name" {
  command = plan

  module {
    source = "./tests/fixtures/variables"
  }

  variables {
    domain_name    = "example.com"
    zone           = { create = true, id = "ZTHERE" }
    dns_records    = { x = { type = "SPF", values = ["x"] } }
    sign_in_domain = { prefix = "my-cognito" }
  }

  expect_failures = [var.zone, var.dns_records, var.sign_in_domain]
}

run "a_zone_neither_new_nor_there_is_refused_and_a_record_without_a_value" {
  command = plan

  module {
    source = "./tests/fixtures/variables"
  }

  variables {
    domain_name = "example.com"
    zone        = {}
    dns_records = { x = { type = "TXT", values = [] } }
  }

  expect_failures = [var.zone, var.dns_records]
}

run "a_zone_by_its_path_is_refused_and_a_record_that_leads_elsewhere" {
  command = plan

  module {
    source = "./tests/fixtures/variables"
  }

  variables {
    domain_name = "example.com"
    zone        = { id = "/hostedzone/Z1" }
    dns_records = { x = { name = "api", type = "CNAME", values = ["elsewhere.example.net"] } }
  }

  expect_failures = [var.zone, var.dns_records]
}

run "a_domain_without_a_zone_is_refused" {
  command = plan

  module {
    source = "./tests/fixtures/variables"
  }

  variables {
    domain_name = "example.com"
  }

  expect_failures = [var.zone]
}

run "a_proof_of_another_domain_is_refused" {
  command = plan

  module {
    source = "./tests/fixtures/variables"
  }

  variables {
    domain_name = "example.com"
    zone        = { id = "ZTHERE" }
    mail        = { identity = "example.org", from = "a@example.org", create = true }
  }

  expect_failures = [var.mail]
}

run "a_proof_that_nobody_finds_is_refused" {
  command = plan

  module {
    source = "./tests/fixtures/variables"
  }

  variables {
    domain_name = "example.com"
    zone        = { create = true }
    mail        = { identity = "example.com", from = "a@example.com", create = true }
  }

  expect_failures = [var.mail]
}

run "a_sender_of_the_stack_beside_the_identity_is_refused" {
  command = plan

  module {
    source = "./tests/fixtures/variables"
  }

  variables {
    mail = { identity = "example.com" }
  }

  expect_failures = [var.mail]
}

run "a_zone_of_another_domain_is_refused" {
  command = plan

  module {
    source = "./modules/dns"
  }

  variables {
    prefix       = "vestibule-test"
    user_pool_id = "us-east-1_pool"
    certificate_arns = {
      site = "arn:aws:acm:us-east-1:123456789012:certificate/site"
      api  = "arn:aws:acm:us-east-1:123456789012:certificate/api"
      auth = "arn:aws:acm:us-east-1:123456789012:certificate/auth"
    }
    site         = { name = "d1.cloudfront.net", zone_id = "Z2FDTNDATAQYW2" }
    api          = { id = "abc", stage = "api" }
    domain       = "example.org"
    zone         = { create = false, id = "ZTHERE" }
    delegated    = true
    health_check = false
  }

  expect_failures = [data.aws_route53_zone.this]
}

run "each_name_leads_where_it_should" {
  command = plan

  module {
    source = "./modules/dns"
  }

  variables {
    prefix       = "vestibule-test"
    user_pool_id = "us-east-1_pool"
    certificate_arns = {
      site = "arn:aws:acm:us-east-1:123456789012:certificate/site"
      api  = "arn:aws:acm:us-east-1:123456789012:certificate/api"
      auth = "arn:aws:acm:us-east-1:123456789012:certificate/auth"
    }
    site         = { name = "d1.cloudfront.net", zone_id = "Z2FDTNDATAQYW2" }
    api          = { id = "abc", stage = "api" }
    domain       = "example.com"
    zone         = { create = true }
    delegated    = true
    health_check = true
    sign_in      = { prefix = "acme", own = true }
    records = {
      mx  = { type = "MX", values = ["10 mx.example.net"] }
      www = { name = "www", type = "CNAME", ttl = 60, values = ["example.net"] }
    }
  }

  assert {
    condition     = alltrue([for records in [aws_route53_record.site, aws_route53_record.api, aws_route53_record.sign_in] : keys(records) == ["A", "AAAA"]])
    error_message = "Each name leads somewhere, by IPv4 and IPv6."
  }

  assert {
    condition     = aws_route53_record.site["AAAA"].alias[0].name == "d1.cloudfront.net" && aws_route53_record.sign_in["A"].name == "auth.example.com" && aws_route53_record.api["A"].name == "api.example.com"
    error_message = "Aliases lead where they should."
  }

  assert {
    condition     = aws_api_gateway_domain_name.this["api"].security_policy == "TLS_1_2" && aws_api_gateway_base_path_mapping.this["api"].stage_name == "api" && aws_api_gateway_base_path_mapping.this["api"].base_path == null
    error_message = "The API is at the root of its own name."
  }

  assert {
    condition     = aws_cognito_user_pool_domain.this["own"].domain == "auth.example.com" && aws_cognito_user_pool_domain.this["own"].certificate_arn == "arn:aws:acm:us-east-1:123456789012:certificate/auth" && aws_cognito_user_pool_domain.this["prefix"].domain == "acme" && output.sign_in_domain == "auth.example.com"
    error_message = "A pool may have both, and the own one is told."
  }

  assert {
    condition     = aws_route53_record.extra["mx"].name == "example.com" && aws_route53_record.extra["www"].name == "www.example.com" && aws_route53_record.extra["www"].ttl == 60
    error_message = "Other records stand below the domain."
  }

  assert {
    condition     = aws_route53_health_check.api["api"].fqdn == "api.example.com" && aws_route53_health_check.api["api"].resource_path == "/health"
    error_message = "The health is the API's."
  }
}

run "a_zone_that_nobody_asks_has_its_records_ready" {
  command = plan

  module {
    source = "./modules/dns"
  }

  variables {
    prefix       = "vestibule-test"
    user_pool_id = "us-east-1_pool"
    certificate_arns = {
      site = "arn:aws:acm:us-east-1:123456789012:certificate/site"
      api  = "arn:aws:acm:us-east-1:123456789012:certificate/api"
      auth = "arn:aws:acm:us-east-1:123456789012:certificate/auth"
    }
    site         = { name = "d1.cloudfront.net", zone_id = "Z2FDTNDATAQYW2" }
    api          = { id = "abc", stage = "api" }
    domain       = "example.com"
    zone         = { create = true }
    delegated    = false
    health_check = true
    sign_in      = { own = true }
    records      = { mx = { type = "MX", values = ["10 mx.example.net"] } }
  }

  assert {
    condition     = length(output.names) + length(aws_route53_record.site) + length(aws_api_gateway_domain_name.this) + length(aws_cognito_user_pool_domain.this) + length(aws_route53_health_check.api) == 0
    error_message = "Nothing waits for a name that nobody finds."
  }

  assert {
    condition     = keys(aws_route53_record.extra) == ["mx"]
    error_message = "What others find there now can be put there first."
  }
}

run "the_firewall_of_the_site_is_cloudfronts" {
  command = plan

  module {
    source = "./modules/firewall"
  }

  variables {
    name               = "vestibule-test-site"
    scope              = "CLOUDFRONT"
    limits             = { all = { requests = 500 } }
    managed            = ["AWSManagedRulesKnownBadInputsRuleSet"]
    logs               = true
    log_retention_days = 30
  }

  assert {
    condition     = aws_wafv2_web_acl.this.scope == "CLOUDFRONT" && length(aws_wafv2_web_acl_association.this) == 0
    error_message = "CloudFront names its firewall itself."
  }
}

run "each_name_has_its_own_certificate" {
  command = plan

  module {
    source = "./modules/certificates"
  }

  variables {
    names   = { site = "example.com", auth = "auth.example.com" }
    zone_id = "ZTHERE"
  }

  assert {
    condition     = { for key, certificate in aws_acm_certificate.this : key => certificate.domain_name } == { site = "example.com", auth = "auth.example.com" }
    error_message = "One certificate for each name."
  }

  assert {
    condition     = alltrue([for key in ["site", "auth"] : aws_route53_record.validation[key].name == "_proof.example.com" && aws_route53_record.validation[key].zone_id == "ZTHERE" && aws_acm_certificate.this[key].validation_method == "DNS"])
    error_message = "Each is proven by DNS."
  }

  assert {
    condition     = keys(output.arns) == ["auth", "site"]
    error_message = "A certificate is told once it is proven."
  }
}

run "a_domain_is_proven_to_ses" {
  command = plan

  module {
    source = "./modules/mail"
  }

  variables {
    prefix           = "vestibule-test"
    partition        = "aws"
    region           = "eu-central-1"
    account_id       = "123456789012"
    queue_arn        = "arn:aws:sqs:eu-central-1:123456789012:retry"
    dead_letters_arn = "arn:aws:sqs:eu-central-1:123456789012:retry-dlq"
    domain           = "example.com"
    zone_id          = "ZTHERE"
    return_path      = "bounce"
    dmarc            = { policy = "reject", reports = "dmarc@example.com" }
    wait             = true
    feedback         = true
  }

  assert {
    condition     = one(aws_sesv2_email_identity.this["example.com"].dkim_signing_attributes).next_signing_key_length == "RSA_2048_BIT" && length(aws_route53_record.dkim) == 3 && aws_route53_record.dkim["example.com-1"].records == toset(["two.dkim.amazonses.com"])
    error_message = "DKIM with three records."
  }

  assert {
    condition     = aws_ses_domain_identity_verification.this["example.com"].domain == "example.com"
    error_message = "Cognito has to wait until SES believes the domain."
  }

  assert {
    condition     = aws_sesv2_email_identity_mail_from_attributes.this["example.com"].mail_from_domain == "bounce.example.com" && aws_sesv2_email_identity_mail_from_attributes.this["example.com"].behavior_on_mx_failure == "USE_DEFAULT_VALUE"
    error_message = "Bounces come to a name of ours, if it is found."
  }

  assert {
    condition     = output.records["_dmarc.example.com"] == "v=DMARC1; p=reject; rua=mailto:dmarc@example.com"
    error_message = "DMARC says what to do and whom to tell."
  }

  assert {
    condition     = aws_sesv2_configuration_set.this["feedback"].delivery_options[0].tls_policy == "REQUIRE" && toset(aws_sesv2_configuration_set.this["feedback"].suppression_options[0].suppressed_reasons) == toset(["BOUNCE", "COMPLAINT"]) && aws_sesv2_configuration_set.this["feedback"].reputation_options[0].reputation_metrics_enabled
    error_message = "TLS or nothing; who bounced is not written to."
  }

  assert {
    condition     = toset(aws_sesv2_configuration_set_event_destination.feedback["feedback"].event_destination[0].matching_event_types) == toset(["BOUNCE", "COMPLAINT"]) && aws_sns_topic_subscription.feedback["feedback"].endpoint == "arn:aws:sqs:eu-central-1:123456789012:retry" && aws_sns_topic_subscription.feedback["feedback"].raw_message_delivery
    error_message = "Feedback reaches the queue as SES wrote it."
  }

  assert {
    condition     = one(jsondecode(aws_sns_topic.feedback["feedback"].policy).Statement).Condition == { StringEquals = { "aws:SourceAccount" = "123456789012" }, ArnEquals = { "aws:SourceArn" = "arn:aws:ses:eu-central-1:123456789012:configuration-set/vestibule-test" } }
    error_message = "Only our own configuration set may write to the topic."
  }
}

run "a_domain_can_do_without_a_return_path_and_dmarc" {
  command = plan

  module {
    source = "./modules/mail"
  }

  variables {
    prefix           = "vestibule-test"
    partition        = "aws"
    region           = "eu-central-1"
    account_id       = "123456789012"
    queue_arn        = "arn:aws:sqs:eu-central-1:123456789012:retry"
    dead_letters_arn = "arn:aws:sqs:eu-central-1:123456789012:retry-dlq"
    domain           = "example.com"
    zone_id          = "ZTHERE"
    wait             = false
    feedback         = false
  }

  assert {
    condition     = length(aws_sesv2_email_identity_mail_from_attributes.this) + length(aws_ses_domain_identity_verification.this) + length(aws_route53_record.return_path) + length(aws_route53_record.dmarc) + length(aws_sns_topic.feedback) == 0 && output.records == {}
    error_message = "What is left out is not there."
  }
}

run "only_named_topics_write_to_queues" {
  command = plan

  module {
    source = "./modules/functions"
  }

  variables {
    prefix             = "vestibule-test"
    partition          = "aws"
    region             = "us-east-1"
    account_id         = "123456789012"
    functions          = {}
    queues             = { retry = { dead_letters = "retry-dlq", max_receives = 3 }, retry-dlq = {} }
    queue_senders      = { retry = ["arn:aws:events:us-east-1:123456789012:rule/a"] }
    topic_senders      = { retry = ["arn:aws:sns:us-east-1:123456789012:b"], retry-dlq = ["arn:aws:sns:us-east-1:123456789012:b"] }
    environment        = "test"
    arns               = {}
    runtime            = "python3.13"
    architecture       = "arm64"
    log_retention_days = 30
    table_stream_arn   = "arn:aws:dynamodb:us-east-1:123456789012:table/x/stream/1"
  }

  assert {
    condition     = { for statement in jsondecode(aws_sqs_queue.work["retry"].policy).Statement : statement.Principal.Service => statement.Condition.ArnEquals["aws:SourceArn"] } == { "events.amazonaws.com" = ["arn:aws:events:us-east-1:123456789012:rule/a"], "sns.amazonaws.com" = ["arn:aws:sns:us-east-1:123456789012:b"] }
    error_message = "Rules and topics, each by its name."
  }

  assert {
    condition     = [for statement in jsondecode(aws_sqs_queue.dead_letters["retry-dlq"].policy).Statement : statement.Principal.Service] == ["sns.amazonaws.com"]
    error_message = "A queue without rules takes from its topic alone."
  }
}
