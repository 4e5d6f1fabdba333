provider "aws" {
  region = var.region

  default_tags {
    tags = merge(var.tags, {
      Project     = local.stack.name
      Environment = "${var.environment}${var.environment_suffix}"
    })
  }
}
