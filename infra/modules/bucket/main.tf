resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_18:Logs of reading would be one more bucket to guard: of states CloudTrail tells it, of the site its distribution, and nothing else here is secret
  #checkov:skip=CKV_AWS_144:What they hold is built from the repository, or is of this region's resources
  #checkov:skip=CKV_AWS_145:S3's own encryption is free of charge; who may read a bucket is what protects it
  #checkov:skip=CKV2_AWS_62:Nobody waits for an object to change
  bucket = var.name

  # With another name it would be another bucket, and what is in this one lost.
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = toset(var.versioned ? ["on"] : [])

  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket = aws_s3_bucket.this.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  #checkov:skip=CKV2_AWS_65:CloudFront writes its logs by an access control list; nobody else may have one
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = var.access_control_lists ? "BucketOwnerPreferred" : "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "OnlyOverTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
      [for reader in var.reader == null ? [] : [var.reader] : {
        Sid       = reader.sid
        Effect    = "Allow"
        Principal = { Service = reader.service }
        Action    = "s3:GetObject"
        Resource  = "${aws_s3_bucket.this.arn}/*"
        Condition = { StringEquals = { "aws:SourceArn" = reader.source_arn } }
      }],
    )
  })

  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    id     = var.expiry.rule
    status = "Enabled"

    filter {}

    dynamic "expiration" {
      for_each = var.expiry.days[*]

      content {
        days = expiration.value
      }
    }

    dynamic "noncurrent_version_expiration" {
      for_each = var.expiry.old_version_days[*]

      content {
        noncurrent_days           = noncurrent_version_expiration.value
        newer_noncurrent_versions = var.expiry.old_versions_kept
      }
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  # A rule about old versions means something only once there are versions.
  depends_on = [aws_s3_bucket_versioning.this]
}
