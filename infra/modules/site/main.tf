locals {
  # What browsers are told each file is. They are told not to guess.
  types = {
    css         = "text/css; charset=utf-8"
    html        = "text/html; charset=utf-8"
    ico         = "image/x-icon"
    jpg         = "image/jpeg"
    js          = "text/javascript; charset=utf-8"
    json        = "application/json"
    map         = "application/json"
    mjs         = "text/javascript; charset=utf-8"
    png         = "image/png"
    svg         = "image/svg+xml"
    txt         = "text/plain; charset=utf-8"
    wasm        = "application/wasm"
    webmanifest = "application/manifest+json"
    webp        = "image/webp"
    woff2       = "font/woff2"
  }

  # A name with a hash in it is another name when the file changes; all else is asked for again.
  cache = {
    asset = "public, max-age=300, must-revalidate"
    fixed = "public, max-age=31536000, immutable"
    fresh = "no-cache"
  }

  names = [for name in fileset(var.folder, "**") : name if !startswith(basename(name), ".")]

  files = {
    for name in local.names : name => {
      type = lookup(local.types, lower(element(split(".", name), -1)), null)
      cache = local.cache[
        can(regex("\\.(html|json)$", name)) ? "fresh" : can(regex("[.-][0-9a-f]{8,}\\.[a-z0-9]+$", name)) ? "fixed" : "asset"
      ]
    }
  }

  not_found = file("${var.folder}/${var.not_found}")

  # Which paths there are. The bucket itself would say 403, in XML, for what it does not hold; pages
  # for errors, on the other hand, would stand before the API's answers too.
  router = templatefile("${path.module}/router.js.tftpl", {
    paths     = jsonencode({ for name in concat(local.names, [var.configuration_name]) : "/${name}" => 1 })
    not_found = jsonencode(local.not_found)
    safety    = jsonencode({ for name, value in local.safety : lower(name) => { value = value } })
  })

  # What a page may load, and whom it may call.
  content_security_policy = join("; ", [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "manifest-src 'self'",
    "connect-src ${join(" ", concat(["'self'"], sort(var.origins)))}",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ])

  hsts_seconds = 31536000

  safety = {
    Content-Security-Policy   = local.content_security_policy
    Referrer-Policy           = "no-referrer"
    Strict-Transport-Security = "max-age=${local.hsts_seconds}${var.hsts_subdomains ? "; includeSubDomains; preload" : ""}"
    X-Content-Type-Options    = "nosniff"
    X-Frame-Options           = "DENY"
  }
}

data "aws_cloudfront_cache_policy" "this" {
  for_each = toset(["CachingDisabled", "CachingOptimized"])

  name = "Managed-${each.key}"
}

# The API's host must be its own: the gateway knows itself by no other name.
data "aws_cloudfront_origin_request_policy" "api" {
  name = "Managed-AllViewerExceptHostHeader"
}

