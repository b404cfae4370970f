"""What runs inside LocalStack's own process: limits, measurements and repairs that it has no setting for.

docker-compose.yml mounts the rig's `harness` there; `start.py` is run by LocalStack as it starts. Here only
Python's own library, LocalStack's packages and those modules of the rig may be imported that need no more.
"""
