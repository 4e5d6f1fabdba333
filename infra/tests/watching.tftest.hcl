# What the alarms are told of the stack. Nothing is sent anywhere.

mock_provider "aws" {
  source = "./tests/mocks"
  # Known while planning: nothing that says prevent_destroy could be torn down after an apply.
  override_during = plan
}

# For CloudFront.
mock_provider "aws" {
  alias           = "us_east_1"
  source          = "./tests/mocks"
  override_during = plan
}

run "alarms_look_at_this_stack" {
  command = plan

  variables {
    alarms           = "all"
    alarm_thresholds = { api_latency_ms = 1500 }
    secondary_region = "us-west-2"
    functions        = { api = { memory = 1024, timeout = 20 } }
  }

  assert {
    condition     = output.cloudwatch_dashboard_name == "vestibule-test" && output.sns_topic_arn == "arn:aws:sns:us-east-1:123456789012:vestibule-test-alarms"
    error_message = "Both are names that others rely on."
  }

  assert {
    condition = alltrue([
      strcontains(module.observability.alarms["api-latency"], "1500 ms"),
      strcontains(module.observability.alarms["function-api-memory"], "1024 MB"),
      strcontains(module.observability.alarms["function-api-duration"], "its 20 s"),
      strcontains(module.observability.alarms["trigger-latency"], "2500 ms"),
    ])
    error_message = "Overrides of this environment, and what is not given as it is."
  }

  assert {
    condition = alltrue([
      for key in keys(local.stack.functions) : contains(keys(module.observability.alarms), "function-${key}-errors")
      ]) && alltrue([
      for key, queue in local.stack.queues : contains(keys(module.observability.alarms), can(queue.dead_letters) ? "queue-${key}-age" : "queue-${key}")
    ])
    error_message = "Each function and each queue of stack.yaml is looked at."
  }

  assert {
    condition     = contains(keys(module.observability.alarms), "replication-latency") && !contains(keys(module.observability.alarms), "mail-bounces")
    error_message = "What is there is looked at, and nothing else."
  }

  assert {
    condition     = strcontains(module.observability.dashboards.deployment, "\"IteratorAge\",\"FunctionName\",\"vestibule-test-relay\"")
    error_message = "Whoever reads the stream is the one that may fall behind."
  }
}

# The rules stand in the variables alone: no provider is started.
run "what_cannot_be_is_refused" {
  command = plan

  module {
    source = "./tests/fixtures/variables"
  }

  variables {
    alarms            = "loud"
    alarm_thresholds  = { trigger_latency_ms = 6000 }
    alarm_emails      = ["nobody"]
    objective_percent = 100
    trace_share       = 2
    tracing           = true
    budget            = 0
  }

  expect_failures = [var.alarms, var.alarm_thresholds, var.alarm_emails, var.objective_percent, var.trace_share, var.budget]
}

run "a_share_of_nothing_traced_is_refused" {
  command = plan

  module {
    source = "./tests/fixtures/variables"
  }

  variables {
    trace_share      = 0.1
    alarm_thresholds = { api_error_percent = 101 }
  }

  expect_failures = [var.trace_share, var.alarm_thresholds]
}
