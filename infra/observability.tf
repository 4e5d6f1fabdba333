locals {
  functions_by_event = { for key, function in local.stack.functions : key => try(function.events, []) }

  # Whoever arrives waits for what the user service is told, and for what the triggers had to leave.
  people_wait_for = ["retry", "user-service"]
}

module "observability" {
  source = "./modules/observability"

  prefix      = local.prefix
  environment = "${var.environment}${var.environment_suffix}"
  namespace   = local.stack.functions[local.stack.api.function].environment.METRICS_NAMESPACE

  place = {
    partition  = data.aws_partition.current.partition
    region     = var.region
    account_id = data.aws_caller_identity.current.account_id
  }

  api = {
    name      = local.prefix
    stage     = local.stack.api.stage
    log_group = "/aws/apigateway/${local.prefix}"
  }

  user_pool = {
    id        = module.identity.user_pool_id
    client_id = module.identity.user_pool_client_id
  }

  table = {
    name           = module.data.table_name
    indexes        = keys(local.stack.table.indexes)
    replica_region = var.secondary_region
  }

  functions = {
    for key, function in local.functions : key => {
      name      = module.functions.functions[key].name
      log_group = module.functions.functions[key].log_group
      memory    = function.memory
      timeout   = function.timeout
    }
  }

  roles = {
    api       = local.stack.api.function
    triggers  = local.stack.user_pool.triggers
    relay     = one([for key, events in local.functions_by_event : key if anytrue([for event in events : can(event.stream)])])
    reconcile = one([for key, events in local.functions_by_event : key if anytrue([for event in events : try(event.schedule, "") == "reconcile"])])
  }

  queues = {
    for key, queue in local.stack.queues : key => {
      name         = "${local.prefix}-${key}"
      dead_letters = !can(queue.dead_letters)
      people_wait  = contains(local.people_wait_for, key)
    }
  }

  has_mail          = var.mail != null
  level             = var.alarms
  thresholds        = var.alarm_thresholds
  objective_percent = var.objective_percent
  emails            = var.alarm_emails
  encrypted         = var.encrypt_alarms
  has_dashboards    = var.dashboards
  has_anomalies     = var.invocation_anomalies
  has_queries       = var.saved_queries
  trace_share       = var.trace_share
  budget            = var.budget
}
