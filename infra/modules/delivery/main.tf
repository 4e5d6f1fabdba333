# A bus of our own: nobody else's events reach our rules.
resource "aws_cloudwatch_event_bus" "this" {
  name = var.prefix
}

resource "aws_cloudwatch_event_rule" "queue" {
  for_each = var.rules

  name           = "${var.prefix}-${each.key}"
  event_bus_name = aws_cloudwatch_event_bus.this.name

  event_pattern = jsonencode({
    source      = [local.source]
    detail-type = [for type in each.value.types : jsondecode(endswith(type, "*") ? jsonencode({ prefix = trimsuffix(type, "*") }) : jsonencode(type))]
  })
}

resource "aws_cloudwatch_event_target" "queue" {
  for_each = var.rules

  target_id      = "queue"
  event_bus_name = aws_cloudwatch_event_bus.this.name
  rule           = aws_cloudwatch_event_rule.queue[each.key].name
  arn            = var.queue_arns[each.value.queue]

  # Only the event itself, as the relay wrote it.
  input_path = "$.detail"

  retry_policy {
    maximum_event_age_in_seconds = local.retries.age
    maximum_retry_attempts       = local.retries.attempts
  }

  dead_letter_config {
    arn = var.queue_arns[var.dead_letters[each.value.queue]]
  }
}

resource "aws_cloudwatch_event_rule" "schedule" {
  for_each = local.schedules

  name                = "${var.prefix}-${each.key}"
  schedule_expression = each.value.rate
}

resource "aws_cloudwatch_event_target" "schedule" {
  for_each = local.schedules

  target_id = "function"
  rule      = aws_cloudwatch_event_rule.schedule[each.key].name
  arn       = var.functions[each.value.function].arn
  input     = jsonencode({ task = each.value.name })

  retry_policy {
    maximum_event_age_in_seconds = local.retries.age
    maximum_retry_attempts       = local.retries.attempts
  }

  dynamic "dead_letter_config" {
    for_each = each.value.dead_letters == null ? [] : [each.value.dead_letters]

    content {
      arn = var.queue_arns[dead_letter_config.value]
    }
  }
}

resource "aws_lambda_permission" "schedule" {
  for_each = local.schedules

  statement_id  = "schedule-${each.value.name}"
  function_name = var.functions[each.value.function].name
  qualifier     = var.functions[each.value.function].qualifier
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.schedule[each.key].arn
}

locals {
  # What the relay calls itself.
  source = "vestibule"

  # A day, and as often as EventBridge tries in one.
  retries = { age = 86400, attempts = 185 }

  schedules = merge([
    for key, schedules in var.schedules : {
      for schedule in schedules : "${key}-${schedule.name}" => merge(schedule, { function = key })
    }
  ]...)
}
