locals {
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

  redrive_policy = jsonencode({
    deadLetterTargetArn = local.queue_arns[each.value.dead_letters]
    maxReceiveCount     = each.value.max_receives
  })

  # AWS refuses a redrive policy whose target does not exist yet.
  depends_on = [aws_sqs_queue.dead_letters]
}
