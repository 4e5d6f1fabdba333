# Both buckets stood here by themselves before modules/bucket: a state made then keeps them.

moved {
  from = aws_s3_bucket.site
  to   = module.bucket.aws_s3_bucket.this
}

moved {
  from = aws_s3_bucket_versioning.site
  to   = module.bucket.aws_s3_bucket_versioning.this["on"]
}

moved {
  from = aws_s3_bucket_server_side_encryption_configuration.site
  to   = module.bucket.aws_s3_bucket_server_side_encryption_configuration.this
}

moved {
  from = aws_s3_bucket_public_access_block.site
  to   = module.bucket.aws_s3_bucket_public_access_block.this
}

moved {
  from = aws_s3_bucket_ownership_controls.site
  to   = module.bucket.aws_s3_bucket_ownership_controls.this
}

moved {
  from = aws_s3_bucket_policy.site
  to   = module.bucket.aws_s3_bucket_policy.this
}

moved {
  from = aws_s3_bucket_lifecycle_configuration.site
  to   = module.bucket.aws_s3_bucket_lifecycle_configuration.this
}

moved {
  from = aws_s3_bucket.logs["logs"]
  to   = module.logs_bucket["logs"].aws_s3_bucket.this
}

moved {
  from = aws_s3_bucket_server_side_encryption_configuration.logs["logs"]
  to   = module.logs_bucket["logs"].aws_s3_bucket_server_side_encryption_configuration.this
}

moved {
  from = aws_s3_bucket_public_access_block.logs["logs"]
  to   = module.logs_bucket["logs"].aws_s3_bucket_public_access_block.this
}

moved {
  from = aws_s3_bucket_ownership_controls.logs["logs"]
  to   = module.logs_bucket["logs"].aws_s3_bucket_ownership_controls.this
}

moved {
  from = aws_s3_bucket_policy.logs["logs"]
  to   = module.logs_bucket["logs"].aws_s3_bucket_policy.this
}

moved {
  from = aws_s3_bucket_lifecycle_configuration.logs["logs"]
  to   = module.logs_bucket["logs"].aws_s3_bucket_lifecycle_configuration.this
}
