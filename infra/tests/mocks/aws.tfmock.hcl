# Ids that others are made of, as AWS writes them. What is not here gets a random text.

mock_data "aws_caller_identity" {
  defaults = { account_id = "123456789012" }
}

mock_data "aws_partition" {
  defaults = { partition = "aws" }
}

mock_data "aws_route53_zone" {
  defaults = {
    zone_id      = "ZTHERE"
    name         = "example.com"
    private_zone = false
    name_servers = ["ns-3.example.net", "ns-4.example.net"]
  }
}

mock_resource "aws_acm_certificate" {
  defaults = {
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/some"
    domain_validation_options = [{
      domain_name           = "example.com"
      resource_record_name  = "_proof.example.com"
      resource_record_type  = "CNAME"
      resource_record_value = "_answer.acm-validations.aws"
    }]
  }
}

mock_resource "aws_api_gateway_rest_api" {
  defaults = { execution_arn = "arn:aws:execute-api:us-east-1:123456789012:api" }
}

mock_resource "aws_cloudfront_distribution" {
  defaults = {
    arn            = "arn:aws:cloudfront::123456789012:distribution/E1"
    id             = "E1"
    domain_name    = "d1.cloudfront.net"
    hosted_zone_id = "Z2FDTNDATAQYW2"
  }
}

mock_resource "aws_cloudfront_function" {
  defaults = { arn = "arn:aws:cloudfront::123456789012:function/some" }
}

mock_resource "aws_cloudwatch_event_bus" {
  defaults = { arn = "arn:aws:events:us-east-1:123456789012:event-bus/vestibule-test" }
}

mock_resource "aws_cloudwatch_event_rule" {
  defaults = { arn = "arn:aws:events:us-east-1:123456789012:rule/some" }
}

mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:aws-waf-logs-some" }
}

mock_resource "aws_cloudwatch_metric_alarm" {
  defaults = { arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:some" }
}

mock_resource "aws_cognito_identity_pool" {
  defaults = {
    id  = "us-east-1:identity"
    arn = "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/us-east-1:identity"
  }
}

mock_resource "aws_cognito_user_pool" {
  defaults = {
    id       = "us-east-1_pool"
    arn      = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_pool"
    endpoint = "cognito-idp.us-east-1.amazonaws.com/us-east-1_pool"
  }
}

mock_resource "aws_cognito_user_pool_client" {
  defaults = { id = "client" }
}

mock_resource "aws_dynamodb_table" {
  defaults = {
    arn        = "arn:aws:dynamodb:us-east-1:123456789012:table/vestibule-test"
    stream_arn = "arn:aws:dynamodb:us-east-1:123456789012:table/vestibule-test/stream/2026"
  }
}

mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::123456789012:role/some" }
}

mock_resource "aws_kms_key" {
  defaults = { arn = "arn:aws:kms:us-east-1:123456789012:key/some" }
}

mock_resource "aws_lambda_alias" {
  defaults = {
    arn        = "arn:aws:lambda:us-east-1:123456789012:function:some:live"
    invoke_arn = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/some:live/invocations"
  }
}

mock_resource "aws_lambda_function" {
  defaults = {
    arn        = "arn:aws:lambda:us-east-1:123456789012:function:some"
    invoke_arn = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/some/invocations"
    version    = "7"
  }
}

mock_resource "aws_route53_health_check" {
  defaults = { id = "some-check" }
}

mock_resource "aws_route53_zone" {
  defaults = {
    zone_id      = "ZMADE"
    name_servers = ["ns-1.example.net", "ns-2.example.net"]
  }
}

mock_resource "aws_s3_bucket" {
  defaults = { arn = "arn:aws:s3:::some" }
}

mock_resource "aws_secretsmanager_secret" {
  defaults = { arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:some" }
}

mock_resource "aws_sesv2_email_identity" {
  defaults = {
    dkim_signing_attributes = { tokens = ["one", "two", "three"] }
  }
}

mock_resource "aws_sns_topic" {
  defaults = { arn = "arn:aws:sns:us-east-1:123456789012:vestibule-test-alarms" }
}

mock_resource "aws_sqs_queue" {
  defaults = { arn = "arn:aws:sqs:us-east-1:123456789012:some" }
}

mock_resource "aws_ssm_parameter" {
  defaults = { arn = "arn:aws:ssm:us-east-1:123456789012:parameter/some" }
}

mock_resource "aws_wafv2_web_acl" {
  defaults = { arn = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/some/1" }
}
