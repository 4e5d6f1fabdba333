variable "region" {
  description = "Region everything lives in, for example us-east-1."
  type        = string
  default     = "us-east-1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must look like us-east-1 or eu-central-1."
  }
}

variable "secondary_region" {
  description = "Region that holds a live copy of the table. None without it."
  type        = string
  default     = null

  validation {
    condition     = var.secondary_region == null || can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.secondary_region))
    error_message = "secondary_region must look like us-west-2 or eu-west-1."
  }

  validation {
    condition     = var.secondary_region == null || var.secondary_region != var.region
    error_message = "secondary_region must be another region than region: a copy beside the original protects nothing."
  }
}

variable "environment" {
  description = "What this deployment is for, for example dev or prod. Part of every name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,9}$", var.environment))
    error_message = "environment must be 2 to 10 lower-case letters and digits, a letter first."
  }
}

variable "environment_suffix" {
  description = "Tells several deployments of one environment apart, for example -pr12. Part of every name."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(-[a-z0-9]{1,9})?$", var.environment_suffix))
    error_message = "environment_suffix must be empty, or a dash and 1 to 9 lower-case letters and digits."
  }
}

variable "package_path" {
  description = "The zip that `make package` built."
  type        = string
  nullable    = false

  validation {
    condition     = fileexists(var.package_path)
    error_message = "package_path names no file. Run `make package` first; it prints where the zip is."
  }
}

variable "service_version" {
  description = "Version that the service reports. The first digits of the package's hash if not given."
  type        = string
  default     = null

  validation {
    condition     = var.service_version == null || can(regex("^[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}$", var.service_version))
    error_message = "service_version must be 1 to 64 letters, digits, dots, dashes, plus signs and underscores."
  }
}

variable "architecture" {
  description = "Processor the functions run on. It must be the one the package was built for. What stack.yaml says if not given."
  type        = string
  default     = null

  validation {
    condition     = var.architecture == null || contains(["arm64", "x86_64"], coalesce(var.architecture, "arm64"))
    error_message = "architecture must be arm64 or x86_64."
  }
}

variable "runtime" {
  description = "Lambda runtime. It must be the one the package was built for. What stack.yaml says if not given."
  type        = string
  default     = null

  validation {
    condition     = var.runtime == null || can(regex("^python3\\.1[1-3]$", var.runtime))
    error_message = "runtime must be python3.11, python3.12 or python3.13, what this version of the AWS provider knows."
  }
}

variable "functions" {
  description = "By function key: memory (MB) and timeout (seconds), where they differ from stack.yaml; and how many may run at a time, of the account's 1000, where neighbors must be spared or something kept for them."
  type = map(object({
    memory      = optional(number)
    timeout     = optional(number)
    concurrency = optional(number)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for key in keys(var.functions) : contains(keys(yamldecode(file("${path.module}/../stack.yaml")).functions), key)])
    error_message = "functions may only name functions of stack.yaml."
  }

  validation {
    condition     = alltrue([for each in values(var.functions) : coalesce(each.memory, 128) >= 128 && coalesce(each.memory, 128) <= 10240])
    error_message = "memory must be between 128 and 10240 MB."
  }

  validation {
    condition     = alltrue([for each in values(var.functions) : coalesce(each.timeout, 1) >= 1 && coalesce(each.timeout, 1) <= 900])
    error_message = "timeout must be between 1 and 900 seconds."
  }

  validation {
    condition     = alltrue([for each in values(var.functions) : coalesce(each.concurrency, 1) >= 1 && floor(coalesce(each.concurrency, 1)) == coalesce(each.concurrency, 1)])
    error_message = "concurrency must be a whole number of 1 or more: a function with none never runs."
  }

  validation {
    condition     = coalesce(try(var.functions[yamldecode(file("${path.module}/../stack.yaml")).user_pool.triggers].timeout, null), 1) < 5
    error_message = "The function of the user pool's triggers needs a timeout under 5 seconds: Cognito then starts a second one beside the first."
  }
}

