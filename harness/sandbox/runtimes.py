"""How a function's process is started: in Python, in Node.js, or in an image of Lambda's own."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Final, Protocol

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from harness.package.function import runtime_family
from harness.package.host_node import host_node
from harness.package.platforms import Platform, host_platform
from harness.sandbox.function import DeployedFunction

_PROVIDED: Final = ("awslambdaric", "boto3")

_NODE_BOOTSTRAP: Final = Path(__file__).parent / "node" / "bootstrap.mjs"
# How Lambda's bootstrap divides a function's memory; the rest is for the process and native libraries.
_OLD_SPACE_PERCENT: Final = 90
_SEMI_SPACE_PERCENT: Final = 5

IMAGE_TASK_ROOT: Final = "/var/task"
IMAGE_TEMPORARY: Final = "/tmp"  # noqa: S108  the container's own, where Lambda has it


class Runtime(Protocol):
    """A runtime client, and how it is started."""

    def command(self, function: DeployedFunction) -> list[str]:
        """Build the command that serves the function's events."""

    def variables(self, function: DeployedFunction, runtime_folder: Path, /) -> dict[str, str]:
        """Build the environment variables that this runtime adds to Lambda's own."""


class PythonRuntime:
    """AWS's runtime client, from the packages that the rig itself has installed.

    A function must find what Lambda gives it (awslambdaric and boto3) and what its package brings, and
    nothing of the rig's own environment: what is missing from a package must be missing here too. So the
    interpreter starts without its site-packages, and a folder of links holds just those two libraries and
    what they require.
    """

    def command(self, function: DeployedFunction) -> list[str]:
        """Run the client with the handler as its argument."""
        return [interpreter(), "-S", "-m", "awslambdaric", function.handler]

    def variables(self, function: DeployedFunction, runtime_folder: Path) -> dict[str, str]:
        """Have Python see the package first, then the runtime."""
        return {
            "PYTHONPATH": f"{function.task_root}:{runtime_folder}",
            # The package's folder is read-only on Lambda: no start may profit from an earlier one's bytecode.
            "PYTHONDONTWRITEBYTECODE": "1",
        }


class NodeRuntime:
    """This machine's node, with a runtime client of the rig's own.

    AWS's own client for Node.js compiles a C++ module while it is installed. This one is plain JavaScript.
    Node finds a function's libraries from where its files lie, so there is nothing of the rig's to be hidden.
    The AWS SDK that Lambda brings is not here: a function that is to be the same tomorrow packages its own.
    """

    def command(self, function: DeployedFunction) -> list[str]:
        """Run the client in as much memory as Lambda's own start-up gives to JavaScript."""
        return [
            str(host_node().executable),
            f"--max-old-space-size={function.memory_mb * _OLD_SPACE_PERCENT // 100}",
            f"--max-semi-space-size={function.memory_mb * _SEMI_SPACE_PERCENT // 100}",
            str(_NODE_BOOTSTRAP),
        ]

    def variables(self, _function: DeployedFunction, runtime_folder: Path) -> dict[str, str]:
        """Have node find what a layer or the runtime itself would bring."""
        return {"NODE_PATH": f"/opt/nodejs/node_modules:{runtime_folder}/node_modules"}


class ImageRuntime:
    """Lambda's own runtime, where a function runs in its container image."""

    def command(self, _function: DeployedFunction) -> list[str]:
        """Name what Lambda itself starts; it takes the handler from the environment."""
        return ["/var/runtime/bootstrap"]

    def variables(self, _function: DeployedFunction, _runtime_folder: Path) -> dict[str, str]:
        """Say where things lie in the image; what else the image sets stays."""
        return {
            "LAMBDA_RUNTIME_DIR": "/var/runtime",
            "LAMBDA_TASK_ROOT": IMAGE_TASK_ROOT,
            "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin",
            "TMPDIR": IMAGE_TEMPORARY,
        }


_RUNTIMES: Final[Mapping[str, Runtime]] = {"python": PythonRuntime(), "nodejs": NodeRuntime()}


class OnThisMachine:
    """What the limiters share that run functions in this machine's own Python and Node.js."""

    def platform(self, runtime: str) -> Platform:
        """Describe this machine: its version of the language stands in for the one that was declared."""
        return host_platform(runtime_family(runtime).name)

    def runtime(self, name: str) -> Runtime:
        """Return this machine's runtime for one like `python3.13`."""
        return _RUNTIMES[runtime_family(name).name]


def link_runtimes(folder: Path) -> None:
    """Give each runtime a folder of its own below `folder`, ahead of any cold start."""
    for name in _RUNTIMES:
        (folder / name).mkdir(parents=True)
    # Node.js needs no library there.
    for distribution in _with_requirements(_PROVIDED):
        for entry in _top_level_entries(distribution):
            link = folder / "python" / entry.name
            if not link.exists():
                link.symlink_to(entry)


def runtime_folder(runtime: str, folder: Path) -> Path:
    """Return the folder that `link_runtimes` gave to a runtime like `python3.13`."""
    return folder / runtime_family(runtime).name


def interpreter() -> str:
    """Return the Python that runs functions."""
    # A virtual environment's own executable would bring its site-packages back.
    return str(getattr(sys, "_base_executable", sys.executable))


def _with_requirements(names: tuple[str, ...]) -> Iterator[metadata.Distribution]:
    pending, seen = list(names), set[str]()
    while pending:
        name = canonicalize_name(pending.pop())
        if name in seen:
            continue
        seen.add(name)
        distribution = metadata.distribution(name)
        yield distribution
        requirements = map(Requirement, distribution.requires or [])
        pending += [
            required.name
            for required in requirements
            if required.marker is None or required.marker.evaluate({"extra": ""})
        ]


def _top_level_entries(distribution: metadata.Distribution) -> set[Path]:
    names = {file.parts[0] for file in distribution.files or [] if file.parts[0] not in {"..", "__pycache__"}}
    return {Path(str(distribution.locate_file(name))) for name in names}
