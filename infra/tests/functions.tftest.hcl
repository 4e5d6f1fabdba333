# The functions module on a stack smaller than ours.

mock_provider "aws" {
  override_during = plan

  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::some" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/some" }
  }

  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:us-east-1:123456789012:function:some" }
  }
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

run "a_list_of_symbols_becomes_a_list_of_arns" {
  command = plan

  module {
    source = "./modules/functions"
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.function["one"].policy).Statement[0].Resource == [
      "arn:aws:dynamodb:us-east-1:123456789012:table/t",
      "arn:aws:sqs:us-east-1:123456789012:vestibule-test-lost",
    ]
    error_message = "Every symbol of a statement is there, in its order."
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

run "a_stream_feeds_its_function_as_the_event_says" {
  command = plan

  module {
    source = "./modules/functions"
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
    condition     = length(aws_lambda_event_source_mapping.stream["one-table"].destination_config) == 1 && length(aws_lambda_event_source_mapping.stream["one-table"].filter_criteria) == 1
    error_message = "What fails for good is kept, and only what is asked for arrives."
  }
}

run "a_queue_feeds_its_function_message_by_message" {
  command = plan

  module {
    source = "./modules/functions"
  }

  variables {
    functions = {
      one = merge(var.functions.one, { events = [{ queue = "letters", batch_size = 5 }] })
    }
  }

  assert {
    condition = alltrue([
      aws_lambda_event_source_mapping.queue["one-letters"].batch_size == 5,
      toset(aws_lambda_event_source_mapping.queue["one-letters"].function_response_types) == toset(["ReportBatchItemFailures"]),
      length(aws_lambda_event_source_mapping.stream) == 0,
    ])
    error_message = "Only messages named as failed come back."
  }
}

run "only_the_pool_of_this_account_may_call_a_trigger" {
  command = plan

  module {
    source = "./modules/functions"
  }

  variables {
    trigger_pools = { one = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_pool" }
  }

  assert {
    condition = alltrue([
      aws_lambda_permission.trigger["one"].principal == "cognito-idp.amazonaws.com",
      aws_lambda_permission.trigger["one"].source_arn == var.trigger_pools.one,
      aws_lambda_permission.trigger["one"].source_account == "123456789012",
    ])
    error_message = "Neither another pool nor another account may."
  }
}

run "a_statement_about_what_is_not_there_is_left_out" {
  command = plan

  module {
    source = "./modules/functions"
  }

  variables {
    arns = merge(var.arns, { mail_identity = [] })
    functions = {
      one = merge(var.functions.one, {
        policy = "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": [\"ses:SendEmail\"], \"Resource\": [\"mail_identity\"]}, {\"Effect\": \"Allow\", \"Action\": [\"dynamodb:GetItem\"], \"Resource\": [\"table\"]}]}"
      })
    }
  }

  assert {
    condition     = flatten([for statement in jsondecode(aws_iam_role_policy.function["one"].policy).Statement : statement.Action]) == ["dynamodb:GetItem"]
    error_message = "Nobody may mail where there is no sender."
  }
}

run "functions_mail_as_the_one_sender_alone" {
  command = plan

  module {
    source = "./modules/functions"
  }

  variables {
    arns      = merge(var.arns, { mail_identity = ["arn:aws:ses:us-east-1:123456789012:identity/example.com"] })
    mail_from = "Vestibule <hello@example.com>"
    functions = {
      one = merge(var.functions.one, {
        policy = "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": [\"ses:SendEmail\"], \"Resource\": [\"mail_identity\"]}, {\"Effect\": \"Allow\", \"Action\": [\"dynamodb:GetItem\"], \"Resource\": [\"table\"]}]}"
      })
    }
  }

  assert {
    condition     = jsonencode([for statement in jsondecode(aws_iam_role_policy.function["one"].policy).Statement : try(statement.Condition, null)]) == jsonencode([{ StringEquals = { "ses:FromAddress" = "hello@example.com" } }, null])
    error_message = "The identity may be a domain: no other address of it may be used."
  }
}

run "letters_that_nobody_takes_go_to_the_queue_for_them" {
  command = plan

  module {
    source = "./modules/functions"
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
}

run "the_zip_is_named_after_its_content_and_the_bucket_is_private" {
  command = plan

  module {
    source = "./modules/functions"
  }

  assert {
    condition     = aws_s3_object.package.key == "packages/${filesha256("README.md")}.zip"
    error_message = "The same zip is the same object."
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.packages.block_public_acls,
      aws_s3_bucket_public_access_block.packages.block_public_policy,
      aws_s3_bucket_public_access_block.packages.ignore_public_acls,
      aws_s3_bucket_public_access_block.packages.restrict_public_buckets,
      aws_s3_bucket_versioning.packages.versioning_configuration[0].status == "Enabled",
      strcontains(aws_s3_bucket_policy.packages.policy, "aws:SecureTransport"),
    ])
    error_message = "Packages are versioned, and nobody else's to read."
  }
}

run "a_prefix_too_long_for_a_bucket_is_refused" {
  command = plan

  module {
    source = "./modules/functions"
  }

  variables {
    prefix = "a-name-of-more-than-thirty-letters"
  }

  expect_failures = [var.prefix]
}
