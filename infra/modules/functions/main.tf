resource "aws_cloudwatch_log_group" "function" {
  for_each = var.functions

  name              = "/aws/lambda/${var.prefix}-${each.key}"
  retention_in_days = var.log_retention_days
}

resource "aws_lambda_function" "this" {
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

  environment {
    variables = each.value.environment
  }

  # Without the group Lambda would make one that keeps logs forever.
  depends_on = [aws_cloudwatch_log_group.function, aws_iam_role_policy.function]
}

locals {
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

  function_name    = aws_lambda_function.this[each.value.function].arn
  event_source_arn = var.table_stream_arn
  batch_size       = each.value.batch_size

  # From the oldest change still held, so that nothing between two deployments is skipped.
  starting_position              = "TRIM_HORIZON"
  bisect_batch_on_function_error = true
  maximum_record_age_in_seconds  = each.value.maximum_age
  maximum_retry_attempts         = each.value.maximum_retries

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

  function_name    = aws_lambda_function.this[each.value.function].arn
  event_source_arn = local.queues[each.value.queue].arn
  batch_size       = each.value.batch_size

  # One bad message does not bring back those that were handled beside it.
  function_response_types = ["ReportBatchItemFailures"]

  depends_on = [aws_iam_role_policy.function]
}

# The account, too: a pool's ARN alone would let another account's pool name our function.
resource "aws_lambda_permission" "trigger" {
  for_each = var.trigger_pools

  statement_id   = "cognito"
  function_name  = aws_lambda_function.this[each.key].function_name
  action         = "lambda:InvokeFunction"
  principal      = "cognito-idp.amazonaws.com"
  source_arn     = each.value
  source_account = var.account_id
}
