module "bucket" {
  source = "../bucket"

  name   = "${var.prefix}-site-${var.account_id}-${var.region}"
  expiry = { rule = "old-versions", old_version_days = 30 }

  reader = {
    sid        = "OneDistributionReads"
    service    = "cloudfront.amazonaws.com"
    source_arn = aws_cloudfront_distribution.this.arn
  }
}

resource "aws_s3_object" "file" {
  for_each = local.files

  bucket        = module.bucket.bucket.name
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
}

# What the pages have to know of this deployment. Nothing in it is secret.
resource "aws_s3_object" "configuration" {
  bucket        = module.bucket.bucket.name
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
}
