locals {
  both = ["essential", "all"]

  api_dimensions   = { ApiName = var.api.name, Stage = var.api.stage }
  own_dimensions   = { Environment = var.environment }
  pool_dimensions  = { UserPool = var.user_pool.id, UserPoolClient = var.user_pool.client_id }
  table_dimensions = { TableName = var.table.name }

  work_queues         = { for key, queue in var.queues : key => queue if !queue.dead_letters }
  people_queues       = { for key, queue in var.queues : key => queue if queue.people_wait }
  dead_letter_queues  = { for key, queue in var.queues : key => queue if queue.dead_letters }
  function_dimensions = { for key, function in var.functions : key => { FunctionName = function.name } }

  # Beside the functions' own: what a log says, no function counts.
  log_namespace = "${var.namespace}/Logs"

  single_alarms = {
    api-errors = {
      levels      = local.both
      runbook     = "api-errors"
      says        = "The API answers ${var.thresholds.api_error_percent} % of requests or more with a fault of its own (5xx). Look at the errors of the function api."
      threshold   = var.thresholds.api_error_percent / 100
      evaluations = 3
      datapoints  = 2
      # Each request counts 1 or 0: the average is their share.
      metrics = { value = { namespace = "AWS/ApiGateway", name = "5XXError", stat = "Average", dimensions = local.api_dimensions } }
    }
    api-latency = {
      levels      = local.both
      runbook     = "api-latency"
      says        = "One request in a hundred waits ${var.thresholds.api_latency_ms} ms or longer for the API. Look at the duration of the function api, then at the table's throttles."
      threshold   = var.thresholds.api_latency_ms
      evaluations = 3
      datapoints  = 3
      metrics     = { value = { namespace = "AWS/ApiGateway", name = "Latency", stat = "p99", dimensions = local.api_dimensions } }
    }
    trigger-latency = {
      levels      = local.both
      runbook     = "trigger-latency"
      says        = "One of the user pool's triggers in a hundred takes ${var.thresholds.trigger_latency_ms} ms or longer. Cognito waits for 5 s, then people cannot sign in. Look at the trigger's duration by source."
      threshold   = var.thresholds.trigger_latency_ms
      evaluations = 3
      datapoints  = 2
      metrics     = { value = { namespace = "AWS/Lambda", name = "Duration", stat = "p99", dimensions = local.function_dimensions[var.roles.triggers] } }
    }
    function-errors = {
      levels    = ["essential"]
      runbook   = "function-errors"
      says      = "Functions failed, timed out, or wrote three errors or more into their logs within a quarter of an hour. Look at the logs for the level ERROR."
      threshold = 3
      period    = 900
      metrics   = { value = { namespace = local.log_namespace, name = "${var.prefix}-errors", stat = "Sum" } }
    }
    stream-age = {
      levels      = local.both
      runbook     = "stream-age"
      says        = "The relay is ${var.thresholds.stream_age_seconds} s or more behind the table's stream: nobody hears of who arrived. Look at the relay's errors, then at the bus."
      threshold   = var.thresholds.stream_age_seconds * 1000
      evaluations = 3
      datapoints  = 2
      metrics     = { value = { namespace = "AWS/Lambda", name = "IteratorAge", stat = "Maximum", dimensions = local.function_dimensions[var.roles.relay] } }
    }
    events-put-aside = {
      levels    = local.both
      runbook   = "events-put-aside"
      says      = "The relay put a change aside that it cannot tell of. Look at the relay's log for \"not relayed\": it names the record and the reason."
      threshold = 1
      metrics   = { value = { namespace = var.namespace, name = "RelayPutAside", stat = "Sum", dimensions = local.own_dimensions } }
    }
    dead-letters = {
      levels     = ["essential"]
      on         = length(local.dead_letter_queues) > 0
      runbook    = "dead-letters"
      says       = "A delivery was given up and lies among the dead letters. Look at which queue, and at the letter's reason."
      threshold  = 1
      expression = "SUM([${join(", ", [for key in keys(local.dead_letter_queues) : "FILL(${replace(key, "-", "_")}, 0)"])}])"
      label      = "Dead letters"
      metrics    = { for key, queue in local.dead_letter_queues : replace(key, "-", "_") => { namespace = "AWS/SQS", name = "ApproximateNumberOfMessagesVisible", stat = "Maximum", dimensions = { QueueName = queue.name } } }
    }
    oldest-message = {
      levels      = ["essential"]
      on          = length(local.people_queues) > 0
      runbook     = "oldest-message"
      says        = "Somebody's arrival waits in a queue for ${var.thresholds.oldest_message_seconds} s or longer. Look at the errors of the function that reads it."
      threshold   = var.thresholds.oldest_message_seconds
      evaluations = 2
      expression  = "MAX([${join(", ", [for key in keys(local.people_queues) : "FILL(${replace(key, "-", "_")}, 0)"])}])"
      label       = "Oldest message"
      metrics     = { for key, queue in local.people_queues : replace(key, "-", "_") => { namespace = "AWS/SQS", name = "ApproximateAgeOfOldestMessage", stat = "Maximum", dimensions = { QueueName = queue.name } } }
    }
    security-events = {
      levels    = local.both
      runbook   = "security-events"
      says      = "A security event of high severity: blocked sign-ups, many refused inputs, a foreign token, or a breaker that opened. Look at the logs for \"security event\"."
      threshold = 1
      metrics   = { value = { namespace = var.namespace, name = "SecurityEventsHigh", stat = "Sum", dimensions = local.own_dimensions } }
    }
    reconcile-findings = {
      levels      = local.both
      runbook     = "reconcile-findings"
      says        = "Reconciliation finds people again and again whom nobody had let in. It mends that; something keeps losing them. Look at the errors of the triggers."
      threshold   = 1
      period      = 3600
      evaluations = 4
      datapoints  = 2
      metrics     = { value = { namespace = var.namespace, name = "ReconcileMissing", stat = "Sum", dimensions = local.own_dimensions } }
    }
    mail-reputation = {
      levels     = ["essential"]
      on         = var.has_mail
      runbook    = "mail-reputation"
      says       = "Bounces or complaints come near the rate at which SES looks into an account (5 % and 0.1 %). Nobody can sign up without mail. Look at who bounces."
      threshold  = 80
      period     = 3600
      missing    = "ignore"
      expression = "MAX([100 * bounces / 0.05, 100 * complaints / 0.001])"
      label      = "Percent of what SES bears"
      metrics = {
        bounces    = { namespace = "AWS/SES", name = "Reputation.BounceRate", stat = "Maximum" }
        complaints = { namespace = "AWS/SES", name = "Reputation.ComplaintRate", stat = "Maximum" }
      }
    }

    # From here on only where all are wanted.
    mail-bounces = {
      levels    = ["all"]
      on        = var.has_mail
      runbook   = "mail-reputation"
      says      = "4 % of mails or more bounce; at 5 % SES looks into the account, at 10 % it may stop it. Nobody can sign up without mail. Look at who bounces."
      threshold = 0.04
      period    = 3600
      missing   = "ignore"
      metrics   = { value = { namespace = "AWS/SES", name = "Reputation.BounceRate", stat = "Maximum" } }
    }
    mail-complaints = {
      levels    = ["all"]
      on        = var.has_mail
      runbook   = "mail-reputation"
      says      = "8 in 10,000 mails or more are called spam; at 1 in 1,000 SES looks into the account. Nobody can sign up without mail. Look at what was sent lately."
      threshold = 0.0008
      period    = 3600
      missing   = "ignore"
      metrics   = { value = { namespace = "AWS/SES", name = "Reputation.ComplaintRate", stat = "Maximum" } }
    }
    networks = {
      levels    = ["all"]
      runbook   = "networks"
      says      = "A VPC that somebody asked for could not be built or removed. Look at what its record says: vestibule vpcs list --in-state FAILED."
      threshold = 1
      metrics   = { value = { namespace = var.namespace, name = "VpcFailed", stat = "Sum", dimensions = local.own_dimensions } }
    }
    failed-sign-ins = {
      levels      = ["all"]
      runbook     = "failed-sign-ins"
      says        = "${var.thresholds.failed_sign_in_percent} % of sign-ins or more fail, of at least 20 in five minutes. Look at whether the triggers fail; if not, somebody tries passwords."
      threshold   = var.thresholds.failed_sign_in_percent
      evaluations = 3
      datapoints  = 2
      # Each attempt counts 1 or 0. Refused refresh tokens are not among them.
      expression = "IF(attempts >= 20, 100 * (attempts - successes) / attempts, 0)"
      label      = "Failed sign-ins, percent"
      metrics = {
        attempts  = { namespace = "AWS/Cognito", name = "SignInSuccesses", stat = "SampleCount", dimensions = local.pool_dimensions }
        successes = { namespace = "AWS/Cognito", name = "SignInSuccesses", stat = "Sum", dimensions = local.pool_dimensions }
      }
    }
    table-throttles = {
      levels      = ["all"]
      runbook     = "table-throttles"
      says        = "The table refuses reads or writes because they come too fast. Look at its consumed capacity: doubled within half an hour, or all for one key?"
      threshold   = 1
      evaluations = 3
      datapoints  = 2
      expression  = "FILL(reads, 0) + FILL(writes, 0)"
      label       = "Throttled reads and writes"
      metrics = {
        reads  = { namespace = "AWS/DynamoDB", name = "ReadThrottleEvents", stat = "Sum", dimensions = local.table_dimensions }
        writes = { namespace = "AWS/DynamoDB", name = "WriteThrottleEvents", stat = "Sum", dimensions = local.table_dimensions }
      }
    }
    replication-latency = {
      levels      = ["all"]
      on          = var.table.replica_region != null
      runbook     = "replication-latency"
      says        = "The table's copy in the second region is a minute or more behind. Look at AWS's health page for both regions before you fail over."
      threshold   = 60000
      evaluations = 3
      datapoints  = 3
      metrics     = { value = { namespace = "AWS/DynamoDB", name = "ReplicationLatency", stat = "Average", dimensions = merge(local.table_dimensions, { ReceivingRegion = coalesce(var.table.replica_region, "none") }) } }
    }
    reconcile-failures = {
      levels      = ["all"]
      runbook     = "reconcile-findings"
      says        = "Reconciliation finds people whom it cannot let in, tell of, or erase. Look at the log of ${var.roles.reconcile} for \"not reconciled\"."
      threshold   = 1
      period      = 3600
      evaluations = 4
      datapoints  = 2
      metrics     = { value = { namespace = var.namespace, name = "ReconcileFailed", stat = "Sum", dimensions = local.own_dimensions } }
    }
    reconcile-silent = {
      levels      = ["all"]
      runbook     = "reconcile-silent"
      says        = "For three days reconciliation did not come to the pool's end. Once, after the first deployment, this ends by itself within a quarter of an hour. Look at the schedule, then at the errors of ${var.roles.reconcile}."
      comparison  = "LessThanThreshold"
      threshold   = 1
      period      = 86400
      evaluations = 3
      missing     = "breaching"
      metrics     = { value = { namespace = var.namespace, name = "ReconcileComplete", stat = "Sum", dimensions = local.own_dimensions } }
    }
  }

  # Those of a second and third kind: one for each function, one for each queue.
  function_alarms = merge([
    for key, function in var.functions : {
      "function-${key}-errors" = {
        levels      = ["all"]
        runbook     = "function-errors"
        says        = "${var.thresholds.function_error_percent} % of the calls of ${key} or more fail. Look at its log for the level ERROR."
        threshold   = var.thresholds.function_error_percent
        comparison  = "GreaterThanThreshold"
        evaluations = 3
        datapoints  = 2
        expression  = "IF(invocations > 0, 100 * errors / invocations, 0)"
        label       = "Failed calls, percent"
        metrics = {
          errors      = { namespace = "AWS/Lambda", name = "Errors", stat = "Sum", dimensions = local.function_dimensions[key] }
          invocations = { namespace = "AWS/Lambda", name = "Invocations", stat = "Sum", dimensions = local.function_dimensions[key] }
        }
      }
      "function-${key}-duration" = {
        levels = ["all"]
        # The triggers have a tighter one.
        on          = key != var.roles.triggers
        runbook     = "function-duration"
        says        = "One call of ${key} in a hundred takes four fifths of its ${function.timeout} s or more. Look at what it waits for."
        threshold   = function.timeout * 800
        evaluations = 3
        datapoints  = 2
        metrics     = { value = { namespace = "AWS/Lambda", name = "Duration", stat = "p99", dimensions = local.function_dimensions[key] } }
      }
      "function-${key}-throttles" = {
        levels      = ["all"]
        runbook     = "function-throttles"
        says        = "Lambda did not start ${key}: too many functions run at once. Look at the account's concurrency."
        threshold   = 1
        evaluations = 3
        datapoints  = 2
        metrics     = { value = { namespace = "AWS/Lambda", name = "Throttles", stat = "Sum", dimensions = local.function_dimensions[key] } }
      }
      "function-${key}-memory" = {
        levels    = ["all"]
        runbook   = "function-memory"
        says      = "${key} uses 90 % of its ${function.memory} MB or more. Look at whether that grows from call to call; if not, give it more in the variable functions."
        threshold = function.memory * 0.9
        metrics   = { value = { namespace = local.log_namespace, name = "${function.name}-memory", stat = "Maximum" } }
      }
    }
  ]...)

  queue_alarms = merge(
    {
      for key, queue in local.dead_letter_queues : "queue-${key}" => {
        levels    = ["all"]
        runbook   = "dead-letters"
        says      = "A delivery was given up and lies in ${key}. Look at the letter's reason."
        threshold = 1
        metrics   = { value = { namespace = "AWS/SQS", name = "ApproximateNumberOfMessagesVisible", stat = "Maximum", dimensions = { QueueName = queue.name } } }
      }
    },
    {
      for key, queue in local.work_queues : "queue-${key}-age" => {
        levels      = ["all"]
        runbook     = "oldest-message"
        says        = "A message waits in ${key} for ${var.thresholds.oldest_message_seconds} s or longer. Look at the errors of the function that reads it."
        threshold   = var.thresholds.oldest_message_seconds
        evaluations = 2
        metrics     = { value = { namespace = "AWS/SQS", name = "ApproximateAgeOfOldestMessage", stat = "Maximum", dimensions = { QueueName = queue.name } } }
      }
    },
  )

  # Both at once mean that the objective is being missed fast, and still is. Neither speaks alone.
  # At 14 times the errors that the objective allows, a month's allowance lasts for two days.
  objective_alarms = {
    for name, window in { objective-hour = { seconds = 3600, least = 100 }, objective-minutes = { seconds = 300, least = 20 } } : name => {
      levels                             = ["all"]
      runbook                            = "objective"
      says                               = "Part of the alarm objective: faults of the API over ${window.seconds / 60} minutes, if there were ${window.least} requests. Look at that one."
      threshold                          = 14 * (100 - var.objective_percent)
      period                             = window.seconds
      is_silent                          = true
      expression                         = "IF(requests >= ${window.least}, 100 * faults / requests, 0)"
      label                              = "Faults, percent"
      metrics = {
        faults   = { namespace = "AWS/ApiGateway", name = "5XXError", stat = "Sum", dimensions = local.api_dimensions }
        requests = { namespace = "AWS/ApiGateway", name = "Count", stat = "Sum", dimensions = local.api_dimensions }
      }
    }
  }

  alarms = {
    for key, alarm in merge(local.single_alarms, local.function_alarms, local.queue_alarms, local.objective_alarms) : key => {
      says        = alarm.says
      runbook     = alarm.runbook
      threshold   = alarm.threshold
      comparison  = try(alarm.comparison, "GreaterThanOrEqualToThreshold")
      period      = try(alarm.period, 300)
      evaluations = try(alarm.evaluations, 1)
      datapoints  = try(alarm.datapoints, alarm.evaluations, 1)
      missing     = try(alarm.missing, "notBreaching")
      expression  = try(alarm.expression, null)
      label       = try(alarm.label, null)
      actions     = try(alarm.is_silent, false) ? [] : [aws_sns_topic.alarms.arn]
      metrics     = { for id, metric in alarm.metrics : id => merge({ dimensions = {} }, metric) }
      value       = can(alarm.expression) ? null : one(values(alarm.metrics))
    } if contains(alarm.levels, var.level) && try(alarm.on, true)
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.prefix}-${each.key}"
  alarm_description   = "${each.value.says} Runbook: docs/runbooks.md#${each.value.runbook}"
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  evaluation_periods  = each.value.evaluations
  datapoints_to_alarm = each.value.datapoints
  treat_missing_data  = each.value.missing
  alarm_actions       = each.value.actions
  ok_actions          = each.value.actions

  namespace          = try(each.value.value.namespace, null)
  metric_name        = try(each.value.value.name, null)
  dimensions         = try(each.value.value.dimensions, null)
  period             = each.value.expression == null ? each.value.period : null
  statistic          = try(startswith(each.value.value.stat, "p") ? null : each.value.value.stat, null)
  extended_statistic = try(startswith(each.value.value.stat, "p") ? each.value.value.stat : null, null)

  dynamic "metric_query" {
    for_each = each.value.expression == null ? [] : [each.value]

    content {
      id          = "result"
      expression  = metric_query.value.expression
      label       = metric_query.value.label
      return_data = true
    }
  }

  dynamic "metric_query" {
    for_each = each.value.expression == null ? {} : each.value.metrics

    content {
      id = metric_query.key

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.name
        dimensions  = metric_query.value.dimensions
        period      = each.value.period
        stat        = metric_query.value.stat
      }
    }
  }
}

