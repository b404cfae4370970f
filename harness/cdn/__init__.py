"""A CloudFront edge on loopback, in front of the bucket of any local target."""
