# What the root makes of stack.yaml, openapi.json and the policies. Nothing is sent anywhere.

mock_provider "aws" {
  source = "./tests/mocks"
  # Known while planning: nothing that says prevent_destroy could be torn down after an apply.
  override_during = plan
}

# For CloudFront.
mock_provider "aws" {
  alias           = "us_east_1"
  source          = "./tests/mocks"
  override_during = plan
}

run "the_stack_as_its_files_say_it" {
  command = plan

  assert {
    condition     = output.lambda_function_names == { for key in keys(local.stack.functions) : key => "vestibule-test-${key}" }
    error_message = "Functions are named after the stack, the environment and their key."
  }

  assert {
    condition     = output.lambda_log_groups == { for key in keys(local.stack.functions) : key => "/aws/lambda/vestibule-test-${key}" }
    error_message = "Each function has the log group that Lambda writes to."
  }

  assert {
    condition     = module.functions.roles == { for key in keys(local.stack.functions) : key => "vestibule-test-${key}" }
    error_message = "Each function has a role of its own."
  }

  assert {
    condition     = toset(keys(output.queue_urls)) == toset(keys(local.stack.queues))
    error_message = "Every queue of the stack is made."
  }

  assert {
    condition = [
      for statement in jsondecode(module.functions.policies["api"]).Statement : statement.Resource if statement.Sid == "KeepProfiles"
    ] == [["arn:aws:dynamodb:us-east-1:123456789012:table/vestibule-test"]]
    error_message = "The symbol `table` is the table."
  }

  assert {
    condition = [
      for statement in jsondecode(module.functions.policies["api"]).Statement : statement.Resource if statement.Sid == "ListPeople"
    ] == [["arn:aws:dynamodb:us-east-1:123456789012:table/vestibule-test/index/*"]]
    error_message = "The symbol `table_indexes` is the table's indexes."
  }

  assert {
    condition = [
      for statement in jsondecode(module.functions.policies["maintenance"]).Statement : statement.Resource if statement.Sid == "KeepWhatFailed"
    ] == [["arn:aws:sqs:us-east-1:123456789012:vestibule-test-retry-dlq"]]
    error_message = "The symbol `queue:retry-dlq` is that queue."
  }

  assert {
    condition = [
      for statement in jsondecode(module.functions.policies["maintenance"]).Statement : statement.Resource if statement.Sid == "WriteLogs"
    ] == [["arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/vestibule-test-maintenance:*"]]
    error_message = "The symbol `logs` is the function's own log group."
  }

  assert {
    condition = alltrue(flatten([
      for policy in values(module.functions.policies) : [
        for statement in jsondecode(policy).Statement : [
          for arn in statement.Resource : startswith(arn, "arn:aws:") && arn != "*" || try(statement.Sid, "") == "LookAtNetworks"
        ]
      ]
    ]))
    error_message = "Every resource is an ARN; none is everything."
  }

  assert {
    condition = alltrue(flatten([
      for policy in values(module.functions.policies) : [
        for statement in jsondecode(policy).Statement : [for action in statement.Action : !strcontains(action, "*")]
      ]
    ]))
    error_message = "Every action is named."
  }

  assert {
    condition     = jsondecode(module.api.body).info.title == "vestibule-test"
    error_message = "The document's title is the API's name."
  }

  assert {
    condition = toset(flatten([
      for path in values(jsondecode(module.api.body).paths) : [
        for method in values(path) : method["x-amazon-apigateway-integration"].uri
        if try(method["x-amazon-apigateway-integration"].type, "") == "aws_proxy"
      ]
    ])) == toset(["arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/some:live/invocations"])
    error_message = "Every function key in the document became an invocation URI."
  }

  assert {
    condition     = strcontains(module.api.body, jsonencode(["arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_pool"])) && !strcontains(module.api.body, "\"user_pool\"")
    error_message = "The authorizer takes tokens of this pool."
  }

  assert {
    condition = toset(keys(jsondecode(module.api.body).paths)) == toset(keys(jsondecode(file("../openapi.json")).paths)) && alltrue([
      for name, path in jsondecode(file("../openapi.json")).paths :
      toset(keys(path)) == toset(keys(jsondecode(module.api.body).paths[name]))
    ])
    error_message = "No path and no method is lost or added."
  }

  assert {
    condition     = { for key, pattern in module.delivery.patterns : key => length(jsondecode(pattern)["detail-type"]) } == { for key, rule in local.stack.bus.rules : key => length(rule.types) }
    error_message = "A rule asks for the types that stack.yaml names."
  }

  assert {
    condition     = jsondecode(module.delivery.patterns["welcome"]) == { source = ["vestibule"], detail-type = ["user.confirmed"] }
    error_message = "An exact type is asked for as it is, from our relay alone."
  }

  assert {
    condition     = jsondecode(module.delivery.patterns["analytics"])["detail-type"][0] == { prefix = "user." }
    error_message = "`user.*` is everything that begins with `user.`."
  }

  assert {
    condition     = module.delivery.schedules["maintenance-reconcile"] == "rate(15 minutes)"
    error_message = "Schedules are those of the functions."
  }

  assert {
    condition     = output.secret_arns == {}
    error_message = "A secret costs money."
  }

  assert {
    condition = alltrue([
      local.functions.user_service.environment.USER_SERVICE_SECRET == "",
      local.functions.user_service.environment.USER_SERVICE_URL == "",
      local.functions.mailer.environment.SITE_URL == "",
    ])
    error_message = "What is not there is empty text, which turns it off."
  }

  assert {
    condition     = [for statement in jsondecode(module.functions.policies["user_service"]).Statement : statement.Sid if statement.Sid == "KnowTheKey"] == []
    error_message = "Nobody may read what is not there."
  }

  assert {
    condition     = local.functions.mailer.environment.UNSUBSCRIBE_PARAMETER == "/vestibule/test/unsubscribe"
    error_message = "The key that signs links is there from the start."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(module.functions.policies["vpc_builder"]).Statement :
      statement.Condition == { StringEquals = { "aws:ResourceTag/vestibule:environment" = ["test"], "aws:ResourceTag/vestibule:table" = [module.data.table_name] } }
      if length([for action in statement.Action : action if can(regex("^ec2:(Delete|Detach|Disassociate|Release|Modify)", action))]) > 0
    ])
    error_message = "Removing and changing asks for our tag."
  }

  assert {
    condition = [
      for statement in jsondecode(module.functions.policies["vpc_builder"]).Statement : keys(statement.Condition.StringEquals) if contains(statement.Action, "ec2:CreateTags")
    ] == [["ec2:CreateAction"]]
    error_message = "Tags are given only to what is being made."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(module.functions.policies["vpc_builder"]).Statement :
      statement.Sid == "LookAtNetworks" || !contains(statement.Resource, "*")
    ])
    error_message = "Only looking is allowed everywhere."
  }

  assert {
    condition     = local.triggers.function_arn == "arn:aws:lambda:us-east-1:123456789012:function:vestibule-test-triggers:live"
    error_message = "The pool calls the alias."
  }

  assert {
    condition     = toset([for function in values(module.functions.functions) : function.qualifier]) == toset(["live"])
    error_message = "Every function has one."
  }

  assert {
    condition = [
      for statement in jsondecode(module.functions.policies["maintenance"]).Statement : statement.Resource if statement.Sid == "ReadThePolicy"
    ] == [["arn:aws:ssm:us-east-1:123456789012:parameter/vestibule/test/policy"]]
    error_message = "The symbol `policy_parameter` is this deployment's parameter."
  }
}

