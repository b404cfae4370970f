"""The project's commands. `nox -l` lists them."""

from __future__ import annotations

import sys
import tomllib
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
# Versions that the rig is tested with, for repeatable runs. What the function itself installs is pinned in
# resizer/function.toml. Made anew by `nox -s constraints`."""

# An interrupted run stops what it started before it ends; nox would kill it after 0.3 s.
PATIENCE_SECONDS = 10.0


@nox.session
def e2e(session: nox.Session) -> None:
    """Run the scenarios end to end; `-- --photo FILE` takes yours, `-- --target localstack` LocalStack."""
    install(session, "e2e")
    session.run("python", "-m", "harness", "e2e", *session.posargs, interrupt_timeout=PATIENCE_SECONDS)


@nox.session
def timeline(session: nox.Session) -> None:
    """Show what happens to a photo of yours, and when: `-- PHOTO`."""
    install(session, "timeline")
    session.run("python", "-m", "harness", "timeline", *session.posargs, interrupt_timeout=PATIENCE_SECONDS)


@nox.session
def demo(session: nox.Session) -> None:
    """Show the pipeline and its CDN edge on a page of this machine; `-- --open` opens it."""
    install(session, "e2e")
    session.run("python", "-m", "harness", "demo", *session.posargs, interrupt_timeout=PATIENCE_SECONDS)


@nox.session
def gap(session: nox.Session) -> None:
    """Measure the ways over the gap between upload and thumbnail: the table in docs/not-ready-yet.md."""
    install(session, "e2e")
    session.run("python", "-m", "scenarios.gap.measure", *session.posargs, interrupt_timeout=PATIENCE_SECONDS)


@nox.session
def parity(session: nox.Session) -> None:
    """Run the scenarios on each local target and write docs/parity.md; needs Docker."""
    install(session, "e2e")
    session.run("python", "-m", "harness", "parity", *session.posargs, interrupt_timeout=PATIENCE_SECONDS)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the unit tests: no network, no Docker."""
    install(session, "tests")
    session.run(
        "pytest", "-m", "not network and not docker", *session.posargs, interrupt_timeout=PATIENCE_SECONDS
    )


@nox.session
def containers(session: nox.Session) -> None:
    """Run the tests that start containers: they need a Docker engine and the runtime images."""
    install(session, "tests")
    session.run("pytest", "-m", "docker", *session.posargs, interrupt_timeout=PATIENCE_SECONDS)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the contenders under Lambda's limits: latency, memory, bytes, quality, cost."""
    install(session, "bench")
    session.run("python", "-m", "benchmarks", "bench", *session.posargs, interrupt_timeout=PATIENCE_SECONDS)


@nox.session
def gate(session: nox.Session) -> None:
    """Hold the thumbnails to their baseline; `-- --accept "the reason"` takes them as the next."""
    install(session, "gate")
    command = ("python", "-m", "benchmarks", "gate", *session.posargs)
    try:
        session.run(*command, interrupt_timeout=PATIENCE_SECONDS)
    except nox.command.CommandFailed as failed:
        # nox ends with 1 whatever failed; here 1 is red, and 2 says that nothing could be judged.
        sys.exit(failed.return_code or 1)


@nox.session
def tune(session: nox.Session) -> None:
    """Search for encoder settings: bytes, SSIMULACRA2, CPU; `-- --apply` writes the pick as `tuned`."""
    install(session, "tune")
    session.run("python", "-m", "benchmarks", "tune", *session.posargs, interrupt_timeout=PATIENCE_SECONDS)


@nox.session
def sandbox(session: nox.Session) -> None:
    """Measure what the sandbox itself costs an invocation, and how true its peak is."""
    install(session, "bench")
    session.run("python", "-m", "benchmarks.studies.sandbox", *session.posargs)


@nox.session
def memory(session: nox.Session) -> None:
    """Measure what large pictures of each kind take, against what the function expects: minutes."""
    install(session, "bench")
    session.run(
        "python", "-m", "benchmarks.studies.memory", *session.posargs, interrupt_timeout=PATIENCE_SECONDS
    )


@nox.session
def engines(session: nox.Session) -> None:
    """Compare Pillow, libvips and `auto` at every picture: the table in docs/performance.md."""
    install(session, "e2e")
    session.run("python", "-m", "benchmarks.studies.engines", *session.posargs)


@nox.session
def edge(session: nox.Session) -> None:
    """Measure how many requests for a cached thumbnail the CDN edge serves (needs wrk)."""
    install(session, "e2e")
    session.run(
        "python", "-m", "benchmarks.studies.edge", *session.posargs, interrupt_timeout=PATIENCE_SECONDS
    )


@nox.session
def package(session: nox.Session) -> None:
    """Package a function folder for Lambda: `-- FOLDER --output FILE`."""
    install(session, "e2e")
    session.run("python", "-m", "harness", "package", *session.posargs)


@nox.session
def packages(session: nox.Session) -> None:
    """Run the tests that build packages from an index, for this machine and for Lambda."""
    install(session, "tests")
    session.run("pytest", "-m", "network", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, types and the template."""
    install(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy", ".")
    session.run("lint-imports")
    session.run("cfn-lint", "infra/template.yaml")


@nox.session
def constraints(session: nox.Session) -> None:
    """Take the newest versions of all that the rig needs into constraints.txt."""
    session.install("uv")
    compiled = session.run(
        *("uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
        *("--no-annotate", "--no-header", "--group", "lint", "pyproject.toml"),
        silent=True,
    )
    pinned = {requirement.split("==")[0].lower() for requirement in function_requirements()}
    versions = [line for line in str(compiled).splitlines() if line.split("==")[0] not in pinned]
    CONSTRAINTS.write_text("\n".join([CONSTRAINTS_HEADER, *versions]) + "\n")


def install(session: nox.Session, group: str) -> None:
    """Install the rig, a dependency group, and the very libraries that the function pins."""
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
