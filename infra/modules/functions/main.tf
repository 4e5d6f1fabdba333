resource "aws_cloudwatch_log_group" "function" {
  for_each = var.functions

  name              = "/aws/lambda/${var.prefix}-${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_key_arn
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_116:Those that nobody waits for have a destination for what fails, below
  #checkov:skip=CKV_AWS_272:The zip is stored under its hash in a bucket that the deployer alone writes to
  #checkov:skip=CKV_AWS_173:The environment holds names, and secrets only by their names
  #checkov:skip=CKV_AWS_50:The variable tracing turns it on; each trace costs money
  for_each = var.functions

  function_name    = "${var.prefix}-${each.key}"
  description      = each.value.description
  role             = aws_iam_role.function[each.key].arn
  handler          = each.value.handler
  runtime          = var.runtime
  architectures    = [var.architecture]
  memory_size      = each.value.memory
  timeout          = each.value.timeout
  s3_bucket        = aws_s3_object.package.bucket
  s3_key           = aws_s3_object.package.key
  source_code_hash = filebase64sha256(var.package_path)
  publish          = var.alias != null

  reserved_concurrent_executions = each.value.concurrency

  dynamic "tracing_config" {
    for_each = var.tracing ? ["Active"] : []

    content {
      mode = tracing_config.value
    }
  }

  environment {
    variables = each.value.environment
  }

  dynamic "vpc_config" {
    for_each = each.value.network == null ? [] : [each.value.network]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  # Without the group Lambda would make one that keeps logs forever.
  depends_on = [aws_cloudwatch_log_group.function, aws_iam_role_policy.function, aws_iam_role_policy_attachment.network]
}

# What calls a function calls this name, so that it can be led to another version, or by and by.
resource "aws_lambda_alias" "this" {
  for_each = var.alias == null ? {} : aws_lambda_function.this

  name             = var.alias
  description      = "The version that is in use."
  function_name    = each.value.function_name
  function_version = try(var.canary.stable[each.key], each.value.version)

  dynamic "routing_config" {
    # Where the stable version is the newest, there is nothing to share.
    for_each = try(var.canary.stable[each.key] != each.value.version, false) ? [var.canary] : []

    content {
      additional_version_weights = { (each.value.version) = routing_config.value.share }
    }
  }
}

locals {
  # Where a function is called: by its alias if it has one.
  targets = {
    for key, function in aws_lambda_function.this : key => {
      arn        = try(aws_lambda_alias.this[key].arn, function.arn)
      invoke_arn = try(aws_lambda_alias.this[key].invoke_arn, function.invoke_arn)
      qualifier  = try(aws_lambda_alias.this[key].name, null)
    }
  }

  # Nobody waits for a schedule's call: what fails goes where the dead letters of its queue go.
  unattended = {
    for key, function in var.functions : key => one(distinct([for event in function.events : var.queues[event.queue].dead_letters if event.queue != null]))
    if length([for event in function.events : event if event.schedule != null]) > 0
  }

  stream_events = merge([
    for key, function in var.functions : {
      for event in function.events : "${key}-${event.stream}" => merge(event, { function = key }) if event.stream != null
    }
  ]...)

  queue_events = merge([
    for key, function in var.functions : {
      for event in function.events : "${key}-${event.queue}" => merge(event, { function = key }) if event.queue != null
    }
  ]...)
}

resource "aws_lambda_event_source_mapping" "stream" {
  for_each = local.stream_events

  function_name    = local.targets[each.value.function].arn
  event_source_arn = var.table_stream_arn
  batch_size       = each.value.batch_size

  # From the oldest change still held, so that nothing between two deployments is skipped.
  starting_position              = "TRIM_HORIZON"
  bisect_batch_on_function_error = true
  maximum_record_age_in_seconds  = each.value.maximum_age
  maximum_retry_attempts         = each.value.maximum_retries

  # No partial failures: the relay raises for any record that was not told, and what was told beside
  # it comes twice with the same id. One answer, which holds wherever it runs.

  dynamic "filter_criteria" {
    for_each = each.value.filter == null ? [] : [each.value.filter]

    content {
      filter {
        pattern = filter_criteria.value
      }
    }
  }

  dynamic "destination_config" {
    for_each = each.value.on_failure == null ? [] : [each.value.on_failure]

    content {
      on_failure {
        destination_arn = local.queues[destination_config.value].arn
      }
    }
  }

  depends_on = [aws_iam_role_policy.function]
}

resource "aws_lambda_event_source_mapping" "queue" {
  for_each = local.queue_events

  function_name    = local.targets[each.value.function].arn
  event_source_arn = local.queues[each.value.queue].arn
  batch_size       = each.value.batch_size

  # One bad message does not bring back those that were handled beside it.
  function_response_types = ["ReportBatchItemFailures"]

  dynamic "scaling_config" {
    for_each = each.value.concurrency == null ? [] : [each.value.concurrency]

    content {
      maximum_concurrency = scaling_config.value
    }
  }

  lifecycle {
    precondition {
      condition     = var.functions[each.value.function].timeout <= var.queues[each.value.queue].visibility
      error_message = "Function ${each.value.function} may work for ${var.functions[each.value.function].timeout} s, and the queue ${each.value.queue} hides a message for ${var.queues[each.value.queue].visibility} s alone: another would begin with it meanwhile. Give the function less in the variable functions, or the queue more in stack.yaml."
    }
  }

  depends_on = [aws_iam_role_policy.function]
}

# The account, too: a pool's ARN alone would let another account's pool name our function.
resource "aws_lambda_permission" "trigger" {
  for_each = var.trigger_pools

  statement_id   = "cognito"
  function_name  = aws_lambda_function.this[each.key].function_name
  qualifier      = local.targets[each.key].qualifier
  action         = "lambda:InvokeFunction"
  principal      = "cognito-idp.amazonaws.com"
  source_arn     = each.value
  source_account = var.account_id
}

resource "aws_lambda_function_event_invoke_config" "this" {
  for_each = local.unattended

  function_name = aws_lambda_function.this[each.key].function_name
  qualifier     = local.targets[each.key].qualifier

  # By then the next call is due.
  maximum_event_age_in_seconds = 900
  maximum_retry_attempts       = 2

  dynamic "destination_config" {
    for_each = each.value == null ? [] : [each.value]

    content {
      on_failure {
        destination = local.queues[destination_config.value].arn
      }
    }
  }

  lifecycle {
    precondition {
      condition     = each.value != null
      error_message = "Function ${each.key} is called by a schedule, and has no queue whose dead letters could keep what fails."
    }
  }

  depends_on = [aws_iam_role_policy.function]
}
