# As in envs/dev: the endpoint comes from AWS_ENDPOINT_URL, and the lab has no instance metadata and
# knows no list of regions.
provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]

  s3_use_path_style           = var.lab
  skip_credentials_validation = var.lab
  skip_metadata_api_check     = var.lab
  skip_region_validation      = var.lab

  default_tags {
    tags = {
      Environment = "${var.prefix}-bootstrap"
      ManagedBy   = "terraform"
      Project     = "hitless"
    }
  }
}
