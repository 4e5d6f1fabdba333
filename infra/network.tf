locals {
  endpoints = { for endpoints in [try(var.user_service_network.endpoints, null)] : "user-service" => endpoints if endpoints != null }
}

# Who stands in a network of its own: `user_service_callers` in delivery.tf.
module "network" {
  source   = "./modules/network"
  for_each = local.endpoints

  prefix           = local.prefix
  region           = var.region
  vpc_id           = each.value.vpc_id
  subnet_ids       = var.user_service_network.subnet_ids
  route_table_ids  = each.value.route_table_ids
  caller_group_ids = var.user_service_network.security_group_ids
  # A pool that has sign-in pages cannot be reached through an endpoint: then by the network's own way out.
  services = concat(local.sign_in_host == null ? ["cognito-idp"] : [], ["secretsmanager", "sqs", "ssm"])
}