variable "throttle" {
  description = "Requests a second, and burst, the API takes in all. What stack.yaml says if not given."
  type = object({
    rate  = number
    burst = number
  })
  default = null

  validation {
    condition     = var.throttle == null || try(var.throttle.rate >= 1 && var.throttle.rate <= 10000 && var.throttle.burst >= 1 && var.throttle.burst <= 5000, false)
    error_message = "throttle.rate must be between 1 and 10000, throttle.burst between 1 and 5000, the quota of an account."
  }
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653, the values CloudWatch takes. Logs kept forever are not offered."
  }
}

variable "token_minutes" {
  description = "Minutes that access and ID tokens live. A blocked person keeps access to what only a token guards for so long. What stack.yaml says if not given."
  type = object({
    access = optional(number)
    id     = optional(number)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for minutes in values(var.token_minutes) : coalesce(minutes, 15) >= 5 && coalesce(minutes, 15) <= 60])
    error_message = "token_minutes must be between 5, the least Cognito takes, and 60: a stolen token cannot be called back."
  }
}

variable "refresh_token_days" {
  description = "Days after which a person must sign in again. What stack.yaml says if not given."
  type        = number
  default     = null

  validation {
    condition     = var.refresh_token_days == null || try(var.refresh_token_days >= 1 && var.refresh_token_days <= 365, false)
    error_message = "refresh_token_days must be between 1 and 365."
  }
}

variable "password_flow" {
  description = "Let the web client send passwords to Cognito as they are. Only the migration of users from elsewhere needs it. What stack.yaml says if not given."
  type        = bool
  default     = null
}

variable "user_pool_tier" {
  description = "Cognito plan of the user pool: LITE, ESSENTIALS or PLUS. Each costs more per person than the one before."
  type        = string
  default     = "ESSENTIALS"
  nullable    = false

  validation {
    condition     = contains(["LITE", "ESSENTIALS", "PLUS"], var.user_pool_tier)
    error_message = "user_pool_tier must be LITE, ESSENTIALS or PLUS."
  }
}

variable "threat_protection" {
  description = "Cognito's detection of leaked passwords and odd sign-ins: OFF, AUDIT (reports only) or ENFORCED. Needs the PLUS tier."
  type        = string
  default     = "OFF"
  nullable    = false

  validation {
    condition     = contains(["OFF", "AUDIT", "ENFORCED"], var.threat_protection)
    error_message = "threat_protection must be OFF, AUDIT or ENFORCED."
  }
}

