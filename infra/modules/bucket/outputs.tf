output "bucket" {
  description = "The bucket, once it takes objects as they are to be kept: versioned, encrypted, and by whom it may be."
  value = {
    name                 = aws_s3_bucket.this.bucket
    arn                  = aws_s3_bucket.this.arn
    domain_name          = aws_s3_bucket.this.bucket_domain_name
    regional_domain_name = aws_s3_bucket.this.bucket_regional_domain_name
  }

  depends_on = [
    aws_s3_bucket_versioning.this,
    aws_s3_bucket_server_side_encryption_configuration.this,
    aws_s3_bucket_ownership_controls.this,
  ]
}

output "policy" {
  description = "Who may do what there, as JSON."
  value       = aws_s3_bucket_policy.this.policy
}

output "versioned" {
  description = "Whether what an object held before can be gone back to."
  value       = alltrue([for versioning in aws_s3_bucket_versioning.this : versioning.versioning_configuration[0].status == "Enabled"]) && length(aws_s3_bucket_versioning.this) == 1
}

output "expiry" {
  description = "The rule that deletes."
  value       = var.expiry
}
