# Who asked for which page, by address: kept as long as all logs, and no longer.
module "logs_bucket" {
  source   = "../bucket"
  for_each = toset(var.logs ? ["logs"] : [])

  name                 = "${var.prefix}-${each.key}-${var.account_id}-${var.region}"
  versioned            = false # a log file is written once
  access_control_lists = true
  expiry               = { rule = "old-logs", days = var.log_retention_days }
}
