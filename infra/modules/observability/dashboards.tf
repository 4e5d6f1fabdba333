# Each dashboard names at most 50 metrics: an account has three such dashboards for nothing.
locals {
  api_line   = ["ApiName", var.api.name, "Stage", var.api.stage]
  pool_line  = ["UserPool", var.user_pool.id, "UserPoolClient", var.user_pool.client_id]
  table_line = ["TableName", var.table.name]
  own_line   = ["Environment", var.environment]

  graphs = {
    deployment = concat(
      [
        { title = "Requests and faults", metrics = [
          concat(["AWS/ApiGateway", "Count"], local.api_line, [{ stat = "Sum", label = "Requests" }]),
          concat(["AWS/ApiGateway", "4XXError"], local.api_line, [{ stat = "Sum", label = "4xx" }]),
          concat(["AWS/ApiGateway", "5XXError"], local.api_line, [{ stat = "Sum", label = "5xx" }]),
        ] },
        { title = "Latency, ms", metrics = [
          concat(["AWS/ApiGateway", "Latency"], local.api_line, [{ stat = "p50", label = "API p50" }]),
          concat(["AWS/ApiGateway", "Latency"], local.api_line, [{ stat = "p99", label = "API p99" }]),
          ["AWS/Lambda", "Duration", "FunctionName", var.functions[var.roles.triggers].name, { stat = "p99", label = "Triggers p99" }],
        ] },
        { title = "Sign-ins and sign-ups", metrics = [
          concat(["AWS/Cognito", "SignInSuccesses"], local.pool_line, [{ stat = "SampleCount", label = "Sign-ins tried" }]),
          concat(["AWS/Cognito", "SignInSuccesses"], local.pool_line, [{ stat = "Sum", label = "Sign-ins" }]),
          concat(["AWS/Cognito", "SignUpSuccesses"], local.pool_line, [{ stat = "SampleCount", label = "Sign-ups tried" }]),
          concat(["AWS/Cognito", "SignUpSuccesses"], local.pool_line, [{ stat = "Sum", label = "Sign-ups" }]),
          concat(["AWS/Cognito", "TokenRefreshSuccesses"], local.pool_line, [{ stat = "Sum", label = "Refreshes" }]),
        ] },
        { title = "People", metrics = [
          for name, label in { ProfileCreated = "Arrived", OrganizationCreated = "Organizations", InvitationSpent = "Came by invitation", WelcomeMailSent = "Welcomed", UsersDelivered = "Told of", EraseFinished = "Erased" } :
          concat([var.namespace, name], local.own_line, [{ stat = "Sum", label = label }])
        ] },
        { title = "What needs a look", metrics = [
          for name, label in { BreakerOpened = "Breaker opened", RelayPutAside = "Put aside", ReconcileMissing = "Found missing", SecurityEventsHigh = "Security, high", VpcFailed = "Networks failed" } :
          concat([var.namespace, name], local.own_line, [{ stat = "Sum", label = label }])
        ] },
        { title = "Oldest message, seconds", metrics = [
          for key, queue in local.work_queues : ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue.name, { stat = "Maximum", label = key }]
        ] },
        { title = "Messages waiting", metrics = [
          for key, queue in local.work_queues : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue.name, { stat = "Maximum", label = key }]
        ] },
        { title = "Dead letters", metrics = [
          for key, queue in local.dead_letter_queues : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue.name, { stat = "Maximum", label = key }]
        ] },
        { title = "Table: capacity used", metrics = [
          concat(["AWS/DynamoDB", "ConsumedReadCapacityUnits"], local.table_line, [{ stat = "Sum", label = "Reads" }]),
          concat(["AWS/DynamoDB", "ConsumedWriteCapacityUnits"], local.table_line, [{ stat = "Sum", label = "Writes" }]),
        ] },
        { title = "Table: errors", metrics = concat(
          [
            concat(["AWS/DynamoDB", "ReadThrottleEvents"], local.table_line, [{ stat = "Sum", label = "Reads throttled" }]),
            concat(["AWS/DynamoDB", "WriteThrottleEvents"], local.table_line, [{ stat = "Sum", label = "Writes throttled" }]),
          ],
          [for index in var.table.indexes : concat(["AWS/DynamoDB", "WriteThrottleEvents"], local.table_line, ["GlobalSecondaryIndexName", index, { stat = "Sum", label = "${index} throttled" }])],
          [for operation in ["GetItem", "TransactWriteItems"] : concat(["AWS/DynamoDB", "SystemErrors"], local.table_line, ["Operation", operation, { stat = "Sum", label = "${operation} failed" }])],
        ) },
        { title = "Behind the stream, ms", metrics = [
          ["AWS/Lambda", "IteratorAge", "FunctionName", var.functions[var.roles.relay].name, { stat = "Maximum", label = "Relay" }],
        ] },
      ],
      [for region in var.table.replica_region[*] : { title = "Behind the original, ms", metrics = [
        concat(["AWS/DynamoDB", "ReplicationLatency"], local.table_line, ["ReceivingRegion", region, { stat = "Average", label = region }]),
      ] }],
      [for name in var.has_mail ? ["mail"] : [] : { title = "Mail: bounces and complaints", metrics = [
        ["AWS/SES", "Reputation.BounceRate", { stat = "Maximum", label = "Bounces" }],
        ["AWS/SES", "Reputation.ComplaintRate", { stat = "Maximum", label = "Complaints" }],
      ] }],
    )

    functions = concat(
      [
        for name, graph in {
          Invocations          = { title = "Calls", stat = "Sum" }
          Errors               = { title = "Errors", stat = "Sum" }
          Throttles            = { title = "Not started", stat = "Sum" }
          Duration             = { title = "Duration p99, ms", stat = "p99" }
          ConcurrentExecutions = { title = "At once", stat = "Maximum" }
          } : { title = graph.title, metrics = [
            for key, function in var.functions : ["AWS/Lambda", name, "FunctionName", function.name, { stat = graph.stat, label = key }]
        ] }
      ],
      [for name in var.level == "all" ? ["memory"] : [] : { title = "Memory, MB", metrics = [
        for key, function in var.functions : [local.log_namespace, "${function.name}-memory", { stat = "Maximum", label = key }]
      ] }],
    )
  }

  dashboards = { for name, graphs in local.graphs : name => jsonencode({
    widgets = concat(
      [for index, graph in graphs : {
        type   = "metric"
        x      = index % 3 * 8
        y      = floor(index / 3) * 6
        width  = 8
        height = 6
        properties = {
          title   = graph.title
          region  = var.place.region
          view    = "timeSeries"
          stacked = false
          period  = 300
          metrics = graph.metrics
        }
      }],
      [for title in name == "deployment" && var.level != "none" ? ["Alarms"] : [] : {
        type   = "alarm"
        x      = 0
        y      = ceil(length(graphs) / 3) * 6
        width  = 24
        height = 4
        properties = {
          title  = title
          alarms = [for alarm in values(aws_cloudwatch_metric_alarm.this) : alarm.arn]
        }
      }],
    )
  }) }
}

resource "aws_cloudwatch_dashboard" "this" {
  for_each = var.has_dashboards ? toset(keys(local.dashboards)) : toset([])

  dashboard_name = each.key == "deployment" ? var.prefix : "${var.prefix}-${each.key}"
  dashboard_body = local.dashboards[each.key]
}
