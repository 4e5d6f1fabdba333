locals {
  stack  = yamldecode(file("${path.module}/../stack.yaml"))
  prefix = "${local.stack.name}-${var.environment}${var.environment_suffix}"

  # What `{ref: X}` in stack.yaml stands for here.
  references = {
    environment      = "${var.environment}${var.environment_suffix}"
    identity_pool    = module.identity.identity_pool_id
    table            = module.data.table_name
    table_stream     = module.data.table_stream_arn
    user_pool        = module.identity.user_pool_id
    user_pool_client = module.identity.user_pool_client_id
    version          = coalesce(var.service_version, substr(filesha256(var.package_path), 0, 12))
  }

  functions = {
    for key, function in local.stack.functions : key => merge(function, {
      memory  = coalesce(try(var.functions[key].memory, null), function.memory)
      timeout = coalesce(try(var.functions[key].timeout, null), function.timeout)
      policy  = file("${path.module}/../${function.policy}")
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
