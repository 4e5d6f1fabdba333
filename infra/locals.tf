locals {
  stack  = yamldecode(file("${path.module}/../stack.yaml"))
  prefix = "${local.stack.name}-${var.environment}${var.environment_suffix}"

  # Where real people are.
  production = startswith(var.environment, "prod")

  policy_parameter = "/${local.stack.name}/${var.environment}${var.environment_suffix}/policy"

  # Without an identity of SES, Cognito mails by itself, and we don't.
  mail = var.mail == null ? null : {
    from              = coalesce(var.mail.from, local.stack.mail.from)
    configuration_set = module.mail.configuration_set
    # Where the identity is made here, Cognito has to wait until SES believes it.
    proven_arn   = module.mail.identity_arn
    identity_arn = "arn:${data.aws_partition.current.partition}:ses:${var.region}:${data.aws_caller_identity.current.account_id}:identity/${var.mail.identity}"
  }

  # Everything calls functions by this name, if they have one beside their own.
  alias = var.publish_versions ? "live" : null

  # By its name alone: the pool names a function whose settings and rights name the pool.
  triggers = {
    function_arn = join(":", compact(["arn:${data.aws_partition.current.partition}:lambda:${var.region}:${data.aws_caller_identity.current.account_id}:function:${local.prefix}-${local.stack.user_pool.triggers}", local.alias]))
    timeout      = coalesce(try(var.functions[local.stack.user_pool.triggers].timeout, null), local.stack.functions[local.stack.user_pool.triggers].timeout)
    token_event  = local.stack.user_pool.token_event
  }

  # What `{ref: X}` in stack.yaml stands for here.
  references = merge({ for key, url in module.functions.queue_urls : "queue_url:${key}" => url }, local.secret_references, {
    bus               = module.delivery.bus_name
    configuration_set = try(coalesce(local.mail.configuration_set), "")
    environment       = "${var.environment}${var.environment_suffix}"
    identity_pool     = module.identity.identity_pool_id
    mail_from         = try(local.mail.from, "")
    mail_sender       = local.mail == null ? "cognito" : "ses"
    outbound_hosts    = join(",", var.outbound_hosts)
    policy_parameter  = local.policy_parameter
    site_url          = local.site_url
    table             = module.data.table_name
    table_stream      = module.data.table_stream_arn
    user_pool         = module.identity.user_pool_id
    user_pool_client  = module.identity.user_pool_client_id
    user_service_url  = var.user_service_url
    version           = coalesce(var.service_version, substr(filesha256(var.package_path), 0, 12))
  })

  functions = {
    for key, function in local.stack.functions : key => merge(function, {
      memory      = coalesce(try(var.functions[key].memory, null), function.memory)
      timeout     = coalesce(try(var.functions[key].timeout, null), function.timeout)
      concurrency = try(var.functions[key].concurrency, null)
      policy      = file("${path.module}/../${function.policy}")
      network     = contains(local.user_service_callers, key) ? var.user_service_network : null
      environment = {
        for name, value in try(function.environment, {}) :
        name => try(tostring(value), local.references[value.ref])
      }
    })
  }

  user_pool = merge(local.stack.user_pool, {
    token_minutes = {
      access = coalesce(var.token_minutes.access, local.stack.user_pool.token_minutes.access)
      id     = coalesce(var.token_minutes.id, local.stack.user_pool.token_minutes.id)
    }
    refresh_token_days = coalesce(var.refresh_token_days, local.stack.user_pool.refresh_token_days)
    password_flow      = var.password_flow == null ? local.stack.user_pool.password_flow : var.password_flow
  })
}
