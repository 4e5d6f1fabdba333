output "functions" {
  description = "By function key: name, ARN, log group, published version; and how to call it: by target_arn, invoke_arn and qualifier, which is null without an alias."
  value = {
    for key, function in aws_lambda_function.this : key => {
      name       = function.function_name
      arn        = function.arn
      target_arn = local.targets[key].arn
      invoke_arn = local.targets[key].invoke_arn
      qualifier  = local.targets[key].qualifier
      version    = function.version
      log_group  = aws_cloudwatch_log_group.function[key].name
    }
  }
}

output "queue_urls" {
  description = "Queue URLs by key."
  value       = { for key, queue in local.queues : key => queue.url }
}

output "queue_arns" {
  description = "Queue ARNs by key."
  value       = { for key, queue in local.queues : key => queue.arn }
}

output "roles" {
  description = "Role names by function key."
  value       = { for key, role in aws_iam_role.function : key => role.name }
}

output "policies" {
  description = "The policy of each function's role, as text, with ARNs in place of symbols."
  value       = { for key, policy in aws_iam_role_policy.function : key => policy.policy }
}

output "sizes" {
  description = "Memory and timeout by function key, overrides applied."
  value       = { for key, function in aws_lambda_function.this : key => { memory = function.memory_size, timeout = function.timeout } }
}
