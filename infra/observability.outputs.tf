output "sns_topic_arn" {
  description = "ARN of the topic that alarms speak to."
  value       = module.observability.topic_arn
}

output "cloudwatch_dashboard_name" {
  description = "Name of the dashboard to open first; null without dashboards."
  value       = module.observability.dashboard_name
}

output "monitoring_bill" {
  description = "What CloudWatch bills of this by the month: metrics that alarms look at, anomaly alarms, composite alarms, metrics made from logs, keys, dashboards."
  value       = module.observability.priced
}
