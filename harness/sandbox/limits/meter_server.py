"""Measures containers from a container beside them, for a rig that cannot reach their control groups itself.

It runs in the engine's machine, where the files are, by the Python of Lambda's runtime image, which has
nothing but the standard library: so all that is imported here is plain Python. Each line of JSON that it
reads is a request, each line that it writes the answer.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from harness.sandbox.limits.container_cgroup import folders_by_process, open_meter

if TYPE_CHECKING:
    from harness.sandbox.limits.meter import Meter


class MeterServer:
    """The open meters, by their containers."""

    def __init__(self) -> None:
        self._meters: dict[str, Meter] = {}

    def serve(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked; an error from the kernel is an answer too."""
        try:
            return self._do(**request)
        except (OSError, KeyError) as exc:
            return {"error": str(exc)}

    def _do(self, *, verb: str, container: str, process_id: int = 0, limit_bytes: int = 0) -> dict[str, Any]:
        match verb:
            case "open":
                folders = folders_by_process(container, process_id)
                self._meters[container] = open_meter(folders, limit_bytes=limit_bytes)
            case "begin":
                self._meters[container].begin()
            case "end":
                return asdict(self._meters[container].end())
            case "close":
                # It stays: an invocation that is stopped halfway still asks for its usage.
                self._meters[container].close()
        return {}


def main() -> None:
    """Answer until the requests end."""
    server = MeterServer()
    print("ready", flush=True)  # noqa: T201  what the rig waits for
    for line in sys.stdin:
        print(json.dumps(server.serve(json.loads(line))), flush=True)  # noqa: T201  the answer


if __name__ == "__main__":
    main()
