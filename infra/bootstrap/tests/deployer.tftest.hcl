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

  mock_resource "aws_iam_openid_connect_provider" {
    defaults = { arn = "arn:aws:iam::123456789012:oidc-provider/some" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/some" }
  }
}

run "one_job_of_one_repository_deploys" {
  command = plan

  variables {
    deployer = { subjects = ["repo:acme/people:environment:prod"] }
  }

  assert {
    condition = jsondecode(aws_iam_role.deployer["deploy"].assume_role_policy).Statement[0] == {
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = "arn:aws:iam::123456789012:oidc-provider/some" }
      Condition = {
        StringEquals = { "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com" }
        StringLike   = { "token.actions.githubusercontent.com:sub" = ["repo:acme/people:environment:prod"] }
      }
    }
    error_message = "Audience and subject are both asked for."
  }

  assert {
    condition = alltrue([
      for action in ["cognito-idp:DeleteUserPool", "dynamodb:DeleteTable", "s3:DeleteObjectVersion"] :
      contains(flatten([for statement in jsondecode(aws_iam_role_policy.deployer["deploy"].policy).Statement : statement.Action if statement.Effect == "Deny"]), action)
    ])
    error_message = "It never deletes people, nor old states."
  }

  assert {
    condition     = length(aws_iam_role_policy.deployer["deploy"].policy) < 10240
    error_message = "IAM takes no longer policies within a role."
  }

  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.deployer["deploy"].policy).Statement : statement.Resource if statement.Sid == "Roles"] == [["arn:aws:iam::123456789012:role/vestibule-*"]]
    error_message = "It makes roles of our name alone."
  }
}

run "what_the_account_has_is_not_made_again" {
  command = plan

  variables {
    api_logs_role = false

    deployer = {
      subjects     = ["project_path:acme/people:ref_type:branch:ref:main"]
      issuer       = "https://gitlab.com"
      audience     = "https://gitlab.com"
      provider_arn = "arn:aws:iam::123456789012:oidc-provider/gitlab.com"
    }
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.deployer) == 0 && jsondecode(aws_iam_role.deployer["deploy"].assume_role_policy).Statement[0].Principal.Federated == var.deployer.provider_arn
    error_message = "An account knows an issuer once."
  }

  assert {
    condition     = length(aws_api_gateway_account.this) == 0 && length(aws_iam_role.api_logs) == 0
    error_message = "The account's setting is left alone."
  }
}

# The rules stand in the variables alone: no provider is started.
run "a_subject_that_anybody_at_github_has_is_refused" {
  command = plan

  module {
    source = "./tests/fixtures/variables"
  }

  variables {
    deployer = { subjects = ["repo:acme/*"] }
  }

  expect_failures = [var.deployer]
}

run "any_job_of_a_repository_is_refused" {
  command = plan

  module {
    source = "./tests/fixtures/variables"
  }

  variables {
    deployer = { subjects = ["repo:acme/people:*"] }
  }

  expect_failures = [var.deployer]
}

run "an_issuer_without_tls_is_refused" {
  command = plan

  module {
    source = "./tests/fixtures/variables"
  }

  variables {
    deployer = { subjects = ["some"], issuer = "http://ci.example.com" }
  }

  expect_failures = [var.deployer]
}
