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

  # API Gateway reads a key, and counts its caller, where a method asks for one and nowhere else. An open
  # method has no other requirement to add it to.
  keyed_security = {
    for method in try(var.usage_plan.methods, []) : method => [
      for requirement in coalescelist(local.document.paths[split(" ", method)[1]][lower(split(" ", method)[0])].security, [{}]) :
      merge(requirement, { api_key = [] })
    ]
  }

  # The document says which function, this says where it is: the one place that knows the account.
  paths = {
    for name, path in local.document.paths : name => merge(path, {
      for verb, method in path : verb => merge(method, {
        (local.integration) = merge(method[local.integration], {
          uri = var.functions[method[local.integration].uri].invoke_arn
        })
        }, {
        for key, security in local.keyed_security : "security" => security if key == "${upper(verb)} ${name}"
      }) if try(method[local.integration].type, "") == "aws_proxy"
    })
  }

  security_schemes = {
    for name, scheme in local.document.components.securitySchemes : name => merge(scheme, {
      for key in [local.authorizer] : key => merge(scheme[key], { providerARNs = [var.user_pool_arn] })
      if can(scheme[key].providerARNs)
    })
  }

  key_scheme = { for scheme in length(local.keyed_security) > 0 ? ["api_key"] : [] : scheme => { type = "apiKey", name = "x-api-key", in = "header" } }

  # An import names the API after the document's title.
  body = jsonencode(merge(local.document, {
    info       = merge(local.document.info, { title = var.name })
    paths      = local.paths
    components = merge(local.document.components, { securitySchemes = merge(local.security_schemes, local.key_scheme) })
  }))
}

resource "aws_api_gateway_rest_api" "this" {
  #checkov:skip=CKV_AWS_237:Another API has another address, which people's programs know: it is never replaced, it is imported anew
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
  kms_key_id        = var.log_key_arn
}

resource "aws_api_gateway_stage" "this" {
  #checkov:skip=CKV_AWS_120:Answers are people's own and never cached
  #checkov:skip=CKV2_AWS_51:Callers prove who they are to the API, whose functions are called by IAM; there is no server behind it that a certificate would convince
  #checkov:skip=CKV2_AWS_29:The variable firewall puts one before it, for about 10 $ a month
  #checkov:skip=CKV2_AWS_4:The gateway's own log would hold tokens and bodies; the access log says who asked for what
  rest_api_id   = aws_api_gateway_rest_api.this.id
  deployment_id = aws_api_gateway_deployment.this.id
  stage_name    = var.stage

  xray_tracing_enabled = var.tracing

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
  #checkov:skip=CKV_AWS_225:Answers are people's own and never cached
  rest_api_id = aws_api_gateway_rest_api.this.id
  stage_name  = aws_api_gateway_stage.this.stage_name
  method_path = "*/*"

  settings {
    # Of single methods, and paid for. The stage's cost nothing, and are what alarms and dashboards read.
    metrics_enabled        = false
    logging_level          = "OFF"
    data_trace_enabled     = false
    throttling_rate_limit  = var.throttle.rate
    throttling_burst_limit = var.throttle.burst
  }
}

# Whatever a method has not said here is what `*/*` says. API Gateway gives a setting back by the very
# path it was sent, and takes slashes within it for others, unless they are escaped.
resource "aws_api_gateway_method_settings" "one" {
  #checkov:skip=CKV_AWS_225:Answers are people's own and never cached
  for_each = var.method_throttles

  rest_api_id = aws_api_gateway_rest_api.this.id
  stage_name  = aws_api_gateway_stage.this.stage_name
  method_path = "${replace(split(" ", each.key)[1], "/", "~1")}/${split(" ", each.key)[0]}"

  settings {
    metrics_enabled        = false
    logging_level          = "OFF"
    data_trace_enabled     = false
    throttling_rate_limit  = each.value.rate
    throttling_burst_limit = each.value.burst
  }

  depends_on = [aws_api_gateway_method_settings.all]
}

# Holds each key's caller back. Who somebody is, tokens say.
resource "aws_api_gateway_usage_plan" "this" {
  for_each = { for plan in var.usage_plan == null ? [] : [var.usage_plan] : var.name => plan }

  name        = each.key
  description = "Callers with an API key."

  api_stages {
    api_id = aws_api_gateway_rest_api.this.id
    stage  = aws_api_gateway_stage.this.stage_name
  }

  quota_settings {
    limit  = each.value.requests_per_day
    period = "DAY"
  }

  throttle_settings {
    rate_limit  = each.value.rate
    burst_limit = each.value.burst
  }
}

resource "aws_lambda_permission" "api" {
  for_each = local.function_keys

  statement_id  = "api"
  function_name = var.functions[each.key].name
  qualifier     = var.functions[each.key].qualifier
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
