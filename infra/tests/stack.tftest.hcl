# What the root makes of stack.yaml, openapi.json and the policies. Nothing is sent anywhere.

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

  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::some" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:some" }
  }

  mock_resource "aws_api_gateway_rest_api" {
    defaults = { execution_arn = "arn:aws:execute-api:us-east-1:123456789012:api" }
  }
}

variables {
  environment = "test"
  # Nothing is uploaded, so any file will do.
  package_path = "README.md"
}

run "every_function_of_the_stack_is_made_with_its_own_role_and_log_group" {
  command = plan

  assert {
    condition     = output.lambda_function_names == { for key in keys(local.stack.functions) : key => "vestibule-test-${key}" }
    error_message = "Functions are named after the stack, the environment and their key."
  }

  assert {
    condition     = output.lambda_log_groups == { for key in keys(local.stack.functions) : key => "/aws/lambda/vestibule-test-${key}" }
    error_message = "Each function has the log group that Lambda writes to."
  }

  assert {
    condition     = module.functions.roles == { for key in keys(local.stack.functions) : key => "vestibule-test-${key}" }
    error_message = "Each function has a role of its own."
  }

  assert {
    condition     = toset(keys(output.queue_urls)) == toset(keys(local.stack.queues))
    error_message = "Every queue of the stack is made."
  }
}

run "policies_name_this_account_and_nothing_wider" {
  command = plan

  assert {
    condition = [
      for statement in jsondecode(module.functions.policies["api"]).Statement : statement.Resource if statement.Sid == "KeepProfiles"
    ] == [["arn:aws:dynamodb:us-east-1:123456789012:table/vestibule-test"]]
    error_message = "The symbol `table` is the table."
  }

  assert {
    condition = [
      for statement in jsondecode(module.functions.policies["api"]).Statement : statement.Resource if statement.Sid == "ListPeople"
    ] == [["arn:aws:dynamodb:us-east-1:123456789012:table/vestibule-test/index/*"]]
    error_message = "The symbol `table_indexes` is the table's indexes."
  }

  assert {
    condition = [
      for statement in jsondecode(module.functions.policies["maintenance"]).Statement : statement.Resource if statement.Sid == "KeepWhatFailed"
    ] == [["arn:aws:sqs:us-east-1:123456789012:vestibule-test-retry-dlq"]]
    error_message = "The symbol `queue:retry-dlq` is that queue."
  }

  assert {
    condition = [
      for statement in jsondecode(module.functions.policies["maintenance"]).Statement : statement.Resource if statement.Sid == "WriteLogs"
    ] == [["arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/vestibule-test-maintenance:*"]]
    error_message = "The symbol `logs` is the function's own log group."
  }

  assert {
    condition = alltrue(flatten([
      for policy in values(module.functions.policies) : [
        for statement in jsondecode(policy).Statement : [
          for arn in statement.Resource : startswith(arn, "arn:aws:") && arn != "*"
        ]
      ]
    ]))
    error_message = "Every resource is an ARN; none is everything."
  }

  assert {
    condition = alltrue(flatten([
      for policy in values(module.functions.policies) : [
        for statement in jsondecode(policy).Statement : [for action in statement.Action : !strcontains(action, "*")]
      ]
    ]))
    error_message = "Every action is named."
  }
}

run "rights_to_mail_and_to_the_policy_are_for_one_thing_each" {
  command = plan

  variables {
    mail = { identity = "example.com", from = "hello@example.com" }
  }

  assert {
    condition = [
      for statement in jsondecode(module.functions.policies["maintenance"]).Statement : statement.Resource if statement.Sid == "ReadThePolicy"
    ] == [["arn:aws:ssm:us-east-1:123456789012:parameter/vestibule/test/policy"]]
    error_message = "The symbol `policy_parameter` is this deployment's parameter."
  }
}

run "a_trigger_that_is_given_more_time_than_cognito_waits_is_refused" {
  command = plan

  variables {
    functions = { triggers = { timeout = 10 } }
  }

  expect_failures = [var.functions]
}

run "the_document_calls_the_functions_and_trusts_the_pool" {
  command = plan

  assert {
    condition     = jsondecode(module.api.body).info.title == "vestibule-test"
    error_message = "The document's title is the API's name."
  }

  assert {
    condition = toset(flatten([
      for path in values(jsondecode(module.api.body).paths) : [
        for method in values(path) : method["x-amazon-apigateway-integration"].uri
        if try(method["x-amazon-apigateway-integration"].type, "") == "aws_proxy"
      ]
    ])) == toset(["arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/some/invocations"])
    error_message = "Every function key in the document became an invocation URI."
  }

  assert {
    condition     = strcontains(module.api.body, jsonencode(["arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_pool"])) && !strcontains(module.api.body, "\"user_pool\"")
    error_message = "The authorizer takes tokens of this pool."
  }

  assert {
    condition = toset(keys(jsondecode(module.api.body).paths)) == toset(keys(jsondecode(file("../openapi.json")).paths)) && alltrue([
      for name, path in jsondecode(file("../openapi.json")).paths :
      toset(keys(path)) == toset(keys(jsondecode(module.api.body).paths[name]))
    ])
    error_message = "No path and no method is lost or added."
  }
}

run "overrides_reach_the_functions_and_the_rest_stays_as_the_stack_says" {
  command = plan

  variables {
    functions = { api = { memory = 2048 } }
  }

  assert {
    condition     = module.functions.sizes["api"] == { memory = 2048, timeout = local.stack.functions.api.timeout }
    error_message = "Memory is overridden, the timeout is not."
  }

  assert {
    condition     = module.functions.sizes["maintenance"] == { memory = local.stack.functions.maintenance.memory, timeout = local.stack.functions.maintenance.timeout }
    error_message = "Another function keeps its size."
  }
}

run "a_suffix_tells_two_deployments_of_one_environment_apart" {
  command = plan

  variables {
    environment_suffix = "-pr12"
  }

  assert {
    condition     = output.dynamodb_table_name == "vestibule-test-pr12"
    error_message = "The suffix is part of every name."
  }
}
