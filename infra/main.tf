data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

module "identity" {
  source = "./modules/identity"

  prefix              = local.prefix
  user_pool           = local.user_pool
  tier                = var.user_pool_tier
  threat_protection   = var.threat_protection
  deletion_protection = var.deletion_protection
  triggers            = local.triggers
  mail                = local.mail
}

module "data" {
  source = "./modules/data"

  name                = local.prefix
  table               = local.stack.table
  secondary_region    = var.secondary_region
  deletion_protection = var.deletion_protection
}

module "functions" {
  source = "./modules/functions"

  prefix             = local.prefix
  partition          = data.aws_partition.current.partition
  region             = var.region
  account_id         = data.aws_caller_identity.current.account_id
  functions          = local.functions
  queues             = try(local.stack.queues, {})
  package_path       = var.package_path
  runtime            = coalesce(var.runtime, "python${local.stack.runtime.python}")
  architecture       = coalesce(var.architecture, local.stack.runtime.architecture)
  log_retention_days = var.log_retention_days
  table_stream_arn   = module.data.table_stream_arn
  mail_from          = var.restrict_sender ? try(local.mail.from, null) : null
  trigger_pools      = { (local.stack.user_pool.triggers) = module.identity.user_pool_arn }

  arns = {
    table         = [module.data.table_arn]
    table_indexes = ["${module.data.table_arn}/index/*"]
    table_stream  = [module.data.table_stream_arn]
    user_pool     = [module.identity.user_pool_arn]
    identity_pool = [module.identity.identity_pool_arn]
    mail_identity = local.mail == null ? [] : [local.mail.identity_arn]

    # Made by the first `vestibule policy push`, and people's from then on: never Terraform's.
    policy_parameter = ["arn:${data.aws_partition.current.partition}:ssm:${var.region}:${data.aws_caller_identity.current.account_id}:parameter${local.policy_parameter}"]
  }
}

module "api" {
  source = "./modules/api"

  name               = local.prefix
  stage              = local.stack.api.stage
  throttle           = var.throttle == null ? local.stack.api.throttle : var.throttle
  definition         = file("${path.module}/../${local.stack.api.definition}")
  user_pool_arn      = module.identity.user_pool_arn
  signed_role_name   = module.identity.authenticated_role_name
  functions          = module.functions.functions
  log_retention_days = var.log_retention_days
}
