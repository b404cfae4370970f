"""LocalStack runs this file in its own process as it starts."""

import sys

# Where docker-compose.yml mounts the rig's modules.
sys.path.append("/opt/thumbrig")

from harness.targets.localstack.inside.install import install

install()
