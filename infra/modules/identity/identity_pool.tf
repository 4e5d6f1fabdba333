resource "aws_cognito_identity_pool" "this" {
  identity_pool_name               = var.prefix
  allow_unauthenticated_identities = false
  allow_classic_flow               = false

  cognito_identity_providers {
    client_id               = aws_cognito_user_pool_client.web.id
    provider_name           = aws_cognito_user_pool.this.endpoint
    server_side_token_check = true
  }
}

# Cognito wants both roles. The unauthenticated one has no policy, so it may do nothing.
resource "aws_iam_role" "identity" {
  for_each = toset(["authenticated", "unauthenticated"])

  name        = "${var.prefix}-${each.key}"
  description = each.key == "authenticated" ? "People who signed in, at the API's signed routes." : "People who did not sign in. May do nothing."

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = "cognito-identity.amazonaws.com" }
      Condition = {
        StringEquals             = { "cognito-identity.amazonaws.com:aud" = aws_cognito_identity_pool.this.id }
        "ForAnyValue:StringLike" = { "cognito-identity.amazonaws.com:amr" = each.key }
      }
    }]
  })
}

resource "aws_cognito_identity_pool_roles_attachment" "this" {
  identity_pool_id = aws_cognito_identity_pool.this.id
  roles            = { for key, role in aws_iam_role.identity : key => role.arn }

  # By the claim that our own table fills, never by what a person may write.
  dynamic "role_mapping" {
    for_each = length(var.role_arns) == 0 ? [] : [var.role_arns]

    content {
      identity_provider         = "${aws_cognito_user_pool.this.endpoint}:${aws_cognito_user_pool_client.web.id}"
      type                      = "Rules"
      ambiguous_role_resolution = "AuthenticatedRole"

      dynamic "mapping_rule" {
        for_each = role_mapping.value

        content {
          claim      = "role"
          match_type = "Equals"
          value      = mapping_rule.key
          role_arn   = mapping_rule.value
        }
      }
    }
  }
}
