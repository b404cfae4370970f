"""Lambda's Node.js runtime: this machine's node, with a runtime client of the rig's own.

AWS's own client for Node.js compiles a C++ module while it is installed. This one is plain JavaScript, in
`node/bootstrap.mjs`. Node finds a function's libraries from where its files lie, so there is nothing of the
rig's to be hidden. The AWS SDK that Lambda brings is not here: a function that is to be the same tomorrow
packages its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.package.host_node import host_node

if TYPE_CHECKING:
    from harness.sandbox.function import DeployedFunction

_BOOTSTRAP = Path(__file__).parent / "node" / "bootstrap.mjs"

# How Lambda's bootstrap divides a function's memory: the rest is for the process itself and native libraries.
_OLD_SPACE_PERCENT = 90
_SEMI_SPACE_PERCENT = 5


def link_runtime(folder: Path) -> None:
    """Make the folder; only libraries would lie in it, and there are none."""
    folder.mkdir(parents=True)


def command(function: DeployedFunction) -> list[str]:
    """Build the command that runs a function in the runtime client."""
    return [
        str(host_node().executable),
        f"--max-old-space-size={function.memory_mb * _OLD_SPACE_PERCENT // 100}",
        f"--max-semi-space-size={function.memory_mb * _SEMI_SPACE_PERCENT // 100}",
        str(_BOOTSTRAP),
    ]


def variables(_function: DeployedFunction, runtime_folder: Path) -> dict[str, str]:
    """Build the variables by which node finds what a layer or the runtime itself would bring."""
    return {"NODE_PATH": f"/opt/nodejs/node_modules:{runtime_folder}/node_modules"}
