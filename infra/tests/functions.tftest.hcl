# The functions module on a stack smaller than ours: one plan holds many functions, each with one thing to show.

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

variables {
  prefix             = "vestibule-test"
  partition          = "aws"
  region             = "us-east-1"
  account_id         = "123456789012"
  package_path       = "README.md"
  runtime            = "python3.13"
  architecture       = "arm64"
  log_retention_days = 30
  environment        = "test"
  table_stream_arn   = "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/2026"
  arns               = { table = ["arn:aws:dynamodb:us-east-1:123456789012:table/t"] }

  queues = {
    letters = { dead_letters = "lost", max_receives = 3 }
    lost    = { retention = 1209600 }
  }

  functions = {
    one = {
      handler = "some.handler"
      memory  = 128
      timeout = 3
      policy  = "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": [\"dynamodb:GetItem\"], \"Resource\": [\"table\", \"queue:lost\"]}]}"
      events  = [{ stream = "table", batch_size = 5, maximum_age = 60, maximum_retries = 2, filter = "{}", on_failure = "lost" }]
    }
  }
}

run "functions_are_as_the_stack_says" {
  command = plan

  module {
    source = "./modules/functions"
  }

  variables {
    table_name    = "t"
    arns          = merge(var.arns, { mail_identity = [], "ec2:vpc" = ["arn:aws:ec2:*:123456789012:vpc/*"], anything = ["*"] })
    queue_senders = { letters = ["arn:aws:events:us-east-1:123456789012:rule/bus/two", "arn:aws:events:us-east-1:123456789012:rule/bus/one"] }
    trigger_pools = { one = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_pool" }

    functions = {
      one       = var.functions.one
      queued    = merge(var.functions.one, { events = [{ queue = "letters", batch_size = 5 }] })
      capped    = merge(var.functions.one, { events = [{ queue = "letters", batch_size = 5, concurrency = 3 }] })
      scheduled = merge(var.functions.one, { events = [{ queue = "letters", batch_size = 5 }, { schedule = "often", rate = "rate(1 hour)" }] })
      networked = merge(var.functions.one, { events = [], network = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] } })
      builder = merge(var.functions.one, {
        events = []
        policy = "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": [\"ec2:DeleteVpc\"], \"Resource\": [\"ec2:vpc\"], \"Condition\": {\"StringEquals\": {\"aws:ResourceTag/vestibule:environment\": [\"environment\"], \"aws:ResourceTag/vestibule:table\": [\"table\"], \"ec2:CreateAction\": [\"CreateVpc\"]}}}, {\"Effect\": \"Allow\", \"Action\": [\"ec2:DescribeVpcs\"], \"Resource\": [\"anything\"]}]}"
      })
      silent = merge(var.functions.one, {
        events = []
        policy = "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": [\"ses:SendEmail\"], \"Resource\": [\"mail_identity\"]}, {\"Effect\": \"Allow\", \"Action\": [\"dynamodb:GetItem\"], \"Resource\": [\"table\"]}]}"
      })
    }
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.function["one"].policy).Statement[0].Resource == [
      "arn:aws:dynamodb:us-east-1:123456789012:table/t",
      "arn:aws:sqs:us-east-1:123456789012:vestibule-test-lost",
    ]
    error_message = "Every symbol of a statement is there, in its order."
  }

  assert {
    condition = alltrue([
      aws_lambda_event_source_mapping.stream["one-table"].batch_size == 5,
      aws_lambda_event_source_mapping.stream["one-table"].maximum_record_age_in_seconds == 60,
      aws_lambda_event_source_mapping.stream["one-table"].maximum_retry_attempts == 2,
      aws_lambda_event_source_mapping.stream["one-table"].bisect_batch_on_function_error,
      aws_lambda_event_source_mapping.stream["one-table"].starting_position == "TRIM_HORIZON",
    ])
    error_message = "Batches, age and retries are those of the event."
  }

  assert {
    condition     = try(length(aws_lambda_event_source_mapping.stream["one-table"].function_response_types), 0) == 0
    error_message = "A function raises, or has told of all: nothing it answers is taken for a part."
  }

  assert {
    condition     = length(aws_lambda_event_source_mapping.stream["one-table"].destination_config) == 1 && length(aws_lambda_event_source_mapping.stream["one-table"].filter_criteria) == 1
    error_message = "What fails for good is kept, and only what is asked for arrives."
  }

  assert {
    condition = alltrue([
      aws_lambda_event_source_mapping.queue["queued-letters"].batch_size == 5,
      toset(aws_lambda_event_source_mapping.queue["queued-letters"].function_response_types) == toset(["ReportBatchItemFailures"]),
      length(aws_lambda_event_source_mapping.queue["queued-letters"].scaling_config) == 0,
    ])
    error_message = "Only messages named as failed come back, and as many may work as there are."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.queue["capped-letters"].scaling_config[0].maximum_concurrency == 3
    error_message = "What comes back after an outage is not run over."
  }

  assert {
    condition     = keys(aws_lambda_event_source_mapping.queue) == ["capped-letters", "queued-letters", "scheduled-letters"] && keys(aws_lambda_event_source_mapping.stream) == ["one-table"]
    error_message = "Nothing else feeds anything: schedules are the delivery module's."
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.this["scheduled"].destination_config[0].on_failure[0].destination == aws_sqs_queue.dead_letters["lost"].arn && aws_lambda_function_event_invoke_config.this["scheduled"].qualifier == null
    error_message = "Nobody waits for the answer, so the queue for dead letters gets it."
  }

  assert {
    condition = jsondecode(aws_sqs_queue.work["letters"].policy).Statement == [{
      Sid       = "TakeEvents"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = "arn:aws:sqs:us-east-1:123456789012:vestibule-test-letters"
      Condition = { ArnEquals = { "aws:SourceArn" = ["arn:aws:events:us-east-1:123456789012:rule/bus/one", "arn:aws:events:us-east-1:123456789012:rule/bus/two"] } }
    }]
    error_message = "Another rule, or another account's, may not."
  }

  assert {
    condition     = aws_sqs_queue.work["letters"].sqs_managed_sse_enabled && aws_sqs_queue.dead_letters["lost"].sqs_managed_sse_enabled
    error_message = "Queues are encrypted by a key that the bus may use."
  }

  assert {
    condition     = aws_lambda_function.this["networked"].vpc_config[0].subnet_ids == toset(["subnet-1"]) && aws_lambda_function.this["networked"].vpc_config[0].security_group_ids == toset(["sg-1"])
    error_message = "It stands where it is told to."
  }

  assert {
    condition     = keys(aws_iam_role_policy_attachment.network) == ["networked"] && aws_iam_role_policy_attachment.network["networked"].policy_arn == "arn:aws:iam::aws:policy/service-role/AWSLambdaENIManagementAccess"
    error_message = "Its role may make the interfaces, and no more."
  }

  assert {
    condition = jsondecode(jsonencode([for statement in jsondecode(aws_iam_role_policy.function["builder"].policy).Statement : try(statement.Condition, null)])) == jsondecode(jsonencode([
      { StringEquals = { "aws:ResourceTag/vestibule:environment" = ["test"], "aws:ResourceTag/vestibule:table" = ["t"], "ec2:CreateAction" = ["CreateVpc"] } },
      null,
    ]))
    error_message = "What carries the tag of another environment, or of another stack's table, is not ours."
  }

  assert {
    condition     = flatten([for statement in jsondecode(aws_iam_role_policy.function["silent"].policy).Statement : statement.Action]) == ["dynamodb:GetItem"]
    error_message = "Nobody may mail where there is no sender."
  }

  assert {
    condition = alltrue([
      aws_lambda_permission.trigger["one"].principal == "cognito-idp.amazonaws.com",
      aws_lambda_permission.trigger["one"].source_arn == var.trigger_pools.one,
      aws_lambda_permission.trigger["one"].source_account == "123456789012",
    ])
    error_message = "Neither another pool nor another account may."
  }

  assert {
    condition = jsondecode(aws_sqs_queue.work["letters"].redrive_policy) == {
      deadLetterTargetArn = "arn:aws:sqs:us-east-1:123456789012:vestibule-test-lost"
      maxReceiveCount     = 3
    }
    error_message = "After three tries a letter is dead."
  }

  assert {
    condition = jsondecode(aws_sqs_queue.dead_letters["lost"].redrive_allow_policy) == {
      redrivePermission = "byQueue"
      sourceQueueArns   = ["arn:aws:sqs:us-east-1:123456789012:vestibule-test-letters"]
    }
    error_message = "No other queue may put its letters there."
  }

  assert {
    condition     = aws_s3_object.package.key == "packages/${filesha256("README.md")}.zip"
    error_message = "The same zip is the same object."
  }

  assert {
    condition     = module.bucket.versioned && length(jsondecode(module.bucket.policy).Statement) == 1
    error_message = "Packages are versioned, and nobody else's to read."
  }
}

run "what_only_some_deployments_have_is_there_when_asked_for" {
  command = plan

  module {
    source = "./modules/functions"
  }

  variables {
    alias         = "live"
    canary        = { share = 0.1, stable = { older = "6", newest = "7" } }
    trigger_pools = { one = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_pool" }
    arns          = merge(var.arns, { mail_identity = ["arn:aws:ses:us-east-1:123456789012:identity/example.com"] })
    mail_from     = "Vestibule <hello@example.com>"
    tracing       = true
    log_key_arn   = "arn:aws:kms:us-east-1:123456789012:key/logs"
    table_key_arn = "arn:aws:kms:us-east-1:123456789012:key/table"

    functions = {
      one = merge(var.functions.one, {
        concurrency = 20
        events      = concat(var.functions.one.events, [{ queue = "letters", batch_size = 5 }, { schedule = "often", rate = "rate(1 hour)" }])
      })
      older  = merge(var.functions.one, { events = [] })
      newest = merge(var.functions.one, { events = [] })
      mailer = merge(var.functions.one, {
        events = []
        policy = "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": [\"ses:SendEmail\"], \"Resource\": [\"mail_identity\"]}, {\"Effect\": \"Allow\", \"Action\": [\"dynamodb:GetItem\"], \"Resource\": [\"table\"]}]}"
      })
    }
  }

  assert {
    condition     = aws_lambda_function.this["one"].publish && aws_lambda_alias.this["one"].function_version == "7" && length(aws_lambda_alias.this["one"].routing_config) == 0
    error_message = "The alias is at the newest version."
  }

  assert {
    condition = toset([
      aws_lambda_event_source_mapping.stream["one-table"].function_name,
      aws_lambda_event_source_mapping.queue["one-letters"].function_name,
      output.functions.one.target_arn,
    ]) == toset(["arn:aws:lambda:us-east-1:123456789012:function:some:live"])
    error_message = "What feeds it calls the alias."
  }

  assert {
    condition = toset([
      aws_lambda_permission.trigger["one"].qualifier,
      aws_lambda_function_event_invoke_config.this["one"].qualifier,
      output.functions.one.qualifier,
    ]) == toset(["live"])
    error_message = "The right to call it is the alias's."
  }

  assert {
    condition     = aws_lambda_alias.this["older"].function_version == "6" && aws_lambda_alias.this["older"].routing_config[0].additional_version_weights == tomap({ "7" = 0.1 })
    error_message = "A tenth goes to the newest version."
  }

  assert {
    condition     = length(aws_lambda_alias.this["newest"].routing_config) == 0
    error_message = "Lambda refuses to share between a version and itself."
  }

  assert {
    condition     = jsonencode([for statement in jsondecode(aws_iam_role_policy.function["mailer"].policy).Statement : try(statement.Condition, null) if !contains(["OpenTheTable", "Trace"], try(statement.Sid, ""))]) == jsonencode([{ StringEquals = { "ses:FromAddress" = "hello@example.com" } }, null])
    error_message = "The identity may be a domain: no other address of it may be used."
  }

  assert {
    condition = alltrue([
      aws_lambda_function.this["one"].tracing_config[0].mode == "Active",
      aws_lambda_function.this["one"].reserved_concurrent_executions == 20,
      aws_cloudwatch_log_group.function["one"].kms_key_id == var.log_key_arn,
    ])
    error_message = "All three reach the function."
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.function["one"].policy).Statement : statement.Resource if contains(["OpenTheTable", "Trace"], try(statement.Sid, ""))] == [
      [var.table_key_arn], ["*"],
    ]
    error_message = "It may use the table's key, by way of DynamoDB, and write traces."
  }
}

run "a_symbol_that_stands_for_nothing_is_refused" {
  command = plan

  module {
    source = "./modules/functions"
  }

  variables {
    functions = {
      one = merge(var.functions.one, {
        policy = "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": [\"sqs:SendMessage\"], \"Resource\": [\"queue:nobody\"]}]}"
      })
    }
  }

  expect_failures = [aws_iam_role_policy.function]
}

run "a_function_that_outlasts_its_queue_is_refused" {
  command = plan

  module {
    source = "./modules/functions"
  }

  variables {
    functions = { one = merge(var.functions.one, { timeout = 31, events = [{ queue = "letters", batch_size = 5 }] }) }
  }

  expect_failures = [aws_lambda_event_source_mapping.queue]
}

run "a_schedule_whose_failures_nobody_keeps_is_refused" {
  command = plan

  module {
    source = "./modules/functions"
  }

  variables {
    functions = { one = merge(var.functions.one, { events = [{ schedule = "often", rate = "rate(1 hour)" }] }) }
  }

  expect_failures = [aws_lambda_function_event_invoke_config.this]
}

# Rules of variables need no provider.
run "a_prefix_too_long_for_a_bucket_and_a_canary_without_an_alias_are_refused" {
  command = plan

  module {
    source = "./tests/fixtures/function_variables"
  }

  variables {
    prefix = "a-name-of-more-than-thirty-letters"
    canary = { share = 0.1, stable = { one = "6" } }
  }

  expect_failures = [var.prefix, var.canary]
}