run "another_deployment_beside_it" {
  command = plan

  variables {
    functions          = { api = { memory = 2048 } }
    environment_suffix = "-pr12"
    secrets            = ["user-service"]
    user_service_url   = "https://users.example.com/api/v1/users"
    publish_versions   = false
  }

  assert {
    condition     = module.functions.sizes["api"] == { memory = 2048, timeout = local.stack.functions.api.timeout }
    error_message = "Memory is overridden, the timeout is not."
  }

  assert {
    condition     = module.functions.sizes["maintenance"] == { memory = local.stack.functions.maintenance.memory, timeout = local.stack.functions.maintenance.timeout }
    error_message = "Another function keeps its size."
  }

  assert {
    condition     = output.dynamodb_table_name == "vestibule-test-pr12"
    error_message = "The suffix is part of every name."
  }

  assert {
    condition     = keys(output.secret_arns) == ["user-service"]
    error_message = "Only that one."
  }

  assert {
    condition     = local.functions.user_service.environment.USER_SERVICE_SECRET == output.secret_arns.user-service && local.functions.maintenance.environment.USER_SERVICE_URL == "https://users.example.com/api/v1/users"
    error_message = "Both who tell the user service know it."
  }

  assert {
    condition     = [for statement in jsondecode(module.functions.policies["user_service"]).Statement : statement.Resource if statement.Sid == "KnowTheKey"] == [[output.secret_arns.user-service]]
    error_message = "That secret and no other."
  }

  assert {
    condition     = one(local.trial_recipient_arns) == "arn:aws:ses:us-east-1:123456789012:identity/*"
    error_message = "In SES's sandbox the right to send is asked for verified recipients, too."
  }

  assert {
    condition     = local.triggers.function_arn == "arn:aws:lambda:us-east-1:123456789012:function:vestibule-test-pr12-triggers" && alltrue([for function in values(module.functions.functions) : function.qualifier == null])
    error_message = "Then they are called by their own names."
  }
}

