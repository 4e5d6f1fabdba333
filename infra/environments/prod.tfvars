environment        = "prod"
region             = "us-east-1"
secondary_region   = "us-west-2"
log_retention_days = 365

# Detection of leaked passwords costs more per person. To have it:
# user_pool_tier    = "PLUS"
# threat_protection = "ENFORCED"

# Mail in our own words, and sign-in by an e-mailed code, once SES has verified the identity:
# mail = { identity = "example.com", from = "hello@example.com" }

functions = {
  api = { memory = 1024 }
}
