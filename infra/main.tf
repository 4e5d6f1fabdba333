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
  production          = local.production
  partition           = data.aws_partition.current.partition
  account_id          = data.aws_caller_identity.current.account_id
  mfa_methods         = var.mfa_methods
  passkeys            = var.passkeys
  sign_in_pages       = var.sign_in_pages
  server_client       = var.server_client
  groups              = var.groups
  identity_providers  = var.identity_providers
  role_arns           = var.role_arns

  refresh_token_rotation    = var.refresh_token_rotation
  identity_provider_secrets = var.identity_provider_secrets

  mail = local.mail == null ? null : merge(local.mail, { identity_arn = coalesce(local.mail.proven_arn, local.mail.identity_arn) })
}

module "data" {
  source = "./modules/data"

  name                = local.prefix
  region              = var.region
  partition           = data.aws_partition.current.partition
  table               = local.stack.table
  key_arn             = var.keys.table
  replica_key_arn     = var.keys.replica
  backup              = var.backup
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
  log_key_arn        = var.keys.logs
  table_key_arn      = var.keys.table
  tracing            = var.tracing
  alias              = local.alias
  canary             = var.canary
  table_stream_arn   = module.data.table_stream_arn
  queue_senders      = local.queue_senders
  topic_senders      = local.topic_senders
  environment        = "${var.environment}${var.environment_suffix}"
  table_name         = module.data.table_name
  mail_from          = var.restrict_sender ? try(local.mail.from, null) : null
  trigger_pools      = { (local.stack.user_pool.triggers) = module.identity.user_pool_arn }

  arns = merge(local.network_arns, local.secret_arns, {
    table         = [module.data.table_arn]
    table_indexes = ["${module.data.table_arn}/index/*"]
    table_stream  = [module.data.table_stream_arn]
    user_pool     = [module.identity.user_pool_arn]
    identity_pool = [module.identity.identity_pool_arn]
    mail_identity = local.mail == null ? [] : concat([local.mail.identity_arn], local.configuration_set_arns, local.trial_recipient_arns)
    bus           = [module.delivery.bus_arn]

    # Made by the first `vestibule policy push`, and people's from then on: never Terraform's.
    policy_parameter = ["arn:${data.aws_partition.current.partition}:ssm:${var.region}:${data.aws_caller_identity.current.account_id}:parameter${local.policy_parameter}"]
  })
}

module "delivery" {
  source = "./modules/delivery"

  prefix        = local.prefix
  secret_prefix = local.secret_prefix
  rules         = local.rules
  queue_arns    = module.functions.queue_arns
  dead_letters  = local.dead_letters
  schedules     = local.schedules
  functions     = { for key, function in module.functions.functions : key => { name = function.name, arn = function.target_arn, qualifier = function.qualifier } }
  secrets       = { for key, secret in local.secrets : key => secret if contains(var.secrets, key) }
  parameters    = local.parameters
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
  log_key_arn        = var.keys.logs
  tracing            = var.tracing
  method_throttles   = var.method_throttles
  usage_plan         = var.usage_plan
}
