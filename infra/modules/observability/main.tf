locals {
  account = "arn:${var.place.partition}:iam::${var.place.account_id}:root"
  speakers = {
    Alarms  = { service = "cloudwatch.amazonaws.com", arn = "arn:${var.place.partition}:cloudwatch:${var.place.region}:${var.place.account_id}:alarm:*" }
    Budgets = { service = "budgets.amazonaws.com", arn = "arn:${var.place.partition}:budgets::${var.place.account_id}:*" }
  }
}

# Alarms cannot be sent through a topic that is encrypted with SNS's own key: its policy lets nobody in.
resource "aws_kms_key" "alarms" {
  for_each = var.encrypted ? toset(["alarms"]) : toset([])

  description             = "Alarms of ${var.prefix} on their way."
  enable_key_rotation     = true
  deletion_window_in_days = 7

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "Administer"
        Effect    = "Allow"
        Principal = { AWS = local.account }
        Action    = "kms:*"
        Resource  = "*"
      }],
      [for name, speaker in local.speakers : {
        Sid       = name
        Effect    = "Allow"
        Principal = { Service = speaker.service }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = var.place.account_id } }
      }],
    )
  })
}

resource "aws_sns_topic" "alarms" {
  name              = "${var.prefix}-alarms"
  kms_master_key_id = try(aws_kms_key.alarms["alarms"].arn, null)

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for name, speaker in local.speakers : {
      Sid       = name
      Effect    = "Allow"
      Principal = { Service = speaker.service }
      Action    = "sns:Publish"
      Resource  = "arn:${var.place.partition}:sns:${var.place.region}:${var.place.account_id}:${var.prefix}-alarms"
      Condition = {
        StringEquals = { "aws:SourceAccount" = var.place.account_id }
        ArnLike      = { "aws:SourceArn" = speaker.arn }
      }
    }]
  })
}

resource "aws_sns_topic_subscription" "email" {
  for_each = var.emails

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.key
}

resource "aws_budgets_budget" "month" {
  for_each = var.budget == null ? {} : { month = var.budget }

  name         = var.prefix
  budget_type  = "COST"
  limit_amount = tostring(each.value)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  dynamic "notification" {
    for_each = { ACTUAL = 80, FORECASTED = 100 }

    content {
      notification_type         = notification.key
      threshold                 = notification.value
      threshold_type            = "PERCENTAGE"
      comparison_operator       = "GREATER_THAN"
      subscriber_sns_topic_arns = [aws_sns_topic.alarms.arn]
    }
  }
}

# Only what begins at the gateway follows such rules: Lambda decides by itself for what it begins.
resource "aws_xray_sampling_rule" "api" {
  for_each = var.trace_share == null ? {} : { api = var.trace_share }

  rule_name      = var.prefix
  priority       = 1000
  version        = 1
  reservoir_size = 1
  fixed_rate     = each.value
  service_name   = "${var.api.name}/${var.api.stage}"
  service_type   = "*"
  host           = "*"
  http_method    = "*"
  url_path       = "*"
  resource_arn   = "*"
}
