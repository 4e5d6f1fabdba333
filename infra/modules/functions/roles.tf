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

  # What stands for a name in a condition.
  names = merge({ environment = var.environment }, var.table_name == null ? {} : { table = var.table_name })

  # What a condition says, with names in place of what stands for them.
  conditions = {
    for key, function in var.functions : key => [
      for statement in jsondecode(function.policy).Statement : {
        for operator, keys in try(statement.Condition, {}) : operator => {
          for name, values in keys : name => [for value in values : lookup(local.names, value, value)]
        }
      }
    ]
  }

  # Each policy file names what it is about by symbols; here every symbol becomes its ARNs.
  statements = {
    for key, function in var.functions : key => [
      for index, statement in jsondecode(function.policy).Statement : merge({ for name, part in statement : name => part if name != "Condition" }, {
        Resource = distinct(flatten([
          for symbol in statement.Resource :
          symbol == "logs" ? [local.logs[key]] : lookup(local.arns, symbol, startswith(symbol, "arn:") ? [symbol] : [])
        ]))
        }, {
        for name in length(merge({}, values(local.conditions[key][index])...)) > 0 ? ["Condition"] : [] :
        name => local.conditions[key][index]
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
      Statement = concat(
        [for statement in local.statements[key] : statement if length(statement.Resource) > 0],
        [for statement in local.additions[key] : jsondecode(statement) if statement != null],
      )
    })
  }

  # What comes with features that only some deployments have.
  additions = {
    for key, function in var.functions : key => [
      var.table_key_arn == null || !contains(flatten([for statement in jsondecode(function.policy).Statement : statement.Resource]), "table") ? null : jsonencode({
        Sid       = "OpenTheTable"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"]
        Resource  = [var.table_key_arn]
        Condition = { StringEquals = { "kms:ViaService" = ["dynamodb.${var.region}.amazonaws.com"] } }
      }),
      !var.tracing ? null : jsonencode({
        Sid      = "Trace"
        Effect   = "Allow"
        Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        Resource = ["*"]
      }),
    ]
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

# Lambda makes the interfaces in the function's name.
resource "aws_iam_role_policy_attachment" "network" {
  for_each = { for key, function in var.functions : key => function if function.network != null }

  role       = aws_iam_role.function[each.key].name
  policy_arn = "arn:${var.partition}:iam::aws:policy/service-role/AWSLambdaENIManagementAccess"
}
