module "bucket" {
  source = "../bucket"

  name   = "${var.prefix}-code-${var.account_id}-${var.region}"
  expiry = { rule = "old-versions", old_version_days = 90 }
}

# Named after its content: the same zip is the same object, and another zip never replaces it.
resource "aws_s3_object" "package" {
  bucket = module.bucket.bucket.name
  key    = "packages/${filesha256(var.package_path)}.zip"
  source = var.package_path
}
