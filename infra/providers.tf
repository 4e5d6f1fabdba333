locals {
  tags = merge(var.tags, {
    Project     = local.stack.name
    Environment = "${var.environment}${var.environment_suffix}"
  })
}

provider "aws" {
  region = var.region

  default_tags {
    tags = local.tags
  }
}

# CloudFront takes certificates and firewalls from here alone, wherever the rest lives.
provider "aws" {
  alias  = "us_east_1"
  region = "us-east-1"

  default_tags {
    tags = local.tags
  }
}
