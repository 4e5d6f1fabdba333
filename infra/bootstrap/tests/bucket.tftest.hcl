mock_provider "aws" {
  # Known while planning: nothing that says prevent_destroy could be torn down after an apply.
  override_during = plan

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::vestibule-state-123456789012-us-east-1" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/some" }
  }
}

run "states_are_kept_versioned_private_and_over_tls_only" {
  command = plan

  assert {
    condition     = output.state_bucket == "vestibule-state-123456789012-us-east-1"
    error_message = "The bucket's name says whose it is and where."
  }

  assert {
    condition     = aws_s3_bucket_versioning.state.versioning_configuration[0].status == "Enabled"
    error_message = "Every state can be gone back to."
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.state.block_public_acls,
      aws_s3_bucket_public_access_block.state.block_public_policy,
      aws_s3_bucket_public_access_block.state.ignore_public_acls,
      aws_s3_bucket_public_access_block.state.restrict_public_buckets,
    ])
    error_message = "Nothing in the bucket is public."
  }

  assert {
    condition = [for statement in jsondecode(aws_s3_bucket_policy.state.policy).Statement : {
      effect = statement.Effect
      secure = statement.Condition.Bool["aws:SecureTransport"]
    }] == [{ effect = "Deny", secure = "false" }]
    error_message = "Calls without TLS are refused."
  }

  assert {
    condition     = length(aws_api_gateway_account.this) == 1
    error_message = "API Gateway may write logs."
  }
}

run "an_account_that_has_a_role_for_logs_keeps_it" {
  command = plan

  variables {
    api_logs_role = false
  }

  assert {
    condition     = length(aws_api_gateway_account.this) == 0 && length(aws_iam_role.api_logs) == 0
    error_message = "The account's setting is left alone."
  }
}
