# A deployment to try things on. Copy it, and give each copy its own environment_suffix.
environment        = "dev"
region             = "us-east-1"
log_retention_days = 14

throttle = {
  rate  = 50
  burst = 100
}

# A key costs a dollar a month, and these alarms say nothing of people.
encrypt_alarms = false
