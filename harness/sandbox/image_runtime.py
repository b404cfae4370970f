"""Lambda's own runtime, where a function runs in its container image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from harness.sandbox.function import DeployedFunction

TASK_ROOT: Final = "/var/task"
TEMPORARY: Final = "/tmp"  # noqa: S108  the container's own, where Lambda has it


def link_runtime(folder: Path) -> None:
    """Make the folder; all that the runtime provides is in the image."""
    folder.mkdir(parents=True)


def command(_function: DeployedFunction) -> list[str]:
    """Name what Lambda itself starts; it takes the handler from the environment."""
    return ["/var/runtime/bootstrap"]


def variables(_function: DeployedFunction, _runtime_folder: Path) -> dict[str, str]:
    """Say where things lie in the image; what else the image sets stays."""
    return {
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "LAMBDA_TASK_ROOT": TASK_ROOT,
        "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin",
        "TMPDIR": TEMPORARY,
    }
