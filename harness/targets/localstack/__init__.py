"""LocalStack by Docker Compose: how it is started, looked at and repaired."""
