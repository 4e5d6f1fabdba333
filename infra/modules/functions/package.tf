resource "aws_s3_bucket" "packages" {
  #checkov:skip=CKV_AWS_18:Nothing in it is secret, and Lambda reads it once for each deployment
  #checkov:skip=CKV_AWS_144:What it holds is built from the repository
  #checkov:skip=CKV_AWS_145:S3's own encryption is free of charge; the zip holds code
  #checkov:skip=CKV2_AWS_62:Nobody waits for a zip
  bucket = "${var.prefix}-code-${var.account_id}-${var.region}"
}

resource "aws_s3_bucket_versioning" "packages" {
  bucket = aws_s3_bucket.packages.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "packages" {
  bucket = aws_s3_bucket.packages.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "packages" {
  bucket = aws_s3_bucket.packages.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "packages" {
  bucket = aws_s3_bucket.packages.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_policy" "packages" {
  bucket = aws_s3_bucket.packages.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyOverTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.packages.arn, "${aws_s3_bucket.packages.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  depends_on = [aws_s3_bucket_public_access_block.packages]
}

resource "aws_s3_bucket_lifecycle_configuration" "packages" {
  bucket = aws_s3_bucket.packages.id

  rule {
    id     = "old-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 90
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  # A rule about old versions means something only once there are versions.
  depends_on = [aws_s3_bucket_versioning.packages]
}

# Named after its content: the same zip is the same object, and another zip never replaces it.
resource "aws_s3_object" "package" {
  bucket = aws_s3_bucket.packages.id
  key    = "packages/${filesha256(var.package_path)}.zip"
  source = var.package_path

  depends_on = [
    aws_s3_bucket_versioning.packages,
    aws_s3_bucket_server_side_encryption_configuration.packages,
  ]
}
