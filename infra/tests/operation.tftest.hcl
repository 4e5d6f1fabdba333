# What only some deployments have: versions, firewalls, throttles, endpoints. Nothing is sent anywhere.

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

run "machines_that_sign_up_are_held_tighter" {
  command = plan

  module {
    source = "./modules/firewall"
  }

  variables {
    name         = "vestibule-test-pool"
    resource_arn = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_pool"
    managed      = ["AWSManagedRulesKnownBadInputsRuleSet"]
    logs         = true

    log_retention_days = 30

    edge = { key_header = "x-key", key = "secret", address_header = "x-person" }

    limits = {
      all     = { requests = 2000 }
      direct  = { requests = 100, by = "direct" }
      other   = { requests = 100, by = "forwarded" }
      sign-up = { requests = 50, calls = ["SignUp"], paths = ["/signup"] }
    }
  }

  assert {
    condition = { for rule in aws_wafv2_web_acl.this.rule : rule.name => [
      rule.statement[0].rate_based_statement[0].aggregate_key_type,
      one([for config in rule.statement[0].rate_based_statement[0].forwarded_ip_config : config.header_name]),
      one([for scope in rule.statement[0].rate_based_statement[0].scope_down_statement : one([
        for match in concat(scope.byte_match_statement, try(scope.not_statement[0].statement[0].byte_match_statement, [])) :
        "${length(scope.not_statement) > 0 ? "not " : ""}${match.positional_constraint} ${match.search_string} in ${match.field_to_match[0].single_header[0].name}"
      ])]),
      ] if length(rule.statement[0].rate_based_statement) > 0 } == {
      all     = ["IP", null, null]
      direct  = ["IP", null, "not EXACTLY secret in x-key"]
      other   = ["FORWARDED_IP", "x-person", "EXACTLY secret in x-key"]
      sign-up = ["IP", null, null]
    }
    error_message = "Who comes by way of CloudFront is counted by whom it names; it alone is believed."
  }

  assert {
    condition = { for rule in aws_wafv2_web_acl.this.rule : rule.name => try([
      tostring(rule.statement[0].rate_based_statement[0].limit),
      try(rule.statement[0].rate_based_statement[0].scope_down_statement[0].or_statement[0].statement[0].byte_match_statement[0].search_string, ""),
      ], []) } == {
      all                                  = ["2000", ""]
      direct                               = ["100", ""]
      other                                = ["100", ""]
      sign-up                              = ["50", ".signup"]
      AWSManagedRulesKnownBadInputsRuleSet = []
    }
    error_message = "Of all requests so many, of those that sign up fewer; and AWS's own rules."
  }

  assert {
    condition = flatten([for rule in aws_wafv2_web_acl.this.rule : [
      for one in rule.statement[0].rate_based_statement[0].scope_down_statement[0].or_statement[0].statement :
      [for match in one.byte_match_statement : "${match.positional_constraint} ${match.search_string} in ${try(match.field_to_match[0].single_header[0].name, "the path")}"]
      ] if rule.name == "sign-up"]) == [
      "ENDS_WITH .signup in x-amz-target",
      "EXACTLY signup in x-amzn-cognito-operation-name",
      "STARTS_WITH /signup in the path",
    ]
    error_message = "A call is known by what its caller says and by what Cognito says of it, a page by its path."
  }

  assert {
    condition     = length(distinct([for rule in aws_wafv2_web_acl.this.rule : rule.priority])) == 5 && keys(aws_cloudwatch_log_group.this) == ["vestibule-test-pool"] && aws_cloudwatch_log_group.this["vestibule-test-pool"].name == "aws-waf-logs-vestibule-test-pool"
    error_message = "Each rule has its place, and what is refused is written down."
  }

  assert {
    condition     = toset(flatten([for field in aws_wafv2_web_acl_logging_configuration.this["vestibule-test-pool"].redacted_fields : field.single_header[*].name])) == toset(["authorization", "cookie", "x-key"])
    error_message = "No log holds a token or the edge's key."
  }
}

