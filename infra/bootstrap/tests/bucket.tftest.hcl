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

run "states_are_private_and_versioned_and_nobody_deploys_without_being_asked" {
  command = plan

  assert {
    condition     = output.state_bucket == "vestibule-state-123456789012-us-east-1"
    error_message = "The bucket's name says whose it is and where."
  }

  assert {
    condition     = module.bucket.private
    error_message = "No policy and no access control list makes it public."
  }

  assert {
    condition     = module.bucket.versioned && module.bucket.expiry.days == null && module.bucket.expiry.old_version_days == 365 && module.bucket.expiry.old_versions_kept == 30
    error_message = "Every state can be gone back to: the last 30, and those of the last year."
  }

  assert {
    condition = [for statement in jsondecode(module.bucket.policy).Statement : {
      effect = statement.Effect
      secure = statement.Condition.Bool["aws:SecureTransport"]
    }] == [{ effect = "Deny", secure = "false" }]
    error_message = "Calls without TLS are refused."
  }

  assert {
    condition     = length(aws_api_gateway_account.this) == 1
    error_message = "API Gateway may write logs."
  }

  assert {
    condition     = output.deployer_role_arn == null && length(aws_iam_openid_connect_provider.deployer) == 0
    error_message = "No role, and nobody whose word is taken."
  }
}
