locals {
  # In this order, after the rates: who is known for attacks, then what they send.
  managed_rules = {
    AWSManagedRulesAmazonIpReputationList = { order = 1, counted = [] }
    AWSManagedRulesKnownBadInputsRuleSet  = { order = 2, counted = [] }
    # Bodies are our own to judge: limits are wider than 8 KB, and what people write about themselves may
    # look like anything. Programs need not say what they are.
    AWSManagedRulesCommonRuleSet = { order = 3, counted = [
      "CrossSiteScripting_BODY", "EC2MetaDataSSRF_BODY", "GenericLFI_BODY", "GenericRFI_BODY", "NoUserAgent_HEADER", "SizeRestrictions_BODY",
    ] }
  }
}

resource "aws_wafv2_web_acl" "this" {
  #checkov:skip=CKV_AWS_192:The group that knows Log4j is among the managed rules, one for each in a loop
  name        = var.name
  description = "Keeps floods and known attacks away."
  scope       = var.scope

  default_action {
    allow {}
  }

  dynamic "rule" {
    for_each = var.limits

    content {
      name     = rule.key
      priority = index(keys(var.limits), rule.key) + 1

      action {
        block {}
      }

      statement {
        rate_based_statement {
          limit                 = rule.value.requests
          aggregate_key_type    = rule.value.by == "forwarded" ? "FORWARDED_IP" : "IP"
          evaluation_window_sec = 300

          dynamic "forwarded_ip_config" {
            for_each = rule.value.by == "forwarded" ? [var.edge] : []

            content {
              header_name       = forwarded_ip_config.value.address_header
              fallback_behavior = "MATCH"
            }
          }

          dynamic "scope_down_statement" {
            for_each = rule.value.by == "forwarded" ? [var.edge] : []

            content {
              byte_match_statement {
                search_string         = scope_down_statement.value.key
                positional_constraint = "EXACTLY"

                field_to_match {
                  single_header {
                    name = scope_down_statement.value.key_header
                  }
                }

                text_transformation {
                  priority = 0
                  type     = "NONE"
                }
              }
            }
          }

          dynamic "scope_down_statement" {
            for_each = rule.value.by == "direct" ? [var.edge] : []

            content {
              not_statement {
                statement {
                  byte_match_statement {
                    search_string         = scope_down_statement.value.key
                    positional_constraint = "EXACTLY"

                    field_to_match {
                      single_header {
                        name = scope_down_statement.value.key_header
                      }
                    }

                    text_transformation {
                      priority = 0
                      type     = "NONE"
                    }
                  }
                }
              }
            }
          }

          dynamic "scope_down_statement" {
            for_each = length(rule.value.calls) + length(rule.value.paths) > 1 ? [rule.value] : []

            content {
              or_statement {
                # As the caller of the pool's own API names what is asked for, and as Cognito does.
                dynamic "statement" {
                  for_each = merge([for call in scope_down_statement.value.calls : {
                    "${call}, asked" = { header = "x-amz-target", match = "ENDS_WITH", text = ".${lower(call)}" }
                    "${call}, told"  = { header = "x-amzn-cognito-operation-name", match = "EXACTLY", text = lower(call) }
                  }]...)

                  content {
                    byte_match_statement {
                      search_string         = statement.value.text
                      positional_constraint = statement.value.match

                      field_to_match {
                        single_header {
                          name = statement.value.header
                        }
                      }

                      text_transformation {
                        priority = 0
                        type     = "LOWERCASE"
                      }
                    }
                  }
                }

                dynamic "statement" {
                  for_each = scope_down_statement.value.paths

                  content {
                    byte_match_statement {
                      search_string         = lower(statement.value)
                      positional_constraint = "STARTS_WITH"

                      field_to_match {
                        uri_path {}
                      }

                      text_transformation {
                        priority = 0
                        type     = "LOWERCASE"
                      }
                    }
                  }
                }
              }
            }
          }
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        sampled_requests_enabled   = false
        metric_name                = "${var.name}-${rule.key}"
      }
    }
  }

  dynamic "rule" {
    for_each = { for name, managed in local.managed_rules : name => managed if contains(var.managed, name) }

    content {
      name     = rule.key
      priority = length(var.limits) + rule.value.order

      override_action {
        none {}
      }

      statement {
        managed_rule_group_statement {
          vendor_name = "AWS"
          name        = rule.key

          dynamic "rule_action_override" {
            for_each = rule.value.counted

            content {
              name = rule_action_override.value

              action_to_use {
                count {}
              }
            }
          }
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        sampled_requests_enabled   = false
        metric_name                = "${var.name}-${rule.key}"
      }
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    sampled_requests_enabled   = false
    metric_name                = var.name
  }
}

# CloudFront names its firewall itself.
resource "aws_wafv2_web_acl_association" "this" {
  for_each = toset(var.scope == "REGIONAL" ? [var.name] : [])

  resource_arn = var.resource_arn
  web_acl_arn  = aws_wafv2_web_acl.this.arn
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:As long as all logs: log_retention_days
  for_each = toset(var.logs ? [var.name] : [])

  # WAF takes no group whose name begins otherwise.
  name              = "aws-waf-logs-${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_key_arn
}

resource "aws_wafv2_web_acl_logging_configuration" "this" {
  for_each = aws_cloudwatch_log_group.this

  resource_arn            = aws_wafv2_web_acl.this.arn
  log_destination_configs = [each.value.arn]

  # Never a token, nor what a link carries, nor the edge's key.
  dynamic "redacted_fields" {
    for_each = toset(concat(["authorization", "cookie"], var.edge[*].key_header))

    content {
      single_header {
        name = redacted_fields.value
      }
    }
  }

  redacted_fields {
    query_string {}
  }

  # Only what was refused.
  logging_filter {
    default_behavior = "DROP"

    filter {
      behavior    = "KEEP"
      requirement = "MEETS_ANY"

      condition {
        action_condition {
          action = "BLOCK"
        }
      }
    }
  }
}