run "single_methods_are_held_tighter_and_a_changed_document_is_deployed_anew" {
  command = plan

  module {
    source = "./modules/api"
  }

  variables {
    name               = "vestibule-test"
    stage              = "api"
    definition         = jsonencode(merge(jsondecode(file("../openapi.json")), { "x-changed" = true }))
    functions          = { api = { name = "some", invoke_arn = "arn:aws:apigateway:us-east-1:lambda:path/some", qualifier = "live" } }
    user_pool_arn      = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_pool"
    signed_role_name   = "some"
    throttle           = { rate = 100, burst = 200 }
    log_retention_days = 30
    tracing            = true
    method_throttles   = { "GET /profiles/{userId}" = { rate = 5, burst = 10 } }
    usage_plan         = { methods = ["GET /health", "POST /vpcs"], requests_per_day = 1000, rate = 1, burst = 2 }
  }

  assert {
    condition     = aws_api_gateway_method_settings.one["GET /profiles/{userId}"].method_path == "~1profiles~1{userId}/GET" && aws_api_gateway_method_settings.one["GET /profiles/{userId}"].settings[0].throttling_rate_limit == 5
    error_message = "The method is named as API Gateway names it."
  }

  assert {
    condition     = aws_api_gateway_stage.this.xray_tracing_enabled && aws_lambda_permission.api["api"].qualifier == "live" && aws_api_gateway_usage_plan.this["vestibule-test"].quota_settings[0].limit == 1000
    error_message = "Traces begin here, the alias may be called, and keys have their quota."
  }

  assert {
    condition = [
      for path, verb in { "/health" = "get", "/profiles" = "post", "/vpcs" = "post" } : flatten([for requirement in jsondecode(output.body).paths[path][verb].security : keys(requirement)])
    ] == [["api_key"], ["cognito"], ["api_key", "cognito"]] && jsondecode(output.body).components.securitySchemes.api_key == { type = "apiKey", name = "x-api-key", in = "header" }
    error_message = "The methods of the plan want a key, and no others."
  }

  assert {
    condition     = length(regexall("authorization|header|token|query|email", lower(aws_api_gateway_stage.this.access_log_settings[0].format))) == 0
    error_message = "Access logs hold no token, no query and no address."
  }

  assert {
    condition     = aws_api_gateway_deployment.this.triggers.document == sha256(output.body) && strcontains(output.body, "x-changed")
    error_message = "Whatever changes in the document changes the deployment."
  }
}

run "a_method_that_the_document_does_not_know_is_refused" {
  command = plan

  module {
    source = "./tests/fixtures/api"
  }

  variables {
    name               = "vestibule-test"
    stage              = "api"
    definition         = file("../openapi.json")
    functions          = { api = { name = "some", invoke_arn = "some" } }
    user_pool_arn      = "some"
    signed_role_name   = "some"
    throttle           = { rate = 100, burst = 200 }
    log_retention_days = 30
    method_throttles   = { "PATCH /profiles" = { rate = 5, burst = 10 } }
  }

  expect_failures = [var.method_throttles]
}

run "endpoints_are_for_the_callers_alone" {
  command = plan

  override_data {
    target = data.aws_subnet.this["subnet-1"]
    values = { availability_zone = "us-east-1a" }
  }

  override_data {
    target = data.aws_subnet.this["subnet-2"]
    values = { availability_zone = "us-east-1a" }
  }

  override_data {
    target = data.aws_subnet.this["subnet-3"]
    values = { availability_zone = "us-east-1b" }
  }

  module {
    source = "./modules/network"
  }

  variables {
    prefix           = "vestibule-test"
    region           = "us-east-1"
    vpc_id           = "vpc-1"
    subnet_ids       = ["subnet-1", "subnet-2", "subnet-3"]
    route_table_ids  = ["rtb-1"]
    caller_group_ids = ["sg-1"]
    services         = ["sqs"]
  }

  assert {
    condition     = aws_vpc_endpoint.service["sqs"].private_dns_enabled && aws_vpc_endpoint.table.vpc_endpoint_type == "Gateway" && aws_vpc_endpoint.table.route_table_ids == toset(["rtb-1"])
    error_message = "Names lead to the endpoints, and the routes to the table."
  }

  assert {
    condition     = aws_vpc_endpoint.service["sqs"].subnet_ids == toset(["subnet-1", "subnet-3"])
    error_message = "AWS takes one subnet of each zone."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.endpoints["sg-1"].from_port == 443 && aws_vpc_security_group_ingress_rule.endpoints["sg-1"].referenced_security_group_id == "sg-1"
    error_message = "Only the functions come in."
  }
}
