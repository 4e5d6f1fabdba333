# What carries events from the table to those who wait for them. Nothing is sent anywhere.

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
