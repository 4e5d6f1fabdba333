resource "aws_s3_bucket" "site" {
  #checkov:skip=CKV_AWS_18:Only the distribution reads it, whose logs say who asked for what
  #checkov:skip=CKV_AWS_144:Its files are the repository's
  #checkov:skip=CKV_AWS_145:Everybody may read what it holds; a key would cost money and hide nothing
  #checkov:skip=CKV2_AWS_62:Nobody waits for a file to change
  bucket        = "${var.prefix}-site-${var.account_id}-${var.region}"
  force_destroy = true
}

resource "aws_s3_bucket_versioning" "site" {
  bucket = aws_s3_bucket.site.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "site" {
  bucket = aws_s3_bucket.site.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "site" {
  bucket = aws_s3_bucket.site.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "site" {
  bucket = aws_s3_bucket.site.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_policy" "site" {
  bucket = aws_s3_bucket.site.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OnlyOverTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.site.arn, "${aws_s3_bucket.site.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "OneDistributionReads"
        Effect    = "Allow"
        Principal = { Service = "cloudfront.amazonaws.com" }
        Action    = "s3:GetObject"
        Resource  = "${aws_s3_bucket.site.arn}/*"
        Condition = { StringEquals = { "aws:SourceArn" = aws_cloudfront_distribution.this.arn } }
      },
    ]
  })

  depends_on = [aws_s3_bucket_public_access_block.site]
}

resource "aws_s3_bucket_lifecycle_configuration" "site" {
  bucket = aws_s3_bucket.site.id

  rule {
    id     = "old-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.site]
}

resource "aws_s3_object" "file" {
  for_each = local.files

  bucket        = aws_s3_bucket.site.id
  key           = each.key
  source        = "${var.folder}/${each.key}"
  etag          = filemd5("${var.folder}/${each.key}")
  content_type  = each.value.type
  cache_control = each.value.cache

  lifecycle {
    precondition {
      condition     = each.value.type != null
      error_message = "Nobody knows what ${each.key} is: browsers are told a file's type, by what its name ends with, and not to guess. Known are ${join(", ", keys(local.types))}."
    }
  }

  depends_on = [
    aws_s3_bucket_versioning.site,
    aws_s3_bucket_server_side_encryption_configuration.site,
  ]
}

# What the pages have to know of this deployment. Nothing in it is secret.
resource "aws_s3_object" "configuration" {
  bucket        = aws_s3_bucket.site.id
  key           = var.configuration_name
  content       = jsonencode(var.configuration)
  content_type  = local.types.json
  cache_control = local.cache.fresh

  lifecycle {
    precondition {
      condition     = !contains(local.names, var.configuration_name)
      error_message = "The site has a ${var.configuration_name} of its own, which this deployment's would replace: take it out of the folder."
    }
  }

  depends_on = [
    aws_s3_bucket_versioning.site,
    aws_s3_bucket_server_side_encryption_configuration.site,
  ]
}
