# What the alarms need to know and no service counts.
locals {
  filters = merge(
    # All functions count into one metric: one alarm costs as much as for one of them.
    {
      for key, function in var.functions : "${key}-errors" => {
        log_group = function.log_group
        pattern   = "?ERROR ?\"Task timed out\" ?\"Runtime exited\""
        metric    = "${var.prefix}-errors"
        value     = "1"
        unit      = "Count"
      } if var.level == "essential"
    },
    # The line with which Lambda ends each call, as text: `REPORT RequestId: ... Max Memory Used: 83 MB`.
    {
      for key, function in var.functions : "${key}-memory" => {
        log_group = function.log_group
        pattern   = "[report=\"REPORT\", request=\"RequestId:\", id, duration=\"Duration:\", milliseconds, ms, billed=\"Billed\", billed_duration=\"Duration:\", billed_milliseconds, billed_ms, memory=\"Memory\", size=\"Size:\", megabytes, mb, max=\"Max\", max_memory=\"Memory\", used=\"Used:\", used_megabytes, used_mb=\"MB\", ...]"
        metric    = "${function.name}-memory"
        value     = "$used_megabytes"
        unit      = "Megabytes"
      } if var.level == "all"
    },
  )

  # Saved as NAME in a folder named after the deployment.
  queries = {
    errors = {
      groups = local.function_groups
      query  = <<-EOT
        fields @timestamp, @log, message, error, requestId
        | filter level = "ERROR" or @message like /Task timed out|Runtime exited/
        | sort @timestamp desc
        | limit 100
      EOT
    }
    one-request = {
      groups = concat(local.function_groups, [var.api.log_group])
      query  = <<-EOT
        fields @timestamp, @log, @message
        | filter requestId = "PUT THE REQUEST'S ID HERE"
        | sort @timestamp asc
        | limit 200
      EOT
    }
    one-person = {
      groups = local.function_groups
      query  = <<-EOT
        fields @timestamp, @log, level, message, requestId
        | filter userId = "PUT THE PERSON'S ID HERE"
        | sort @timestamp asc
        | limit 500
      EOT
    }
    slow-requests = {
      groups = [var.api.log_group]
      query  = <<-EOT
        fields @timestamp, method, resource, status, responseLatency, integrationLatency, requestId
        | filter responseLatency > 1000
        | sort responseLatency desc
        | limit 100
      EOT
    }
    requests-by-route = {
      groups = [var.api.log_group]
      query  = <<-EOT
        stats count(*) as requests, pct(responseLatency, 50) as p50, pct(responseLatency, 99) as p99, sum(status >= 500) as faults by method, resource
        | sort requests desc
      EOT
    }
    triggers-by-source = {
      groups = [var.functions[var.roles.triggers].log_group]
      query  = <<-EOT
        filter ispresent(CognitoTriggerDuration)
        | stats count(*) as calls, pct(CognitoTriggerDuration, 50) as p50, pct(CognitoTriggerDuration, 99) as p99, sum(CognitoTriggerSuccess) as successes by Source
        | sort p99 desc
      EOT
    }
    cold-starts = {
      groups = local.function_groups
      query  = <<-EOT
        filter @type = "REPORT"
        | stats count(*) as calls, count(@initDuration) as coldStarts, pct(@initDuration, 99) as p99Start, pct(@duration, 99) as p99, max(@maxMemoryUsed / 1000 / 1000) as megabytes by @log
      EOT
    }
    security-events = {
      groups = local.function_groups
      query  = <<-EOT
        filter message = "security event"
        | stats count(*) as events by securityEvent, severity, source, bin(5m)
        | sort events desc
      EOT
    }
  }

  function_groups = [for function in values(var.functions) : function.log_group]
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = local.filters

  name           = "${var.prefix}-${each.key}"
  log_group_name = each.value.log_group
  pattern        = each.value.pattern

  metric_transformation {
    namespace = local.log_namespace
    name      = each.value.metric
    value     = each.value.value
    unit      = each.value.unit
  }
}

resource "aws_cloudwatch_query_definition" "this" {
  for_each = { for name, query in local.queries : name => query if var.has_queries }

  name            = "${var.prefix}/${each.key}"
  log_group_names = each.value.groups
  query_string    = each.value.query
}
