locals {
  deployers = { for deployer in var.deployer == null ? [] : [var.deployer] : "deploy" => deployer }

  issuer_host = try(trimprefix(var.deployer.issuer, "https://"), "")

  arn = "arn:${data.aws_partition.current.partition}"
  own = data.aws_caller_identity.current.account_id

  # What bears our name, in every region: a deployment has parts in up to three.
  named = {
    "backup"         = ["${local.arn}:backup:*:${local.own}:backup-vault:${var.name}-*", "${local.arn}:backup:*:${local.own}:backup-plan:*"]
    "cloudwatch"     = ["${local.arn}:cloudwatch:*:${local.own}:alarm:${var.name}-*", "${local.arn}:cloudwatch::${local.own}:dashboard/${var.name}-*"]
    "dynamodb"       = ["${local.arn}:dynamodb:*:${local.own}:table/${var.name}-*"]
    "events"         = ["${local.arn}:events:*:${local.own}:event-bus/${var.name}-*", "${local.arn}:events:*:${local.own}:rule/${var.name}-*"]
    "lambda"         = ["${local.arn}:lambda:*:${local.own}:function:${var.name}-*", "${local.arn}:lambda:*:${local.own}:event-source-mapping:*"]
    "logs"           = [for group in ["/aws/apigateway/", "/aws/lambda/", "aws-waf-logs-"] : "${local.arn}:logs:*:${local.own}:log-group:${group}${var.name}-*"]
    "s3"             = ["${local.arn}:s3:::${var.name}-*"]
    "secretsmanager" = ["${local.arn}:secretsmanager:*:${local.own}:secret:${var.name}/*"]
    "sns"            = ["${local.arn}:sns:*:${local.own}:${var.name}-*"]
    "sqs"            = ["${local.arn}:sqs:*:${local.own}:${var.name}-*"]
    "ssm"            = ["${local.arn}:ssm:*:${local.own}:parameter/${var.name}/*"]
  }

  # What AWS names itself, or what takes no name.
  unnamed = ["acm", "apigateway", "budgets", "cloudfront", "cognito-identity", "cognito-idp", "resource-groups", "route53", "ses", "wafv2", "xray"]

  role_arns = ["${local.arn}:iam::${local.own}:role/${var.name}-*"]
}

resource "aws_iam_openid_connect_provider" "deployer" {
  for_each = { for key, deployer in local.deployers : key => deployer if deployer.provider_arn == null }

  url            = each.value.issuer
  client_id_list = [each.value.audience]
}

resource "aws_iam_role" "deployer" {
  for_each = local.deployers

  name                 = "${var.name}-${each.key}"
  description          = "CI deploys ${var.name}."
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = coalesce(each.value.provider_arn, try(aws_iam_openid_connect_provider.deployer[each.key].arn, null)) }
      Condition = {
        StringEquals = { "${local.issuer_host}:aud" = each.value.audience }
        StringLike   = { "${local.issuer_host}:sub" = each.value.subjects }
      }
    }]
  })
}

resource "aws_iam_role_policy" "deployer" {
  #checkov:skip=CKV_AWS_286:Who deploys functions and their roles can give itself what those may; README.md says so
  #checkov:skip=CKV_AWS_287:It makes secrets and reads states, whose text holds some
  #checkov:skip=CKV_AWS_288:It reads states, and what it deploys
  #checkov:skip=CKV_AWS_289:It makes the functions' roles: those that bear our name, and not its own
  #checkov:skip=CKV_AWS_290:These services name their resources themselves, or know no resources
  #checkov:skip=CKV_AWS_355:These services name their resources themselves, or know no resources
  for_each = aws_iam_role.deployer

  name = "deploy"
  role = each.value.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "OfOurName"
        Effect   = "Allow"
        Action   = [for service in keys(local.named) : "${service}:*"]
        Resource = flatten(values(local.named))
      },
      {
        Sid      = "NamedByAws"
        Effect   = "Allow"
        Action   = [for service in local.unnamed : "${service}:*"]
        Resource = ["*"]
      },
      {
        Sid    = "AskedOfAll"
        Effect = "Allow"
        Action = [
          "backup:*BackupPlan*", "backup:*BackupSelection*", "backup-storage:MountCapsule", "cloudwatch:Describe*", "ec2:*VpcEndpoint*", "ec2:*SecurityGroup*", "ec2:CreateTags",
          "ec2:DeleteTags", "ec2:Describe*", "kms:CreateGrant", "kms:CreateKey", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:RetireGrant", "kms:TagResource",
          "lambda:*EventSourceMapping*", "logs:*LogDeliver*", "logs:*QueryDefinition*", "logs:Describe*", "logs:*ResourcePolicies", "logs:PutResourcePolicy", "s3:ListAllMyBuckets",
          "ssm:DescribeParameters", "sts:GetCallerIdentity", "tag:GetResources",
        ]
        Resource = ["*"]
      },
      {
        # Keys have no name. Ours bear our tag from their first moment on.
        Sid    = "KeysOfOurs"
        Effect = "Allow"
        Action = [
          "kms:DisableKeyRotation", "kms:EnableKeyRotation", "kms:GetKey*", "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:UntagResource",
          "kms:UpdateKeyDescription",
        ]
        Resource  = ["${local.arn}:kms:*:${local.own}:key/*"]
        Condition = { StringEquals = { "aws:ResourceTag/Project" = var.name } }
      },
      {
        Sid      = "Roles"
        Effect   = "Allow"
        Action   = ["iam:*Role", "iam:*RolePolicy", "iam:*RolePolicies", "iam:ListInstanceProfilesForRole", "iam:ListRoleTags", "iam:UpdateAssumeRolePolicy", "iam:UpdateRoleDescription"]
        Resource = local.role_arns
      },
      {
        # Some services work in an account only once they have a role of their own there.
        Sid      = "ServicesOwnRoles"
        Effect   = "Allow"
        Action   = ["iam:CreateServiceLinkedRole"]
        Resource = ["${local.arn}:iam::${local.own}:role/aws-service-role/*"]
      },
      {
        # Never to a machine, or to a service in which a person could take it up. Only a service that says
        # which it is can be refused: what says nothing (Null) passes.
        Sid      = "HandRolesOn"
        Effect   = "Deny"
        Action   = ["iam:PassRole"]
        Resource = ["*"]
        Condition = {
          Null = { "iam:PassedToService" = "false" }
          StringNotEquals = { "iam:PassedToService" = [
            "apigateway.amazonaws.com", "backup.amazonaws.com", "cognito-identity.amazonaws.com", "cognito-idp.amazonaws.com", "lambda.amazonaws.com",
          ] }
        }
      },
      {
        # People stay; and what this role may, and who may take it, others decide.
        Sid    = "NeverPeopleNorItself"
        Effect = "Deny"
        Action = [
          "cognito-idp:DeleteUserPool", "dynamodb:DeleteTable", "dynamodb:DeleteTableReplica", "iam:*Role", "iam:*RolePolicy", "iam:UpdateAssumeRolePolicy",
          "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:DeleteObjectVersion", "s3:PutBucketPolicy", "s3:PutBucketVersioning", "s3:PutLifecycleConfiguration",
        ]
        Resource = [
          "${local.arn}:cognito-idp:*:${local.own}:userpool/*",
          "${local.arn}:dynamodb:*:${local.own}:table/*",
          module.bucket.bucket.arn,
          "${module.bucket.bucket.arn}/*",
          each.value.arn,
        ]
      },
    ]
  })
}
