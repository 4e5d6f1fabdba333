locals {
  integration = "x-amazon-apigateway-integration"
  authorizer  = "x-amazon-apigateway-authorizer"
  document    = jsondecode(var.definition)

  # The functions that some route calls.
  function_keys = toset(flatten([
    for path in values(local.document.paths) : [
      for method in values(path) : method[local.integration].uri
      if try(method[local.integration].type, "") == "aws_proxy"
    ]
  ]))

  # The document says which function, this says where it is: the one place that knows the account.
  paths = {
    for name, path in local.document.paths : name => merge(path, {
      for verb, method in path : verb => merge(method, {
        (local.integration) = merge(method[local.integration], {
          uri = var.functions[method[local.integration].uri].invoke_arn
        })
      }) if try(method[local.integration].type, "") == "aws_proxy"
    })
  }

  security_schemes = {
    for name, scheme in local.document.components.securitySchemes : name => merge(scheme, {
      for key in [local.authorizer] : key => merge(scheme[key], { providerARNs = [var.user_pool_arn] })
      if can(scheme[key].providerARNs)
    })
  }

  # An import names the API after the document's title.
  body = jsonencode(merge(local.document, {
    info       = merge(local.document.info, { title = var.name })
    paths      = local.paths
    components = merge(local.document.components, { securitySchemes = local.security_schemes })
  }))
}

resource "aws_api_gateway_rest_api" "this" {
  name = var.name
  body = local.body

  endpoint_configuration {
    types = ["REGIONAL"]
  }
}

resource "aws_api_gateway_deployment" "this" {
  rest_api_id = aws_api_gateway_rest_api.this.id

  triggers = {
    document = sha256(local.body)
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_log_group" "access" {
  name              = "/aws/apigateway/${var.name}"
  retention_in_days = var.log_retention_days
}

resource "aws_api_gateway_stage" "this" {
  rest_api_id   = aws_api_gateway_rest_api.this.id
  deployment_id = aws_api_gateway_deployment.this.id
  stage_name    = var.stage

  # Who asked for what, and how it went. Never a header, a token or a query.
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format = jsonencode({
      requestId          = "$context.requestId"
      time               = "$context.requestTime"
      sourceIp           = "$context.identity.sourceIp"
      userId             = "$context.authorizer.claims.sub"
      method             = "$context.httpMethod"
      resource           = "$context.resourcePath"
      status             = "$context.status"
      responseLength     = "$context.responseLength"
      responseLatency    = "$context.responseLatency"
      integrationLatency = "$context.integrationLatency"
      integrationStatus  = "$context.integrationStatus"
      errorType          = "$context.error.responseType"
    })
  }
}

resource "aws_api_gateway_method_settings" "all" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  stage_name  = aws_api_gateway_stage.this.stage_name
  method_path = "*/*"

  settings {
    metrics_enabled        = true
    logging_level          = "OFF"
    data_trace_enabled     = false
    throttling_rate_limit  = var.throttle.rate
    throttling_burst_limit = var.throttle.burst
  }
}

resource "aws_lambda_permission" "api" {
  for_each = local.function_keys

  statement_id  = "api"
  function_name = var.functions[each.key].name
  action        = "lambda:InvokeFunction"
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.this.execution_arn}/${var.stage}/*"
}

# Signed with a person's own AWS credentials, from the identity pool.
resource "aws_iam_role_policy" "signed" {
  name = "signed-routes"
  role = var.signed_role_name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["execute-api:Invoke"]
      Resource = ["${aws_api_gateway_rest_api.this.execution_arn}/${var.stage}/*/signed/*"]
    }]
  })
}
