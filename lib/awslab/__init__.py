"""An AWS that keeps time: a loopback endpoint for real Terraform, boto3 and HTTP traffic."""
