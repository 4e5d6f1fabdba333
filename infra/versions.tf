terraform {
  # 1.10 brings the lock that S3 itself holds; OpenTofu has it from the same version on.
  required_version = ">= 1.10"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # The rest comes from `terraform init -backend-config=FILE`: see bootstrap/README.md.
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}
