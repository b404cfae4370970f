"""Measures containers from a container beside them, for a rig that cannot reach their control groups itself.

It runs in the engine's machine, where the files are, by the Python of Lambda's runtime image, which has
nothing but the standard library: so all that is imported here is plain Python. A line of JSON asks, a line
answers.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from harness.sandbox.limits.container_cgroup import ContainerCgroup


class Desk:
    """The open meters, by their containers."""

    def __init__(self) -> None:
        self._meters: dict[str, ContainerCgroup] = {}

    def serve(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked; what the kernel refuses is an answer too."""
        try:
            return self._do(**request)
        except (OSError, KeyError) as exc:
            return {"error": str(exc)}

    def _do(self, *, verb: str, container: str, **settings: int) -> dict[str, Any]:
        match verb:
            case "open":
                self._meters[container] = ContainerCgroup(container, **settings)
            case "begin":
                self._meters[container].begin()
            case "end":
                return asdict(self._meters[container].end())
            case "close":
                self._meters.pop(container).close()
        return {}


def main() -> None:
    """Answer until nobody asks any more."""
    desk = Desk()
    print("ready", flush=True)  # noqa: T201  what the rig waits for
    for line in sys.stdin:
        print(json.dumps(desk.serve(json.loads(line))), flush=True)  # noqa: T201  the answer


if __name__ == "__main__":
    main()
