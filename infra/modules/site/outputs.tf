output "domain_name" {
  description = "CloudFront's own name of the distribution."
  value       = aws_cloudfront_distribution.this.domain_name
}

output "distribution_id" {
  description = "Id of the distribution."
  value       = aws_cloudfront_distribution.this.id
}

output "target" {
  description = "What an alias in DNS points to."
  value = {
    name    = aws_cloudfront_distribution.this.domain_name
    zone_id = aws_cloudfront_distribution.this.hosted_zone_id
  }
}

output "firewall_arn" {
  description = "Firewall that the distribution stands behind, or null."
  value       = aws_cloudfront_distribution.this.web_acl_id
}

output "bucket" {
  description = "Bucket that holds the site."
  value       = module.bucket.bucket.name
}

output "objects" {
  description = "Content type and cache control of each file."
  value = merge(
    { for key, object in aws_s3_object.file : key => { type = object.content_type, cache = object.cache_control } },
    { (aws_s3_object.configuration.key) = { type = aws_s3_object.configuration.content_type, cache = aws_s3_object.configuration.cache_control } },
  )
}
