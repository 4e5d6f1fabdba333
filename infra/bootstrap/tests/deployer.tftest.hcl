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

# rights.json says what AWS is asked for each kind of resource in the tree, and on what. Which Sids
# bear a condition is known: tags of our own, and to whom a role is handed on.
run "it_may_do_all_that_the_tree_asks_of_aws" {
  command = plan

  variables {
    deployer = { subjects = ["repo:acme/people:environment:prod"] }
  }

  assert {
    condition = flatten([
      for type, resources in jsondecode(file("tests/fixtures/rights.json")) : [
        for resource, actions in resources : [
          for action in actions : "${type}: ${action} on ${resource}" if[
            for effect in ["Deny", "Allow"] : anytrue([
              for statement in jsondecode(aws_iam_role_policy.deployer["deploy"].policy).Statement :
              anytrue([for pattern in statement.Action : can(regex("^${replace(pattern, "*", ".*")}$", action))])
              && anytrue([for pattern in statement.Resource : can(regex("^${replace(pattern, "*", ".*")}$", resource))])
              if statement.Effect == effect && statement.Sid != "HandRolesOn"
            ])
          ] != [false, true]
        ]
      ]
    ]) == []
    error_message = "Whoever deploys by it would be refused something that rights.json names."
  }

  assert {
    condition = alltrue([
      for action in ["kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"] : [
        for statement in jsondecode(aws_iam_role_policy.deployer["deploy"].policy).Statement : statement.Condition if contains(statement.Action, action)
      ] == [{ StringEquals = { "aws:ResourceTag/Project" = "vestibule" } }]
    ])
    error_message = "What it does to a key it does to one that bears our tag."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.deployer["deploy"].policy).Statement :
      statement.Effect == "Deny" && statement.Action == ["iam:PassRole"] && statement.Condition.Null == { "iam:PassedToService" = "false" }
      && toset(statement.Condition.StringNotEquals["iam:PassedToService"]) == toset([
        "apigateway.amazonaws.com", "backup.amazonaws.com", "cognito-identity.amazonaws.com", "cognito-idp.amazonaws.com", "lambda.amazonaws.com",
      ])
      if statement.Sid == "HandRolesOn"
    ]) && length([for statement in jsondecode(aws_iam_role_policy.deployer["deploy"].policy).Statement : statement if statement.Sid == "HandRolesOn"]) == 1
    error_message = "No role is handed to a machine, or to a service in which a person could take it up."
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
