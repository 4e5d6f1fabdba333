# Mails that name this set are sent over TLS or not at all, and SES tells what became of them.
resource "aws_sesv2_configuration_set" "this" {
  for_each = local.feedback

  configuration_set_name = var.prefix

  delivery_options {
    tls_policy = "REQUIRE"
  }

  reputation_options {
    reputation_metrics_enabled = true
  }

  sending_options {
    sending_enabled = true
  }

  # An address that bounced or complained is not written to again.
  suppression_options {
    suppressed_reasons = ["BOUNCE", "COMPLAINT"]
  }
}

resource "aws_sns_topic" "feedback" {
  #checkov:skip=CKV_AWS_26:SES cannot write to a topic with SNS's own key; one of ours costs money every month for messages that stay for seconds
  for_each = local.feedback

  name = "${var.prefix}-mail-feedback"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "SesTells"
      Effect    = "Allow"
      Principal = { Service = "ses.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = local.topic
      Condition = {
        StringEquals = { "aws:SourceAccount" = var.account_id }
        ArnEquals    = { "aws:SourceArn" = "arn:${var.partition}:ses:${var.region}:${var.account_id}:configuration-set/${var.prefix}" }
      }
    }]
  })
}

resource "aws_sesv2_configuration_set_event_destination" "feedback" {
  for_each = local.feedback

  configuration_set_name = aws_sesv2_configuration_set.this[each.key].configuration_set_name
  event_destination_name = "feedback"

  event_destination {
    enabled              = true
    matching_event_types = ["BOUNCE", "COMPLAINT"]

    sns_destination {
      topic_arn = aws_sns_topic.feedback[each.key].arn
    }
  }
}

resource "aws_sns_topic_subscription" "feedback" {
  for_each = local.feedback

  topic_arn            = aws_sns_topic.feedback[each.key].arn
  protocol             = "sqs"
  endpoint             = var.queue_arn
  raw_message_delivery = true

  redrive_policy = jsonencode({ deadLetterTargetArn = var.dead_letters_arn })
}
