environment        = "prod"
region             = "us-east-1"
secondary_region   = "us-west-2"
log_retention_days = 365

# Detection of leaked passwords costs more per person. To have it:
# user_pool_tier    = "PLUS"
# threat_protection = "ENFORCED"

# Put your own identity here, once SES has verified it: with Cognito's own sender, which mails 50
# times a day, a production is refused.
mail = { identity = "example.com", from = "hello@example.com" }

# Names of one's own, once the registrar names the servers of the zone (docs/terraform.md); `create`
# in mail then has SES verify the domain:
# domain_name    = "example.com"
# zone           = { create = true, delegated = true }
# sign_in_domain = { own = true }

# Before the API and before the user pool, for about 10 $ a month each.
firewall = {}

method_throttles = {
  "POST /vpcs" = { rate = 5, burst = 10 }
}

# One alarm for each function and queue, too. Who is mailed confirms it once:
alarms = "all"
# alarm_emails = ["ops@example.com"]
# budget       = 200

functions = {
  api = { memory = 1024 }
}
