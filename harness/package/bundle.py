"""Makes one file of a Node.js function and the plain JavaScript that it requires.

At each cold start Node.js would find, read and compile hundreds of files of the AWS SDK. The start of the
sharp contender (SDK, client and sharp) took 372 ms of CPU time so, 335 as one ES module, minified no less,
and 219 as one CommonJS file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from harness import process
from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from harness.package.function import FunctionFolder
    from harness.package.node_modules import Module

_SCRIPTS: Final = frozenset({".js", ".mjs", ".cjs"})


class BundleFailedError(ThumbrigError):
    """Raised when esbuild cannot make one file of a function; ends with its last lines."""

    def __init__(self, function: FunctionFolder, output: str) -> None:
        super().__init__(f"{function.description}: {function.bundler} cannot bundle the handler:\n{output}")


def bundle(
    function: FunctionFolder, modules: Sequence[Module], *, folder: Path, tools: Path
) -> tuple[dict[str, Path], list[Module]]:
    """Bundle the handler that lies in `folder`; return the function's files, and the packages still needed.

    A package with compiled code finds it by its own place, so it stays a package, with all that it requires.
    """
    own = function.files()
    entry = next(name for name in function.family.handler_files(function.handler) if name in own)
    bundled = tools / "bundle.cjs"
    resources = {name: path for name, path in own.items() if path.suffix not in _SCRIPTS}
    # What every runtime client looks for first, and some only. Beside a package.json it could be taken for an
    # ES module.
    ending = ".cjs" if "package.json" in resources else ".js"
    left = _not_bundled(modules)
    # Relative to the folder: the paths are in the file's comments.
    _esbuild(function, entry, bundled, left, folder=folder, tools=tools)
    return resources | {f"{entry.rpartition('.')[0]}{ending}": bundled}, left


def _esbuild(  # noqa: PLR0913  three folders of one command
    function: FunctionFolder, entry: str, bundled: Path, left: Sequence[Module], *, folder: Path, tools: Path
) -> None:
    version = function.runtime.removeprefix("nodejs").removesuffix(".x")
    # The program itself: npm ran no script that would put it in the place of esbuild's wrapper.
    (program,) = tools.glob("node_modules/@esbuild/*/bin/esbuild")
    command = [str(program), entry, "--bundle", "--platform=node", "--format=cjs", f"--target=node{version}"]
    command += [f"--external:{name}" for name in sorted({module.name for module in left})]
    command += [f"--outfile={bundled}", "--log-level=warning", "--log-override:empty-import-meta=error"]
    try:
        process.run(command, cwd=folder)
    except process.CommandFailedError as exc:
        # Its first line is the command.
        raise BundleFailedError(function, str(exc).partition("\n")[2]) from exc


def _not_bundled(modules: Sequence[Module]) -> list[Module]:
    native = {module.name for module in modules if module.is_native}
    needing = {module.name for module in modules if native & module.requires.keys()}
    wanted = native | needing
    while more := {name for module in modules if module.name in wanted for name in module.requires} - wanted:
        wanted |= more
    return [module for module in modules if module.name in wanted]
