"""The rig's commands: each checks what a person typed before anything starts."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict, Unpack

import click

from harness import e2e
from harness.console import Commands
from harness.package.build import build, save
from harness.package.function import FunctionFolder
from harness.package.platforms import Architecture, lambda_platform
from harness.package.probe import require_sound
from harness.parity.run import run_parity
from harness.sandbox.limits.base import Cpu

PROJECT = Path(__file__).parent.parent
_CACHE = PROJECT / ".cache" / "packages"


@click.group(cls=Commands)
@click.option("--verbose", is_flag=True, help="Log each command that the rig runs.")
def main(*, verbose: bool) -> None:
    """Thumbrig: a local test rig for a cloud thumbnail pipeline."""
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.WARNING, format="%(name)s: %(message)s", stream=sys.stderr
    )
    # botocore's debugging is louder than all the rest together.
    for name in ("botocore", "boto3", "s3transfer", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)


class _TargetOptions(TypedDict):
    function: Path
    target_name: e2e.TargetName
    endpoint: str | None
    port: int | None
    limiter: str | None
    cpu: Cpu


def _target_options(*, port_of: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that adds the options for what runs where."""
    options = (
        click.option(
            "--function",
            "function",
            type=Path,
            default=PROJECT / "resizer",
            help="Folder of the function to run.",
        ),
        click.option(
            "--target",
            "target_name",
            type=click.Choice(["embedded", "localstack"]),
            default="embedded",
            show_default=True,
            help="Where to run the pipeline; localstack needs Docker.",
        ),
        click.option(
            "--endpoint", help="Address of a LocalStack that is already running, by `docker compose up`."
        ),
        click.option(
            "--port", type=click.IntRange(1, 65535), help=f"Port of the {port_of}; by default a free one."
        ),
        click.option(
            "--limiter", help="How to limit the functions' memory; by default the strictest that works here."
        ),
        click.option(
            "--cpu",
            type=click.Choice(["lambda", "unshaped"]),
            default="unshaped",
            show_default=True,
            help="Give functions the CPU share that Lambda would, or the whole machine.",
        ),
    )

    def add(command: Callable[..., None]) -> Callable[..., None]:
        # Decorators apply from the last to the first, and the help lists the options in this order.
        for option in reversed(options):
            command = option(command)
        return command

    return add


@main.command("e2e", context_settings={"ignore_unknown_options": True})
@_target_options(port_of="emulator")
@click.option("--photo", type=Path, help="Run this photo only, and write its thumbnail beside it.")
@click.option("--results", type=Path, help="Write the outcome of each scenario to this JSON file.")
@click.argument("pytest_arguments", nargs=-1, type=click.UNPROCESSED)
def end_to_end(
    *,
    photo: Path | None,
    results: Path | None,
    pytest_arguments: tuple[str, ...],
    **options: Unpack[_TargetOptions],
) -> None:
    """Run the scenarios (or one photo) on a target; other arguments go to pytest."""
    run = _run(**options)
    if photo:
        # Only this command and `timeline` draw and watch.
        from harness.photo import run_photo  # noqa: PLC0415

        run_photo(run, photo)
    else:
        sys.exit(e2e.run_scenarios(run, PROJECT / "scenarios", pytest_arguments, results=results))


@main.command("parity")
@click.option(
    "--output",
    type=Path,
    default=PROJECT / "docs" / "parity.md",
    show_default="docs/parity.md",
    help="The page.",
)
def compare_targets(*, output: Path) -> None:
    """Run the scenarios on each local target, and write a page that compares them."""
    run_parity(output)


@main.command("timeline")
@click.argument("photo", type=Path)
@_target_options(port_of="emulator")
@click.option(
    "--output",
    type=Path,
    default=PROJECT / "reports" / "timeline",
    show_default="reports/timeline",
    help="Folder for the JSON and the plots.",
)
def timeline(*, photo: Path, output: Path, **options: Unpack[_TargetOptions]) -> None:
    """Show each step of a photo and its time, from its PUT to its thumbnail at the CDN's edge."""
    # Only this command draws.
    from harness.photo import run_timeline  # noqa: PLC0415  see above

    run_timeline(_run(**options), photo, output)


@main.command("demo")
@_target_options(port_of="page")
@click.option("--open", "opens", is_flag=True, help="Open the page in a browser.")
def demo(*, opens: bool, **options: Unpack[_TargetOptions]) -> None:
    """Serve a page that shows the pipeline at work: uploads, thumbnails, and what the edge answers."""
    # Only this command serves a page.
    from harness.demo.run import run_demo  # noqa: PLC0415  see above

    page_port, options["port"] = options["port"], None
    run_demo(_run(**options), port=page_port, opens=opens)


def _run(**options: Unpack[_TargetOptions]) -> e2e.Run:
    _check_target(
        options["target_name"], endpoint=options["endpoint"], port=options["port"], limiter=options["limiter"]
    )
    return e2e.Run(
        function=FunctionFolder.load(options["function"]),
        port=options["port"],
        cache=_CACHE,
        limiter=options["limiter"],
        cpu=options["cpu"],
        target_name=options["target_name"],
        endpoint=options["endpoint"],
    )


def _check_target(
    target_name: e2e.TargetName, *, endpoint: str | None, port: int | None, limiter: str | None
) -> None:
    if endpoint and target_name != "localstack":
        raise click.UsageError("--endpoint is an address of LocalStack: give --target localstack with it")
    if endpoint and port:
        raise click.UsageError("--port is for a LocalStack that the rig starts; leave it out with --endpoint")
    if limiter and target_name != "embedded":
        raise click.UsageError(
            "--limiter is for the embedded target; on localstack, Docker limits the functions"
        )


@main.command("package")
@click.argument("folder", type=Path)
@click.option("--architecture", type=click.Choice(["x86_64", "arm64"]), default="x86_64", show_default=True)
@click.option("--output", type=Path, required=True, help="Path of the zip.")
def package(*, folder: Path, architecture: Architecture, output: Path) -> None:
    """Package a function folder for Lambda, and check that it will load there."""
    function = FunctionFolder.load(folder)
    platform = lambda_platform(function.runtime, architecture)
    built = build(function, platform, cache=_CACHE)
    require_sound(built.path, platform, function.handler)
    save(built, output)
    click.echo(
        f"{output}: {built.zip_bytes:,} bytes, {built.unzipped_bytes:,} unzipped, sound for {platform}\n"
        f"sha256 {built.sha256}"
    )
