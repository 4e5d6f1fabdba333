locals {
  rules      = try(local.stack.bus.rules, {})
  secrets    = { for key, secret in try(local.stack.secrets, {}) : key => { description = try(secret.description, "") } }
  parameters = { for key, parameter in try(local.stack.parameters, {}) : key => { description = try(parameter.description, "") } }

  # Who calls the user service, and so may have to stand in its network.
  user_service_callers = [
    for key, function in local.stack.functions : key if contains(values(try(function.environment, {})), { ref = "user_service_url" })
  ]

  secret_prefix = "${local.stack.name}/${var.environment}${var.environment_suffix}"

  dead_letters = {
    for key, queue in try(local.stack.queues, {}) : key => queue.dead_letters if can(queue.dead_letters)
  }

  # Which rules put something into a queue, what cannot be delivered included. By their names alone:
  # the rules name the queues.
  rule_senders = concat(
    flatten([for key, rule in local.rules : [
      for queue in [rule.queue, local.dead_letters[rule.queue]] : { queue = queue, rule = "${local.prefix}/${local.prefix}-${key}" }
    ]]),
    flatten([for key, schedules in local.schedules : [
      for schedule in schedules : { queue = schedule.dead_letters, rule = "${local.prefix}-${key}-${schedule.name}" } if schedule.dead_letters != null
    ]]),
  )

  queue_senders = {
    for queue in distinct(local.rule_senders[*].queue) : queue => [
      for sender in local.rule_senders :
      "arn:${data.aws_partition.current.partition}:events:${var.region}:${data.aws_caller_identity.current.account_id}:rule/${sender.rule}"
      if sender.queue == queue
    ]
  }

  schedules = {
    for key, function in local.stack.functions : key => [
      for event in try(function.events, []) : {
        name         = event.schedule
        rate         = event.rate
        dead_letters = try(local.dead_letters[one([for each in function.events : each.queue if can(each.queue)])], null)
      } if can(event.schedule)
    ]
  }

  # What is not there stands for nothing: the function does without.
  secret_references = merge(
    { for key in keys(local.secrets) : "secret:${key}" => lookup(module.delivery.secret_arns, key, "") },
    { for key in keys(local.parameters) : "${key}_parameter" => module.delivery.parameter_names[key] },
  )

  secret_arns = merge(
    { for key in keys(local.secrets) : "secret:${key}" => [for name, arn in module.delivery.secret_arns : arn if name == key] },
    { for key in keys(local.parameters) : "${key}_parameter" => [module.delivery.parameter_arns[key]] },
  )

  # Networks may be made in any region that the live policy allows.
  network_arns = merge({ anything = ["*"] }, {
    for kind in ["elastic-ip", "internet-gateway", "natgateway", "route-table", "subnet", "vpc"] :
    "ec2:${kind}" => ["arn:${data.aws_partition.current.partition}:ec2:*:${data.aws_caller_identity.current.account_id}:${kind}/*"]
  })
}
