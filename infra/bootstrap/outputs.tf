output "state_bucket" {
  description = "Bucket that holds the states of all deployments."
  value       = module.bucket.bucket.name
}

output "backend_config" {
  description = "Text of the file for `terraform init -backend-config=FILE`. Add the key: one for each deployment."
  value       = <<-EOT
    bucket = "${module.bucket.bucket.name}"
    region = "${var.region}"
  EOT
}

output "deployer_role_arn" {
  description = "Role for CI, or null."
  value       = one([for role in aws_iam_role.deployer : role.arn])
}
