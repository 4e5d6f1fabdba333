# Who hears of what, and what that costs. Nothing is sent anywhere.

mock_provider "aws" {
  source = "./tests/mocks"
  # Known while planning: nothing that says prevent_destroy could be torn down after an apply.
  override_during = plan
}

variables {
  prefix      = "vestibule-test"
  environment = "test"
  namespace   = "Vestibule"
  place       = { partition = "aws", region = "us-east-1", account_id = "123456789012" }
  api         = { name = "vestibule-test", stage = "api", log_group = "/aws/apigateway/vestibule-test" }
  user_pool   = { id = "us-east-1_pool", client_id = "client" }
  table       = { name = "vestibule-test", indexes = ["gsi1"] }
  roles       = { api = "api", triggers = "triggers", relay = "relay", reconcile = "maintenance" }

  functions = { for key in ["analytics", "api", "mailer", "maintenance", "relay", "triggers", "user_service", "vpc_builder"] : key => {
    name      = "vestibule-test-${key}"
    log_group = "/aws/lambda/vestibule-test-${key}"
    memory    = 256
    timeout   = 30
  } }

  queues = merge(
    { for key in ["analytics", "mail", "retry", "user-service", "vpc-jobs"] : key => {
      name         = "vestibule-test-${key}"
      dead_letters = false
      people_wait  = contains(["retry", "user-service"], key)
    } },
    { for key in ["analytics", "mail", "retry", "user-service", "vpc-jobs"] : "${key}-dlq" => {
      name         = "vestibule-test-${key}-dlq"
      dead_letters = true
    } },
  )

  thresholds = {
    api_error_percent      = 1
    api_latency_ms         = 3000
    trigger_latency_ms     = 2500
    function_error_percent = 5
    failed_sign_in_percent = 50
    oldest_message_seconds = 900
    stream_age_seconds     = 300
  }

  objective_percent = 99.9
  has_mail          = false
  level             = "essential"
  emails            = []
  encrypted         = true
  has_dashboards    = true
  has_anomalies     = true
  has_queries       = true
}

run "the_essential_alarms_are_ten_at_most_and_nearly_free" {
  command = plan

  module {
    source = "./modules/observability"
  }

  variables {
    emails      = ["ops@example.com"]
    budget      = 20
    trace_share = 0.1
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this) <= 10 && length(aws_cloudwatch_metric_alarm.anomaly) == 0 && length(aws_cloudwatch_composite_alarm.objective) == 0
    error_message = "What wakes people is ten alarms at most."
  }

  assert {
    condition     = output.priced == { alarm_metrics = 15, anomaly_alarms = 0, composite_alarms = 0, log_metrics = 1, keys = 1, dashboards = 2 }
    error_message = "Ten of these metrics are free, each other one costs $0.10 a month; docs/terraform.md says so. Now: ${jsonencode(output.priced)}"
  }

  assert {
    condition     = length(toset([for filter in aws_cloudwatch_log_metric_filter.this : filter.metric_transformation[0].name])) == 1 && length(aws_cloudwatch_log_metric_filter.this) == length(var.functions)
    error_message = "The errors of all functions are one metric."
  }

  assert {
    condition     = toset([for query in aws_cloudwatch_metric_alarm.this["dead-letters"].metric_query : query.metric[0].dimensions.QueueName if query.expression == null]) == toset([for key, queue in var.queues : queue.name if queue.dead_letters])
    error_message = "Each queue of dead letters is looked at."
  }

  assert {
    condition = (
      [for query in aws_cloudwatch_metric_alarm.this["dead-letters"].metric_query : query.expression if query.expression != null] ==
      ["SUM([FILL(analytics_dlq, 0), FILL(mail_dlq, 0), FILL(retry_dlq, 0), FILL(user_service_dlq, 0), FILL(vpc_jobs_dlq, 0)])"]
    )
    error_message = "A queue that says nothing holds nothing."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["dead-letters"].threshold == 1 && aws_cloudwatch_metric_alarm.this["dead-letters"].treat_missing_data == "notBreaching"
    error_message = "One letter is enough."
  }

  assert {
    condition = alltrue([
      aws_cloudwatch_metric_alarm.this["trigger-latency"].extended_statistic == "p99",
      aws_cloudwatch_metric_alarm.this["trigger-latency"].statistic == null,
      aws_cloudwatch_metric_alarm.this["trigger-latency"].threshold == 2500,
      aws_cloudwatch_metric_alarm.this["trigger-latency"].dimensions == tomap({ FunctionName = "vestibule-test-triggers" }),
      aws_cloudwatch_metric_alarm.this["api-latency"].extended_statistic == "p99",
      aws_cloudwatch_metric_alarm.this["api-errors"].extended_statistic == null,
      aws_cloudwatch_metric_alarm.this["api-errors"].statistic == "Average",
      aws_cloudwatch_metric_alarm.this["api-errors"].threshold == 0.01,
    ])
    error_message = "An average hides who waits longest; the share of faults is an average."
  }

  assert {
    condition     = aws_sns_topic.alarms.kms_master_key_id == aws_kms_key.alarms["alarms"].arn && aws_kms_key.alarms["alarms"].enable_key_rotation
    error_message = "Alarms are encrypted on their way."
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(aws_kms_key.alarms["alarms"].policy).Statement : statement.Principal.Service if can(statement.Principal.Service)
    ])) == toset(["budgets.amazonaws.com", "cloudwatch.amazonaws.com"])
    error_message = "Without the key CloudWatch could not send an alarm."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_sns_topic.alarms.policy).Statement :
      statement.Condition.StringEquals == { "aws:SourceAccount" = "123456789012" } && statement.Resource == "arn:aws:sns:us-east-1:123456789012:vestibule-test-alarms"
    ])
    error_message = "Those of this account alone."
  }

  assert {
    condition     = aws_sns_topic_subscription.email["ops@example.com"].protocol == "email"
    error_message = "Who is named is mailed."
  }

  assert {
    condition     = aws_budgets_budget.month["month"].limit_amount == "20" && toset([for told in aws_budgets_budget.month["month"].notification : "${told.notification_type} ${told.threshold}"]) == toset(["ACTUAL 80", "FORECASTED 100"])
    error_message = "Before the money is spent."
  }

  assert {
    condition     = aws_xray_sampling_rule.api["api"].fixed_rate == 0.1 && aws_xray_sampling_rule.api["api"].service_name == "vestibule-test/api"
    error_message = "Of this API alone."
  }

  assert {
    condition     = length(aws_cloudwatch_query_definition.this["errors"].log_group_names) == length(var.functions) && aws_cloudwatch_query_definition.this["errors"].name == "vestibule-test/errors"
    error_message = "Errors are looked for in every function's log."
  }
}