run "all_that_costs_extra_can_be_had_at_once" {
  command = plan

  variables {
    environment      = "prod"
    secondary_region = "us-west-2"
    mail             = { identity = "example.com", from = "hello@example.com" }
    tracing          = true
    canary           = { share = 0.1, stable = { api = "3" } }
    backup           = {}
    firewall         = {}
    usage_plan       = { methods = ["POST /vpcs"], requests_per_day = 10000 }
    method_throttles = { "POST /vpcs" = { rate = 2, burst = 4 } }
    user_pool_tier   = "PLUS"
    server_client    = true
    sign_in_domain   = { prefix = "people" }
    sign_in_pages    = { callback_urls = ["https://example.com/"] }
    passkeys         = { relying_party_id = "example.com" }
    user_service_url = "https://users.internal.example/api/v1/users"
    outbound_hosts   = [".internal.example"]

    threat_protection = "ENFORCED"

    keys = {
      table   = "arn:aws:kms:us-east-1:123456789012:key/one"
      replica = "arn:aws:kms:us-west-2:123456789012:key/two"
      logs    = "arn:aws:kms:us-east-1:123456789012:key/one"
    }

    user_service_network = {
      subnet_ids         = ["subnet-1"]
      security_group_ids = ["sg-1"]
      endpoints          = { vpc_id = "vpc-1", route_table_ids = ["rtb-1"] }
    }
  }

  assert {
    condition     = [module.api_firewall["on"].name, module.pool_firewall["on"].name] == ["vestibule-prod-api", "vestibule-prod-pool"]
    error_message = "The API and the pool have a firewall each."
  }

  assert {
    condition     = length(local.trial_recipient_arns) == 0
    error_message = "In a production nobody needs the right to recipients."
  }

  assert {
    condition     = [local.edge.key_header, local.edge.address_header] == ["x-edge-key", "x-viewer-address"]
    error_message = "The API's tells CloudFront's calls from the others."
  }

  assert {
    condition     = alltrue([for call in ["ResendConfirmationCode", "UpdateUserAttributes", "GetUserAttributeVerificationCode"] : contains(local.sign_up_calls, call)])
    error_message = "Whoever has codes mailed is held tighter, signed in or not."
  }

  assert {
    condition     = toset(keys(module.network["user-service"].endpoint_ids)) == toset(["dynamodb", "secretsmanager", "sqs", "ssm"])
    error_message = "From within the network, every service that is called can be reached but a pool with pages, which answers no endpoint."
  }

  assert {
    condition     = local.functions.user_service.environment.OUTBOUND_HOSTS == ".internal.example" && local.functions.analytics.environment.OUTBOUND_HOSTS == ".internal.example"
    error_message = "Whoever calls out knows whom it may call."
  }

  assert {
    condition     = toset([for key, function in local.functions : key if function.network != null]) == toset(["maintenance", "user_service"])
    error_message = "Those two, and nobody else."
  }
}
