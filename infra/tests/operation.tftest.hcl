# What only some deployments have: versions, firewalls, throttles, endpoints. Nothing is sent anywhere.

mock_provider "aws" {
  # Known while planning: nothing that says prevent_destroy could be torn down after an apply.
  override_during = plan

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_resource "aws_cognito_user_pool" {
    defaults = {
      id       = "us-east-1_pool"
      arn      = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_pool"
      endpoint = "cognito-idp.us-east-1.amazonaws.com/us-east-1_pool"
    }
  }

  mock_resource "aws_cognito_identity_pool" {
    defaults = {
      id  = "us-east-1:identity"
      arn = "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/us-east-1:identity"
    }
  }

  mock_resource "aws_dynamodb_table" {
    defaults = {
      arn        = "arn:aws:dynamodb:us-east-1:123456789012:table/vestibule-test"
      stream_arn = "arn:aws:dynamodb:us-east-1:123456789012:table/vestibule-test/stream/2026"
    }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/some" }
  }

  mock_resource "aws_lambda_function" {
    defaults = {
      arn        = "arn:aws:lambda:us-east-1:123456789012:function:some"
      invoke_arn = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/some/invocations"
    }
  }

  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:us-east-1:123456789012:some" }
  }

  mock_resource "aws_cloudwatch_event_bus" {
    defaults = { arn = "arn:aws:events:us-east-1:123456789012:event-bus/vestibule-test" }
  }

  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:us-east-1:123456789012:rule/some" }
  }

  mock_resource "aws_secretsmanager_secret" {
    defaults = { arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:some" }
  }

  mock_resource "aws_ssm_parameter" {
    defaults = { arn = "arn:aws:ssm:us-east-1:123456789012:parameter/some" }
  }

  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::some" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:some" }
  }

  mock_resource "aws_api_gateway_rest_api" {
    defaults = { execution_arn = "arn:aws:execute-api:us-east-1:123456789012:api" }
  }

  mock_resource "aws_cloudfront_function" {
    defaults = { arn = "arn:aws:cloudfront::123456789012:function/some" }
  }
}

# For CloudFront.
mock_provider "aws" {
  alias = "us_east_1"
}

variables {
  environment = "test"
  # Nothing is uploaded, so any file will do.
  package_path = "README.md"
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
      length(rule.statement[0].rate_based_statement[0].scope_down_statement) > 0 ? length(rule.statement[0].rate_based_statement[0].scope_down_statement[0].not_statement) : 0,
      ] if length(rule.statement[0].rate_based_statement) > 0 } == {
      all     = ["IP", 0]
      direct  = ["IP", 1]
      other   = ["FORWARDED_IP", 0]
      sign-up = ["IP", 0]
    }
    error_message = "Who comes by way of CloudFront is counted by whom it names."
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
    condition     = length(distinct([for rule in aws_wafv2_web_acl.this.rule : rule.priority])) == 5 && keys(aws_cloudwatch_log_group.this) == ["vestibule-test-pool"] && aws_cloudwatch_log_group.this["vestibule-test-pool"].name == "aws-waf-logs-vestibule-test-pool"
    error_message = "Each rule has its place, and what is refused is written down."
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
    usage_plan         = { requests_per_day = 1000, rate = 1, burst = 2 }
  }

  assert {
    condition     = aws_api_gateway_method_settings.one["GET /profiles/{userId}"].method_path == "profiles/{userId}/GET" && aws_api_gateway_method_settings.one["GET /profiles/{userId}"].settings[0].throttling_rate_limit == 5
    error_message = "The method is named as API Gateway names it."
  }

  assert {
    condition     = aws_api_gateway_stage.this.xray_tracing_enabled && aws_lambda_permission.api["api"].qualifier == "live" && aws_api_gateway_usage_plan.this["vestibule-test"].quota_settings[0].limit == 1000
    error_message = "Traces begin here, the alias may be called, and keys have their quota."
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

  module {
    source = "./modules/network"
  }

  variables {
    prefix           = "vestibule-test"
    region           = "us-east-1"
    vpc_id           = "vpc-1"
    subnet_ids       = ["subnet-1"]
    route_table_ids  = ["rtb-1"]
    caller_group_ids = ["sg-1"]
    services         = ["sqs"]
  }

  assert {
    condition     = aws_vpc_endpoint.service["sqs"].private_dns_enabled && aws_vpc_endpoint.table.vpc_endpoint_type == "Gateway" && aws_vpc_endpoint.table.route_table_ids == toset(["rtb-1"])
    error_message = "Names lead to the endpoints, and the routes to the table."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.endpoints["sg-1"].from_port == 443 && aws_vpc_security_group_ingress_rule.endpoints["sg-1"].referenced_security_group_id == "sg-1"
    error_message = "Only the functions come in."
  }
}
