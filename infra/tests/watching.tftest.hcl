# What the alarms are told of the stack. Nothing is sent anywhere.

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

  mock_resource "aws_cognito_user_pool_client" {
    defaults = { id = "client" }
  }

  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:us-east-1:123456789012:vestibule-test-alarms" }
  }

  mock_resource "aws_cloudwatch_metric_alarm" {
    defaults = { arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:some" }
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

run "alarms_look_at_this_stack" {
  command = plan

  variables {
    alarms           = "all"
    alarm_thresholds = { api_latency_ms = 1500 }
    secondary_region = "us-west-2"
    functions        = { api = { memory = 1024, timeout = 20 } }
  }

  assert {
    condition     = output.cloudwatch_dashboard_name == "vestibule-test" && output.sns_topic_arn == "arn:aws:sns:us-east-1:123456789012:vestibule-test-alarms"
    error_message = "Both are names that others rely on."
  }

  assert {
    condition = alltrue([
      strcontains(module.observability.alarms["api-latency"], "1500 ms"),
      strcontains(module.observability.alarms["function-api-memory"], "1024 MB"),
      strcontains(module.observability.alarms["function-api-duration"], "its 20 s"),
      strcontains(module.observability.alarms["trigger-latency"], "2500 ms"),
    ])
    error_message = "Overrides of this environment, and what is not given as it is."
  }

  assert {
    condition = alltrue([
      for key in keys(local.stack.functions) : contains(keys(module.observability.alarms), "function-${key}-errors")
      ]) && alltrue([
      for key, queue in local.stack.queues : contains(keys(module.observability.alarms), can(queue.dead_letters) ? "queue-${key}-age" : "queue-${key}")
    ])
    error_message = "Each function and each queue of stack.yaml is looked at."
  }

  assert {
    condition     = contains(keys(module.observability.alarms), "replication-latency") && !contains(keys(module.observability.alarms), "mail-bounces")
    error_message = "What is there is looked at, and nothing else."
  }

  assert {
    condition     = strcontains(module.observability.dashboards.deployment, "\"IteratorAge\",\"FunctionName\",\"vestibule-test-relay\"")
    error_message = "Whoever reads the stream is the one that may fall behind."
  }
}

# The rules stand in the variables alone: no provider is started.
run "what_cannot_be_is_refused" {
  command = plan

  module {
    source = "./tests/fixtures/variables"
  }

  variables {
    alarms            = "loud"
    alarm_thresholds  = { trigger_latency_ms = 6000 }
    alarm_emails      = ["nobody"]
    objective_percent = 100
    trace_share       = 2
    tracing           = true
    budget            = 0
  }

  expect_failures = [var.alarms, var.alarm_thresholds, var.alarm_emails, var.objective_percent, var.trace_share, var.budget]
}

run "a_share_of_nothing_traced_is_refused" {
  command = plan

  module {
    source = "./tests/fixtures/variables"
  }

  variables {
    trace_share      = 0.1
    alarm_thresholds = { api_error_percent = 101 }
  }

  expect_failures = [var.trace_share, var.alarm_thresholds]
}
