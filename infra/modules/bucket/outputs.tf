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

output "private" {
  description = "Whether neither a policy nor an access control list can open it to everybody."
  value = alltrue([
    aws_s3_bucket_public_access_block.this.block_public_acls,
    aws_s3_bucket_public_access_block.this.block_public_policy,
    aws_s3_bucket_public_access_block.this.ignore_public_acls,
    aws_s3_bucket_public_access_block.this.restrict_public_buckets,
  ])
}

output "expiry" {
  description = "The rule that deletes, as the bucket has it: variable expiry says what each is."
  value = one([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : {
    rule              = rule.id
    days              = one(rule.expiration[*].days)
    old_version_days  = one(rule.noncurrent_version_expiration[*].noncurrent_days)
    old_versions_kept = one(rule.noncurrent_version_expiration[*].newer_noncurrent_versions)
  } if rule.status == "Enabled"])
}
