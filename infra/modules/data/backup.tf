locals {
  backups = { for backup in var.backup == null ? [] : [var.backup] : "table" => backup }
}

# AWS refuses to delete a vault that holds something.
resource "aws_backup_vault" "this" {
  for_each = local.backups

  name        = var.name
  kms_key_arn = var.key_arn
}

resource "aws_backup_plan" "this" {
  for_each = local.backups

  name = var.name

  rule {
    rule_name         = "table"
    target_vault_name = aws_backup_vault.this[each.key].name
    schedule          = "cron(${each.value.schedule})"

    lifecycle {
      delete_after = each.value.keep_days
    }
  }
}

resource "aws_backup_selection" "this" {
  for_each = local.backups

  name         = "table"
  plan_id      = aws_backup_plan.this[each.key].id
  iam_role_arn = aws_iam_role.backup[each.key].arn
  resources    = [aws_dynamodb_table.this.arn]
}

resource "aws_iam_role" "backup" {
  for_each = local.backups

  name        = "${var.name}-backup"
  description = "AWS Backup copies the table."

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "backup.amazonaws.com" }
    }]
  })
}

# AWS's own two: what a copy and what bringing it back need changes with the service.
resource "aws_iam_role_policy_attachment" "backup" {
  for_each = toset(var.backup == null ? [] : ["Backup", "Restores"])

  role       = aws_iam_role.backup["table"].name
  policy_arn = "arn:${var.partition}:iam::aws:policy/service-role/AWSBackupServiceRolePolicyFor${each.key}"
}
