"""The project's commands: `use` them, `check` a change, or repeat a `study` from docs/.

`nox -s NAME -- OPTIONS` runs one, `nox -s NAME -- --help` lists its options, `nox -t check` runs all checks
except those that need Docker.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import nox
import nox.command

HERE = Path(__file__).parent
PYPROJECT = nox.project.load_toml(HERE / "pyproject.toml")

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = True
nox.options.sessions = ["lint", "tests", "e2e"]

CONSTRAINTS = HERE / "constraints.txt"
CONSTRAINTS_HEADER = """\
# The versions that the rig is tested with, written by `nox -s constraints`.
# resizer/function.toml pins what the function itself installs."""

# An interrupted run stops what it started before it ends; nox would kill it after 0.3 s.
PATIENCE_SECONDS = 10.0

# A worker that runs out of tests takes some from another: the tests are of very different lengths.
IN_PARALLEL = ("--numprocesses", "logical", "--dist", "worksteal")
NO_TESTS_SELECTED = 5


@nox.session(tags=["use"])
def e2e(session: nox.Session) -> None:
    """Run the scenarios end to end; `-- --photo FILE` takes your photo, `--target localstack` LocalStack."""
    run(session, "e2e", "python", "-m", "harness", "e2e")


@nox.session(tags=["use"])
def demo(session: nox.Session) -> None:
    """Serve a local page that shows the pipeline and its CDN edge; `-- --open` opens it."""
    run(session, "e2e", "python", "-m", "harness", "demo")


@nox.session(tags=["use"])
def timeline(session: nox.Session) -> None:
    """Show each step from your photo's upload to its thumbnail, and when it happened: `-- PHOTO`."""
    run(session, "timeline", "python", "-m", "harness", "timeline")


@nox.session(tags=["use"])
def package(session: nox.Session) -> None:
    """Package a function folder for Lambda: `-- FOLDER --output FILE`."""
    run(session, "e2e", "python", "-m", "harness", "package")


@nox.session(tags=["use"])
def bench(session: nox.Session) -> None:
    """Compare engines under Lambda's limits: latency, memory, bytes, quality, cost."""
    run(session, "bench", "python", "-m", "benchmarks", "bench")


@nox.session(tags=["use"])
def tune(session: nox.Session) -> None:
    """Search for the best encoder settings; `-- --apply` writes the pick as the profile `tuned`."""
    run(session, "tune", "python", "-m", "benchmarks", "tune")


@nox.session(tags=["use"])
def gate(session: nox.Session) -> None:
    """Compare the thumbnails with their baseline; `-- --accept "the reason"` makes them the new one."""
    try:
        run(session, "gate", "python", "-m", "benchmarks", "gate")
    except nox.command.CommandFailed as failed:
        # nox ends with 1 whatever failed; here 1 is red, and 2 says that nothing could be judged.
        sys.exit(failed.return_code or 1)


@nox.session(tags=["check"])
def lint(session: nox.Session) -> None:
    """Check style, layers, the template and types."""
    install(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")
    session.run("cfn-lint", "infra/template.yaml")
    session.run("mypy", ".")


@nox.session(tags=["check"])
def tests(session: nox.Session) -> None:
    """Run the tests that start nothing; they need no network and no Docker."""
    run(session, "tests", "pytest", *IN_PARALLEL, "-m", "not integration and not network and not docker")


@nox.session(tags=["check"])
def integration(session: nox.Session) -> None:
    """Run the tests that start commands, servers or a browser, or make large pictures."""
    # Options after `--` may select nothing in one half.
    codes = (0, NO_TESTS_SELECTED) if session.posargs else (0,)
    started = "integration and not network and not docker"
    run(session, "tests", "pytest", *IN_PARALLEL, "-m", f"{started} and not serial", success_codes=codes)
    run(session, "tests", "pytest", "-m", f"{started} and serial", success_codes=codes)


@nox.session(tags=["check"])
def network(session: nox.Session) -> None:
    """Run the tests that download libraries and build packages of them."""
    run(session, "tests", "pytest", *IN_PARALLEL, "-m", "network")


@nox.session
def containers(session: nox.Session) -> None:
    """Run the tests that start containers; they need Docker and the runtime images."""
    run(session, "tests", "pytest", "-m", "docker")


@nox.session(tags=["study"])
def engines(session: nox.Session) -> None:
    """Compare Pillow, libvips and `auto` at every picture: a table in docs/performance.md."""
    run(session, "e2e", "python", "-m", "benchmarks", "engines")


@nox.session(tags=["study"])
def sandbox(session: nox.Session) -> None:
    """Measure what the sandbox adds to an invocation, and how accurate its peak memory is."""
    run(session, "bench", "python", "-m", "benchmarks", "sandbox")


@nox.session(tags=["study"])
def memory(session: nox.Session) -> None:
    """Measure how much memory large pictures take, beside the function's estimate; takes minutes."""
    run(session, "bench", "python", "-m", "benchmarks", "memory")


@nox.session(tags=["study"])
def edge(session: nox.Session) -> None:
    """Measure how many requests for a cached thumbnail the CDN edge serves; needs wrk."""
    run(session, "e2e", "python", "-m", "benchmarks", "edge")


@nox.session(tags=["study"])
def gap(session: nox.Session) -> None:
    """Measure the ways over the gap between upload and thumbnail: the table in docs/not-ready-yet.md."""
    run(session, "e2e", "python", "-m", "benchmarks", "gap")


@nox.session(tags=["study"])
def parity(session: nox.Session) -> None:
    """Run the scenarios on each local target and write docs/parity.md; needs Docker."""
    run(session, "e2e", "python", "-m", "harness", "parity")


@nox.session
def constraints(session: nox.Session) -> None:
    """Write the newest versions of the rig's libraries into constraints.txt."""
    session.install("uv")
    compiled = session.run(
        *("uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
        *("--no-annotate", "--no-header", "--group", "lint", "pyproject.toml"),
        silent=True,
    )
    pinned = {requirement.split("==")[0].lower() for requirement in function_requirements()}
    versions = [line for line in str(compiled).splitlines() if line.split("==")[0] not in pinned]
    CONSTRAINTS.write_text("\n".join([CONSTRAINTS_HEADER, *versions]) + "\n")


def run(session: nox.Session, group: str, *command: str, success_codes: Sequence[int] = (0,)) -> None:
    """Install a dependency group and run a command with the options after `--`."""
    install(session, group)
    session.run(*command, *session.posargs, success_codes=success_codes, interrupt_timeout=PATIENCE_SECONDS)


def install(session: nox.Session, group: str) -> None:
    """Install the rig's libraries, a dependency group, and the libraries that the function pins."""
    session.install(
        *PYPROJECT["project"]["dependencies"],
        *nox.project.dependency_groups(PYPROJECT, group),
        *function_requirements(),
        "--constraint",
        str(CONSTRAINTS),
    )


def function_requirements() -> list[str]:
    """Read the function's pins from the one place that has them."""
    function = tomllib.loads((HERE / "resizer" / "function.toml").read_text())
    requirements: list[str] = function["package"]["requirements"]
    return requirements
