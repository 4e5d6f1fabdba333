locals {
  # Which rules of the bus, and which topics, put something into a queue.
  queue_policies = {
    for key in setunion(keys(var.queue_senders), keys(var.topic_senders)) : key => jsonencode({
      Version = "2012-10-17"
      Statement = concat(
        [for senders in [lookup(var.queue_senders, key, [])] : {
          Sid       = "TakeEvents"
          Effect    = "Allow"
          Principal = { Service = "events.amazonaws.com" }
          Action    = "sqs:SendMessage"
          Resource  = local.queue_arns[key]
          Condition = { ArnEquals = { "aws:SourceArn" = sort(senders) } }
        } if length(senders) > 0],
        [for senders in [lookup(var.topic_senders, key, [])] : {
          Sid       = "TakeNotifications"
          Effect    = "Allow"
          Principal = { Service = "sns.amazonaws.com" }
          Action    = "sqs:SendMessage"
          Resource  = local.queue_arns[key]
          Condition = { ArnEquals = { "aws:SourceArn" = sort(senders) } }
        } if length(senders) > 0],
      )
    })
  }

  queues = merge(aws_sqs_queue.dead_letters, aws_sqs_queue.work)

  # Which queues send their dead letters to this one.
  dead_letter_sources = {
    for key in distinct([for queue in values(var.queues) : queue.dead_letters if queue.dead_letters != null]) :
    key => [for source, queue in var.queues : local.queue_arns[source] if queue.dead_letters == key]
  }
}

# The policies are part of the queues, with ARNs built from names: as resources of their own each
# would wait for the queue once more.
resource "aws_sqs_queue" "dead_letters" {
  for_each = { for key, queue in var.queues : key => queue if queue.dead_letters == null }

  name                       = "${var.prefix}-${each.key}"
  visibility_timeout_seconds = each.value.visibility
  message_retention_seconds  = each.value.retention
  sqs_managed_sse_enabled    = true
  policy                     = lookup(local.queue_policies, each.key, null)

  redrive_allow_policy = jsonencode(merge(
    { redrivePermission = contains(keys(local.dead_letter_sources), each.key) ? "byQueue" : "denyAll" },
    { for key, sources in local.dead_letter_sources : "sourceQueueArns" => sources if key == each.key },
  ))
}

resource "aws_sqs_queue" "work" {
  for_each = { for key, queue in var.queues : key => queue if queue.dead_letters != null }

  name                       = "${var.prefix}-${each.key}"
  visibility_timeout_seconds = each.value.visibility
  message_retention_seconds  = each.value.retention
  sqs_managed_sse_enabled    = true
  policy                     = lookup(local.queue_policies, each.key, null)

  redrive_policy = jsonencode({
    deadLetterTargetArn = local.queue_arns[each.value.dead_letters]
    maxReceiveCount     = each.value.max_receives
  })

  # AWS refuses a redrive policy whose target does not exist yet.
  depends_on = [aws_sqs_queue.dead_letters]
}
