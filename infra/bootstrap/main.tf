data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

module "bucket" {
  source = "../modules/bucket"

  name = "${var.name}-state-${data.aws_caller_identity.current.account_id}-${var.region}"

  # Old states are what one goes back to: the last 30 stay, and all of the last year.
  expiry = {
    rule              = "old-states"
    old_version_days  = 365
    old_versions_kept = 30
  }
}

# Access logs of any REST API need this, once for an account and region.
resource "aws_iam_role" "api_logs" {
  for_each = toset(var.api_logs_role ? [var.region] : [])

  name        = "${var.name}-api-logs-${each.key}"
  description = "API Gateway writes logs."

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "apigateway.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "api_logs" {
  for_each = aws_iam_role.api_logs

  role       = each.value.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
}

resource "aws_api_gateway_account" "this" {
  for_each = aws_iam_role.api_logs

  cloudwatch_role_arn = each.value.arn

  depends_on = [aws_iam_role_policy_attachment.api_logs]
}
