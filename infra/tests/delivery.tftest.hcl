# What carries events from the table to those who wait for them. Nothing is sent anywhere.

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

run "events_that_cannot_be_delivered_are_kept" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    prefix        = "vestibule-test"
    secret_prefix = "vestibule/test"
    rules         = { welcome = { types = ["user.confirmed"], queue = "mail" } }
    queue_arns    = { mail = "arn:aws:sqs:us-east-1:123456789012:mail", mail-dlq = "arn:aws:sqs:us-east-1:123456789012:mail-dlq" }
    dead_letters  = { mail = "mail-dlq" }
    schedules     = { maintenance = [{ name = "reconcile", rate = "rate(1 hour)", dead_letters = "mail-dlq" }] }
    functions     = { maintenance = { name = "vestibule-test-maintenance", arn = "arn:aws:lambda:us-east-1:123456789012:function:some:live", qualifier = "live" } }
    secrets       = {}
    parameters    = { unsubscribe = { description = "some" } }
  }

  assert {
    condition = alltrue([
      aws_cloudwatch_event_target.queue["welcome"].arn == var.queue_arns.mail,
      aws_cloudwatch_event_target.queue["welcome"].input_path == "$.detail",
      aws_cloudwatch_event_target.queue["welcome"].dead_letter_config[0].arn == var.queue_arns.mail-dlq,
      aws_cloudwatch_event_target.queue["welcome"].retry_policy[0].maximum_event_age_in_seconds == 86400,
    ])
    error_message = "For a day it is tried, and then it lies with the dead letters."
  }

  assert {
    condition = alltrue([
      jsondecode(aws_cloudwatch_event_target.schedule["maintenance-reconcile"].input) == { task = "reconcile" },
      aws_cloudwatch_event_target.schedule["maintenance-reconcile"].arn == var.functions.maintenance.arn,
      aws_cloudwatch_event_target.schedule["maintenance-reconcile"].dead_letter_config[0].arn == var.queue_arns.mail-dlq,
      aws_lambda_permission.schedule["maintenance-reconcile"].qualifier == "live",
      aws_lambda_permission.schedule["maintenance-reconcile"].principal == "events.amazonaws.com",
      aws_lambda_permission.schedule["maintenance-reconcile"].source_arn == aws_cloudwatch_event_rule.schedule["maintenance-reconcile"].arn,
    ])
    error_message = "A schedule says which task it is, and nobody else may call."
  }

  assert {
    condition     = aws_ssm_parameter.generated["unsubscribe"].type == "SecureString" && aws_ssm_parameter.generated["unsubscribe"].name == "/vestibule/test/unsubscribe"
    error_message = "A random value is encrypted."
  }
}

run "a_rule_whose_queue_keeps_no_dead_letters_is_refused" {
  command = plan

  module {
    source = "./modules/delivery"
  }

  variables {
    prefix        = "vestibule-test"
    secret_prefix = "vestibule/test"
    rules         = { welcome = { types = ["user.confirmed"], queue = "mail" } }
    queue_arns    = { mail = "arn:aws:sqs:us-east-1:123456789012:mail" }
    dead_letters  = { other = "mail" }
    schedules     = {}
    functions     = {}
    secrets       = {}
    parameters    = {}
  }

  expect_failures = [var.dead_letters]
}
