locals {
  logs = {
    for key in keys(var.functions) :
    key => "arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group:/aws/lambda/${var.prefix}-${key}:*"
  }

  queue_arns = {
    for key in keys(var.queues) :
    key => "arn:${var.partition}:sqs:${var.region}:${var.account_id}:${var.prefix}-${key}"
  }

  arns = merge(var.arns, { for key, arn in local.queue_arns : "queue:${key}" => [arn] })

  # Each policy file names what it is about by symbols; here every symbol becomes its ARNs.
  statements = {
    for key, function in var.functions : key => [
      for statement in jsondecode(function.policy).Statement : merge(statement, {
        Resource = flatten([
          for symbol in statement.Resource :
          symbol == "logs" ? [local.logs[key]] : lookup(local.arns, symbol, startswith(symbol, "arn:") ? [symbol] : [])
        ])
        }, {
        # An identity may be a whole domain: we are its one address.
        for name in var.mail_from != null && contains(flatten([statement.Action]), "ses:SendEmail") ? ["Condition"] : [] :
        name => { StringEquals = { "ses:FromAddress" = try(regex("<([^>]+)>", var.mail_from)[0], var.mail_from) } }
      })
    ]
  }

  # A statement about what is not there, such as mail without a sender, is left out.
  policies = {
    for key, function in var.functions : key => merge(jsondecode(function.policy), {
      Statement = [for statement in local.statements[key] : statement if length(statement.Resource) > 0]
    })
  }

  unknown_symbols = {
    for key, function in var.functions : key => [
      for symbol in flatten([for statement in jsondecode(function.policy).Statement : statement.Resource]) :
      symbol if symbol != "logs" && !startswith(symbol, "arn:") && !contains(keys(local.arns), symbol)
    ]
  }
}

resource "aws_iam_role" "function" {
  for_each = var.functions

  name        = "${var.prefix}-${each.key}"
  description = each.value.description

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  for_each = var.functions

  name   = each.key
  role   = aws_iam_role.function[each.key].id
  policy = jsonencode(local.policies[each.key])

  lifecycle {
    precondition {
      condition     = length(local.unknown_symbols[each.key]) == 0
      error_message = "The policy of function ${each.key} names ${join(", ", local.unknown_symbols[each.key])}, which is none of ${join(", ", sort(concat(["logs"], keys(local.arns))))}."
    }
  }
}