run "with_all_alarms_each_function_and_each_queue_has_its_own" {
  command = plan

  module {
    source = "./modules/observability"
  }

  variables {
    level    = "all"
    has_mail = true
    table    = { name = "vestibule-test", indexes = ["gsi1"], replica_region = "us-west-2" }
  }

  assert {
    condition = alltrue(flatten([for key in keys(var.functions) : [
      contains(keys(aws_cloudwatch_metric_alarm.this), "function-${key}-errors"),
      contains(keys(aws_cloudwatch_metric_alarm.this), "function-${key}-throttles"),
      contains(keys(aws_cloudwatch_metric_alarm.this), "function-${key}-memory"),
      contains(keys(aws_cloudwatch_metric_alarm.this), "function-${key}-duration") == (key != "triggers"),
    ]]))
    error_message = "Errors, duration, throttles and memory of each."
  }

  assert {
    condition = alltrue([
      for key, queue in var.queues : contains(keys(aws_cloudwatch_metric_alarm.this), queue.dead_letters ? "queue-${key}" : "queue-${key}-age")
    ])
    error_message = "Dead letters, and the oldest message."
  }

  assert {
    condition = alltrue([
      for key in ["function-errors", "dead-letters", "oldest-message", "mail-reputation"] : !contains(keys(aws_cloudwatch_metric_alarm.this), key)
    ])
    error_message = "Nothing is told twice."
  }

  assert {
    condition = alltrue([
      for key in ["failed-sign-ins", "table-throttles", "replication-latency", "mail-bounces", "mail-complaints", "reconcile-silent", "events-put-aside", "security-events", "networks"] :
      contains(keys(aws_cloudwatch_metric_alarm.this), key)
    ])
    error_message = "What can go wrong beside functions and queues."
  }

  assert {
    condition     = output.priced == { alarm_metrics = 70, anomaly_alarms = 2, composite_alarms = 1, log_metrics = 8, keys = 1, dashboards = 2 }
    error_message = "docs/terraform.md says what that costs. Now: ${jsonencode(output.priced)}"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["function-api-memory"].threshold == 230.4 && aws_cloudwatch_metric_alarm.this["function-api-duration"].threshold == 24000
    error_message = "Nine tenths of the memory, four fifths of the timeout."
  }

  assert {
    condition     = [for filter in aws_cloudwatch_log_metric_filter.this : filter.metric_transformation[0].name if filter.log_group_name == "/aws/lambda/vestibule-test-api"] == [aws_cloudwatch_metric_alarm.this["function-api-memory"].metric_name]
    error_message = "The memory that an alarm looks at is the one that is read from that function's log."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["reconcile-silent"].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.this["mail-bounces"].treat_missing_data == "ignore"
    error_message = "Silence is what that one is about; and without mails nothing gets better."
  }

  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.anomaly) == ["api", "triggers"] && aws_cloudwatch_metric_alarm.anomaly["api"].threshold_metric_id == "band"
    error_message = "Unusual is what people call."
  }

  assert {
    condition     = aws_cloudwatch_composite_alarm.objective["objective"].alarm_rule == "ALARM(\"vestibule-test-objective-hour\") AND ALARM(\"vestibule-test-objective-minutes\")"
    error_message = "For an hour, and still."
  }

  assert {
    condition = alltrue([
      for key, alarm in aws_cloudwatch_metric_alarm.this :
      tolist(alarm.alarm_actions) == (startswith(key, "objective-") ? tolist([]) : tolist([aws_sns_topic.alarms.arn]))
    ])
    error_message = "Every alarm is heard, but parts of another one."
  }

  assert {
    condition = alltrue([
      for alarm in output.alarms : contains(
        [for line in split("\n", file("../docs/runbooks.md")) : replace(lower(trimprefix(line, "## ")), " ", "-") if startswith(line, "## ")],
        try(regex("Runbook: docs/runbooks\\.md#([a-z-]+)$", alarm)[0], "none")
      )
    ])
    error_message = "Whoever is woken must find what to do. Without a section: ${join(", ", [for key, alarm in output.alarms : key if !strcontains(lower(replace(file("../docs/runbooks.md"), " ", "-")), "\n##-${try(regex("#([a-z-]+)$", alarm)[0], "none")}\n")])}."
  }

  assert {
    condition     = alltrue([for alarm in output.alarms : strcontains(alarm, "Look at ") && length(alarm) <= 1024])
    error_message = "Every alarm says where to look first."
  }

  assert {
    condition = alltrue([
      for body in values(output.dashboards) : length(flatten([for widget in jsondecode(body).widgets : [for metric in try(widget.properties.metrics, []) : metric[1]]])) <= 50
    ])
    error_message = "Above 50 metrics a dashboard costs $3 a month."
  }

  assert {
    condition     = output.dashboard_name == "vestibule-test" && aws_cloudwatch_dashboard.this["functions"].dashboard_name == "vestibule-test-functions"
    error_message = "The first one is named as the deployment."
  }

  assert {
    condition = alltrue(flatten([
      [for queue in values(var.queues) : strcontains(output.dashboards.deployment, "\"${queue.name}\"")],
      [for name in ["SignInSuccesses", "SignUpSuccesses", "BreakerOpened", "ProfileCreated", "SystemErrors", "5XXError", "p50", "ReplicationLatency"] : strcontains(output.dashboards.deployment, "\"${name}\"")],
      [for function in values(var.functions) : strcontains(output.dashboards.functions, "\"${function.name}\"")],
      [for name in ["Invocations", "Errors", "Duration", "ConcurrentExecutions", "Throttles"] : strcontains(output.dashboards.functions, "\"${name}\"")],
    ]))
    error_message = "Everything is somewhere."
  }

  assert {
    condition = alltrue([
      for body in values(output.dashboards) : length(distinct([for widget in jsondecode(body).widgets : [widget.x, widget.y]])) == length(jsondecode(body).widgets)
    ])
    error_message = "No graph lies upon another."
  }
}