resource "aws_cloudwatch_composite_alarm" "objective" {
  for_each = var.level == "all" ? toset(["objective"]) : toset([])

  alarm_name        = "${var.prefix}-${each.key}"
  alarm_description = "The API misses its objective of ${var.objective_percent} %: for an hour, and still. Look at the alarms that went off with it. Runbook: docs/runbooks.md#objective"
  alarm_rule        = join(" AND ", [for key in keys(local.objective_alarms) : "ALARM(\"${aws_cloudwatch_metric_alarm.this[key].alarm_name}\")"])
  alarm_actions     = [aws_sns_topic.alarms.arn]
  ok_actions        = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "anomaly" {
  for_each = var.level == "all" && var.has_anomalies ? toset([var.roles.api, var.roles.triggers]) : toset([])

  alarm_name          = "${var.prefix}-function-${each.key}-anomaly"
  alarm_description   = "${each.key} is called far more or far less often than it usually is at this hour. Look at who calls. Runbook: docs/runbooks.md#invocation-anomaly"
  comparison_operator = "LessThanLowerOrGreaterThanUpperThreshold"
  threshold_metric_id = "band"
  evaluation_periods  = 4
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "band"
    expression  = "ANOMALY_DETECTION_BAND(invocations, 4)"
    label       = "Invocations as usual"
    return_data = true
  }

  metric_query {
    id          = "invocations"
    return_data = true

    metric {
      namespace   = "AWS/Lambda"
      metric_name = "Invocations"
      dimensions  = local.function_dimensions[each.key]
      period      = 900
      stat        = "Sum"
    }
  }
}