resource "aws_cloudfront_origin_access_control" "site" {
  name                              = "${var.prefix}-site"
  description                       = "The site's bucket, read by its distribution alone."
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

resource "aws_cloudfront_function" "router" {
  name    = "${var.prefix}-router"
  comment = "Finds the page of a path, or says that there is none."
  runtime = "cloudfront-js-2.0"
  publish = true
  code    = local.router

  lifecycle {
    precondition {
      condition     = length(local.router) <= 10240
      error_message = "The site has too many files, or its ${var.not_found} is too long, for the function that knows them: CloudFront takes 10 KB, this is ${length(local.router)} bytes."
    }
  }
}

# Whoever calls may have written any X-Forwarded-For: CloudFront only adds to it.
resource "aws_cloudfront_function" "viewer" {
  for_each = toset(var.edge == null ? [] : ["api"])

  name    = "${var.prefix}-viewer"
  comment = "Tells the API's firewall who sent a request."
  runtime = "cloudfront-js-2.0"
  publish = true
  code    = <<-EOT
    function handler(event) {
      event.request.headers['${var.edge.address_header}'] = { value: event.viewer.ip };
      return event.request;
    }
  EOT
}

resource "aws_cloudfront_response_headers_policy" "site" {
  #checkov:skip=CKV_AWS_259:A year, as the check wants; what stands below the domain is decided by hsts_subdomains, since it may not be ours
  name    = "${var.prefix}-site"
  comment = "What browsers are told to refuse on the site's pages."

  security_headers_config {
    content_security_policy {
      content_security_policy = local.safety["Content-Security-Policy"]
      override                = true
    }

    content_type_options {
      override = true
    }

    frame_options {
      frame_option = local.safety["X-Frame-Options"]
      override     = true
    }

    referrer_policy {
      referrer_policy = local.safety["Referrer-Policy"]
      override        = true
    }

    strict_transport_security {
      access_control_max_age_sec = local.hsts_seconds
      include_subdomains         = var.hsts_subdomains
      preload                    = var.hsts_subdomains
      override                   = true
    }
  }

  custom_headers_config {
    items {
      header   = "Cross-Origin-Resource-Policy"
      value    = "same-origin"
      override = true
    }

    items {
      header   = "Permissions-Policy"
      value    = "camera=(), geolocation=(), microphone=()"
      override = true
    }
  }

  remove_headers_config {
    items {
      header = "Server"
    }
  }
}

# What the API says of its own answers stays: they know better.
resource "aws_cloudfront_response_headers_policy" "api" {
  #checkov:skip=CKV_AWS_259:A year, as the check wants; what stands below the domain is decided by hsts_subdomains, since it may not be ours
  name    = "${var.prefix}-api"
  comment = "What browsers are told to refuse on the API's answers."

  security_headers_config {
    content_type_options {
      override = true
    }

    frame_options {
      frame_option = "DENY"
      override     = false
    }

    referrer_policy {
      referrer_policy = "no-referrer"
      override        = false
    }

    strict_transport_security {
      access_control_max_age_sec = local.hsts_seconds
      include_subdomains         = var.hsts_subdomains
      preload                    = var.hsts_subdomains
      override                   = true
    }
  }

  custom_headers_config {
    items {
      header   = "X-Robots-Tag"
      value    = "noindex"
      override = true
    }
  }

  remove_headers_config {
    items {
      header = "Server"
    }
  }
}

resource "aws_cloudfront_distribution" "this" {
  #checkov:skip=CKV_AWS_68:A firewall costs money for every request: the variable site_firewall
  #checkov:skip=CKV2_AWS_47:The firewall that site_firewall makes holds these rules
  #checkov:skip=CKV_AWS_86:Logs are on unless site_logs is off; the check does not read a dynamic block
  #checkov:skip=CKV_AWS_310:A second origin would need the site and the API in another region, and people live in one
  #checkov:skip=CKV_AWS_374:People are welcome from everywhere
  #checkov:skip=CKV_AWS_174:TLSv1.2_2021 with a domain; without one, CloudFront's own certificate takes no such choice
  #checkov:skip=CKV2_AWS_42:With a domain it has its own certificate; without one there is none to have
  enabled             = true
  comment             = "${var.prefix}: the site, and the API below /${var.api.stage}/."
  aliases             = var.domain == null ? [] : [var.domain.name]
  default_root_object = "index.html"
  http_version        = "http2and3"
  is_ipv6_enabled     = true
  price_class         = var.price_class
  web_acl_id          = var.firewall_arn
  wait_for_deployment = var.wait_for_deployment

  origin {
    origin_id                = "site"
    domain_name              = module.bucket.bucket.regional_domain_name
    origin_access_control_id = aws_cloudfront_origin_access_control.site.id
  }

  origin {
    origin_id   = "api"
    domain_name = var.api.host

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }

    dynamic "custom_header" {
      for_each = var.edge[*]

      content {
        name  = custom_header.value.key_header
        value = custom_header.value.key
      }
    }
  }

  default_cache_behavior {
    target_origin_id           = "site"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    viewer_protocol_policy     = "redirect-to-https"
    compress                   = true
    cache_policy_id            = data.aws_cloudfront_cache_policy.this["CachingOptimized"].id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.site.id

    function_association {
      event_type   = "viewer-request"
      function_arn = aws_cloudfront_function.router.arn
    }
  }

  # The stage's name is the path's first part, there as here, so that nothing has to be rewritten.
  ordered_cache_behavior {
    path_pattern    = "/${var.api.stage}/*"
    allowed_methods = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
    cached_methods  = ["GET", "HEAD"]

    # A redirect would lose a body, and would come too late for a token.
    viewer_protocol_policy     = "https-only"
    compress                   = true
    cache_policy_id            = data.aws_cloudfront_cache_policy.this["CachingDisabled"].id
    origin_request_policy_id   = data.aws_cloudfront_origin_request_policy.api.id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.api.id
    target_origin_id           = "api"

    dynamic "function_association" {
      for_each = aws_cloudfront_function.viewer

      content {
        event_type   = "viewer-request"
        function_arn = function_association.value.arn
      }
    }
  }

  # Left alone, CloudFront keeps errors for ten seconds and gives one person's to others, even with
  # no-store. No page: the API's answers stay.
  dynamic "custom_error_response" {
    for_each = toset([404, 414, 500, 501, 502, 503, 504])

    content {
      error_code            = custom_error_response.value
      error_caching_min_ttl = 0
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = var.domain == null
    acm_certificate_arn            = try(var.domain.certificate_arn, null)
    ssl_support_method             = var.domain == null ? null : "sni-only"
    minimum_protocol_version       = var.domain == null ? "TLSv1" : "TLSv1.2_2021"
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  dynamic "logging_config" {
    for_each = module.logs_bucket

    content {
      # CloudFront adds itself to the list of who may write, which the bucket must have by then.
      bucket          = logging_config.value.bucket.domain_name
      prefix          = "cloudfront/"
      include_cookies = false
    }
  }
}
