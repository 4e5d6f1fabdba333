# For `terraform init -backend-config=environments/prod.backend.hcl`: where the state of this
# deployment is kept. `terraform output -raw backend_config` in bootstrap/ gives the first two lines.
bucket = "vestibule-state-123456789012-us-east-1"
region = "us-east-1"
key    = "vestibule/prod.tfstate"
