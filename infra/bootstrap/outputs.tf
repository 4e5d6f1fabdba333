output "state_bucket" {
  description = "Bucket that holds the states of all deployments."
  value       = aws_s3_bucket.state.bucket
}

output "backend_config" {
  description = "Text of the file for `terraform init -backend-config=FILE`. Add the key: one for each deployment."
  value       = <<-EOT
    bucket = "${aws_s3_bucket.state.bucket}"
    region = "${var.region}"
  EOT
}

output "deployer_role_arn" {
  description = "Role for CI, or null."
  value       = one([for role in aws_iam_role.deployer : role.arn])
}
