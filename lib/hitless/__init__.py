"""Small verbs over boto3 that change a running ECS-on-EC2 service without one failed request."""