variable "mail" {
  description = "Who mails come from: the SES identity (an address or its domain) that this account has verified in this region, and the address, stack.yaml's if not given. `create` makes and proves the identity of domain_name here. Cognito's own sender without it, which takes none of our texts and sends 50 mails a day; then nobody signs in by an e-mailed code."
  type = object({
    identity = string
    from     = optional(string)
    create   = optional(bool, false)
  })
  default = null

  validation {
    condition     = try(var.mail.from != null || endswith("@${yamldecode(file("${path.module}/../stack.yaml")).mail.from}", "@${var.mail.identity}") || endswith(yamldecode(file("${path.module}/../stack.yaml")).mail.from, ".${var.mail.identity}"), true)
    error_message = "mail.from is needed: the sender that stack.yaml names (mail.from) does not lie at mail.identity, and SES sends for nobody else."
  }

  validation {
    condition     = try(!var.mail.create || var.mail.identity == var.domain_name, true)
    error_message = "mail.create proves the identity of domain_name and of nothing else: mail.identity must be domain_name. Verify any other beforehand."
  }

  validation {
    condition     = try(!var.mail.create || !var.zone.create || coalesce(var.zone.delegated, false), true)
    error_message = "mail.create needs a zone that the world asks: leave mail out until zone.delegated is true."
  }

  validation {
    condition     = var.mail == null || can(regex("^([a-z0-9._+-]+@)?[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.mail.identity))
    error_message = "mail.identity must be a domain or a plain address, lower-case, that SES has verified."
  }

  validation {
    condition     = try(var.mail.from, null) == null || try(var.mail.from == var.mail.identity || endswith(var.mail.from, "@${var.mail.identity}") || endswith(var.mail.from, ".${var.mail.identity}"), false)
    error_message = "mail.from must be the identity's own address, or lie at its domain: SES sends for nobody else."
  }
}

variable "user_service_url" {
  description = "Where new people are announced, for example https://users.example.com/api/v1/users. Nobody is told without it; once it is set, reconciliation tells of those who came before."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.user_service_url == "" || can(regex("^(https://[^/?#@[:space:]]+|http://(127\\.0\\.0\\.1|localhost)(:[0-9]+)?)(/[^?#[:space:]]*)?$", var.user_service_url))
    error_message = "user_service_url must be an https address without user, query and fragment: people's addresses are sent there."
  }
}

variable "outbound_hosts" {
  description = "Hosts that the user service, analytics and the CRM may be at; .example.com stands for every name below it. Any, if empty."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for host in var.outbound_hosts : can(regex("^\\.?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", host))])
    error_message = "outbound_hosts takes lower-case names such as users.example.com, or .example.com for all below it: no https://, no port, no path."
  }

  validation {
    condition = length(var.outbound_hosts) == 0 || var.user_service_url == "" || anytrue([
      for host in var.outbound_hosts :
      try(endswith(".${regex("^https?://([^/:]+)", var.user_service_url)[0]}", startswith(host, ".") ? host : ".${host}"), false)
    ])
    error_message = "outbound_hosts must hold the host of user_service_url, or nobody would be told of people."
  }
}

variable "user_service_network" {
  description = "Subnets and security groups for the functions that call the user service, where its address is an internal one. They need a way out to AWS from there: a NAT gateway, or endpoints, which are made here if the network and its route tables are named."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
    endpoints = optional(object({
      vpc_id          = string
      route_table_ids = list(string)
    }))
  })
  default = null

  validation {
    condition     = try(length(var.user_service_network.subnet_ids) > 0 && length(var.user_service_network.security_group_ids) > 0, true)
    error_message = "user_service_network needs at least one subnet and one security group."
  }

  validation {
    condition     = alltrue([for id in try(var.user_service_network.subnet_ids, []) : startswith(id, "subnet-")]) && alltrue([for id in try(var.user_service_network.security_group_ids, []) : startswith(id, "sg-")])
    error_message = "user_service_network takes ids such as subnet-0abc and sg-0abc."
  }

  validation {
    condition     = try(startswith(var.user_service_network.endpoints.vpc_id, "vpc-") && alltrue([for id in var.user_service_network.endpoints.route_table_ids : startswith(id, "rtb-")]), true)
    error_message = "user_service_network.endpoints takes ids such as vpc-0abc and rtb-0abc."
  }
}

variable "site_url" {
  description = "Where people open the site, for example https://example.com: links in mails lead there. No such links without it."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.site_url == "" || can(regex("^(https://[^/?#@[:space:]]+|http://(127\\.0\\.0\\.1|localhost)(:[0-9]+)?)(/[^?#[:space:]]*)?[^/]$", var.site_url))
    error_message = "site_url must be an https address without query and fragment, and without a slash at its end."
  }
}

variable "secrets" {
  description = "Secrets of stack.yaml that are used here: user-service, analytics, crm. Each is made without a value, which people put there."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for key in var.secrets : contains(keys(try(yamldecode(file("${path.module}/../stack.yaml")).secrets, {})), key)])
    error_message = "secrets may only name secrets of stack.yaml."
  }
}

variable "restrict_sender" {
  description = "Let functions mail as the one sender alone, whatever else the identity covers (`ses:FromAddress`). Off only where IAM doesn't know that key."
  type        = bool
  default     = true
  nullable    = false
}

variable "deletion_protection" {
  description = "Make AWS refuse to delete the user pool and the table. Turn it off only on the way to destroying a deployment that is not prod."
  type        = bool
  default     = true
  nullable    = false

  validation {
    condition     = var.deletion_protection || !startswith(var.environment, "prod")
    error_message = "deletion_protection must stay on in an environment whose name begins with prod: it holds people."
  }
}

variable "tags" {
  description = "Tags for everything, beside Project and Environment."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:") && !contains(["Project", "Environment"], key)])
    error_message = "tags must not begin with aws:, nor be Project or Environment, which are set here."
  }
}
