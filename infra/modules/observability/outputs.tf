output "topic_arn" {
  description = "ARN of the topic that alarms speak to."
  value       = aws_sns_topic.alarms.arn
}

output "dashboard_name" {
  description = "Name of the dashboard to open first; null without dashboards."
  value       = try(aws_cloudwatch_dashboard.this["deployment"].dashboard_name, null)
}

output "dashboards" {
  description = "The dashboards, as text, by key."
  value       = { for key, dashboard in aws_cloudwatch_dashboard.this : key => dashboard.dashboard_body }
}

output "alarms" {
  description = "What each alarm says, by key."
  value = merge(
    { for key, alarm in aws_cloudwatch_metric_alarm.this : key => alarm.alarm_description },
    { for key, alarm in aws_cloudwatch_metric_alarm.anomaly : "function-${key}-anomaly" => alarm.alarm_description },
    { for key, alarm in aws_cloudwatch_composite_alarm.objective : key => alarm.alarm_description },
  )
}

output "priced" {
  description = "What CloudWatch bills by the month: metrics that alarms look at, anomaly alarms, composite alarms, metrics made from logs, keys."
  value = {
    alarm_metrics    = sum(concat([0], [for alarm in values(local.alarms) : length(alarm.metrics)]))
    anomaly_alarms   = length(aws_cloudwatch_metric_alarm.anomaly)
    composite_alarms = length(aws_cloudwatch_composite_alarm.objective)
    log_metrics      = length(distinct([for filter in values(local.filters) : filter.metric]))
    keys             = length(aws_kms_key.alarms)
    dashboards       = length(aws_cloudwatch_dashboard.this)
  }
}
