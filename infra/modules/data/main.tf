locals {
  keys = concat([var.table.key], [for index in values(var.table.indexes) : index.key])
}

resource "aws_dynamodb_table" "this" {
  name                        = var.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = var.table.key.partition
  range_key                   = var.table.key.sort
  stream_enabled              = true
  stream_view_type            = var.table.stream
  deletion_protection_enabled = var.deletion_protection

  dynamic "attribute" {
    for_each = toset(flatten([for key in local.keys : [key.partition, key.sort]]))

    content {
      name = attribute.value
      type = "S"
    }
  }

  dynamic "global_secondary_index" {
    for_each = var.table.indexes

    content {
      name               = global_secondary_index.key
      hash_key           = global_secondary_index.value.key.partition
      range_key          = global_secondary_index.value.key.sort
      projection_type    = "INCLUDE"
      non_key_attributes = global_secondary_index.value.projection
    }
  }

  ttl {
    attribute_name = var.table.ttl
    enabled        = true
  }

  point_in_time_recovery {
    enabled = var.table.point_in_time_recovery
  }

  # By AWS's own key for DynamoDB, if none is named.
  server_side_encryption {
    enabled     = true
    kms_key_arn = var.key_arn
  }

  # A replica inside the table, not a resource of its own: one owner for both regions' settings.
  dynamic "replica" {
    for_each = var.secondary_region == null ? [] : [var.secondary_region]

    content {
      region_name            = replica.value
      kms_key_arn            = var.replica_key_arn
      point_in_time_recovery = var.table.point_in_time_recovery
      propagate_tags         = true
    }
  }

  lifecycle {
    prevent_destroy = true

    precondition {
      condition     = var.secondary_region == null || (var.key_arn == null) == (var.replica_key_arn == null)
      error_message = "keys.table and keys.replica go together where there is a secondary_region: a copy is encrypted by a key of its own region."
    }

    precondition {
      condition     = try(split(":", var.key_arn)[3], var.region) == var.region && try(split(":", var.replica_key_arn)[3], var.secondary_region) == var.secondary_region
      error_message = "keys.table must be a key of region, and keys.replica one of secondary_region."
    }
  }
}