run "each_essential_alarm_names_a_section_of_the_runbooks" {
  command = plan

  module {
    source = "./modules/observability"
  }

  variables {
    has_mail = true
  }

  assert {
    condition = alltrue([
      for alarm in output.alarms : contains(
        [for line in split("\n", file("../docs/runbooks.md")) : replace(lower(trimprefix(line, "## ")), " ", "-") if startswith(line, "## ")],
        try(regex("Runbook: docs/runbooks\\.md#([a-z-]+)$", alarm)[0], "none")
      )
    ])
    error_message = "Whoever is woken must find what to do."
  }

  assert {
    condition     = contains(keys(output.alarms), "mail-reputation") && length(output.alarms) == 11
    error_message = "Mail brings one more."
  }
}

run "what_is_turned_off_is_not_there" {
  command = plan

  module {
    source = "./modules/observability"
  }

  variables {
    level          = "none"
    encrypted      = false
    has_dashboards = false
    has_anomalies  = false
    has_queries    = false
  }

  assert {
    condition     = output.priced == { alarm_metrics = 0, anomaly_alarms = 0, composite_alarms = 0, log_metrics = 0, keys = 0, dashboards = 0 }
    error_message = "Nothing is to be paid."
  }

  assert {
    condition = alltrue([
      output.dashboard_name == null,
      length(aws_cloudwatch_query_definition.this) == 0,
      length(aws_xray_sampling_rule.api) == 0,
      length(aws_budgets_budget.month) == 0,
      length(aws_sns_topic_subscription.email) == 0,
    ])
    error_message = "Null, not an empty name."
  }
}

run "roles_name_functions" {
  command = plan

  module {
    source = "./tests/fixtures/observability"
  }

  variables {
    roles = { api = "api", triggers = "triggers", relay = "nobody", reconcile = "maintenance" }
  }

  expect_failures = [var.roles]
}
