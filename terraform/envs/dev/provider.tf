# One configuration for AWS and for the lab: the endpoint comes from AWS_ENDPOINT_URL, as for every
# other SDK. The lab has no instance metadata and knows no list of regions, hence the switches.
provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]

  s3_use_path_style           = var.lab
  skip_credentials_validation = var.lab
  skip_metadata_api_check     = var.lab
  skip_region_validation      = var.lab

  default_tags {
    tags = {
      Environment = var.name
      ManagedBy   = "terraform"
      Project     = "hitless"
    }
  }
}
