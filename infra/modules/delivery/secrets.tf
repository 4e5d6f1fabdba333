# Without a value: people put theirs there, and Terraform never sees it.
resource "aws_secretsmanager_secret" "given" {
  #checkov:skip=CKV_AWS_149:AWS's own key is free of charge, and who may read the secret is the same
  #checkov:skip=CKV2_AWS_57:Each is another service's key, which that service changes; README.md says how to bring a new one in
  for_each = var.secrets

  name                    = "${var.secret_prefix}/${each.key}"
  description             = each.value.description
  recovery_window_in_days = 7
}

# 244 random bits, made once. They are in Terraform's state, as nothing else that is secret is: the
# state's bucket is encrypted, and nobody's but the deployer's.
resource "aws_ssm_parameter" "generated" {
  #checkov:skip=CKV_AWS_337:AWS's own key is free of charge, and who may read the parameter is the same
  for_each = var.parameters

  name        = "/${var.secret_prefix}/${each.key}"
  description = each.value.description
  type        = "SecureString"
  value       = sha256("${uuid()}${uuid()}")

  lifecycle {
    ignore_changes = [value]
  }
}
