environment        = "prod"
region             = "us-east-1"
secondary_region   = "us-west-2"
log_retention_days = 365

# Detection of leaked passwords costs more per person. To have it:
# user_pool_tier    = "PLUS"
# threat_protection = "ENFORCED"

functions = {
  api = { memory = 1024 }
}
