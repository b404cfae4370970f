"""Runs the demo: a target, a pipeline in it, an edge in front, and the page, until somebody ends it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import webbrowser
from typing import TYPE_CHECKING, Any, Final

import click
from aiohttp import web

from harness.cdn.distribution import read_distribution
from harness.cdn.edge import edge
from harness.cdn.source import Source, read_source
from harness.demo.desk import Desk
from harness.demo.edge_facts import EdgeFacts
from harness.demo.feed import Feed
from harness.demo.samples import samples
from harness.demo.server import PageServer
from harness.demo.stage import Stage
from harness.observe.application import DeployedApplication
from harness.observe.viewer import Browser
from harness.run_folder import PortTakenError, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.deployment import Deployment
    from harness.e2e import Run
    from harness.targets.base import Target

# Pages that are open do not delay the end.
_SHUTDOWN_SECONDS: Final = 0.5
_MISSING: Final = 403


def run_demo(run: Run, *, port: int | None, opens: bool) -> None:
    """Serve the page until Ctrl-C; then nothing is left."""
    # Before anything is started for it.
    port = free_port(port)
    with run.target() as target, _stage(target.deploy()) as stage:
        feed = Feed()
        facts = EdgeFacts(stage.edge, feed)
        desk = Desk(stage, facts, told=lambda card: feed.publish("card", card.to_json()))
        server = PageServer(desk, feed, facts, known=_known(run, target, stage), samples=samples())
        asyncio.run(_serve(server, port, opens=opens))
    click.echo("thumbrig: everything is stopped")


@contextlib.contextmanager
def _stage(deployment: Deployment) -> Iterator[Stage]:
    with edge(deployment) as running, Browser(running.ca_certificate) as browser:
        yield Stage(
            deployment=deployment,
            application=DeployedApplication(deployment, edge=running),
            edge=running,
            browser=browser,
            remembered_seconds=_remembered_seconds(deployment),
        )


def _remembered_seconds(deployment: Deployment) -> float:
    distribution = read_distribution(read_source(deployment.aws, Source.of(deployment)))
    return distribution.error_rule(_MISSING).minimum_seconds


def _known(run: Run, target: Target, stage: Stage) -> dict[str, Any]:
    deployed = stage.deployment.aws.client("lambda").get_function_configuration(
        FunctionName=stage.deployment.function_name
    )
    return {
        "target": target.name,
        "function": f"{run.function.name}, {deployed['Runtime']}",
        "memory": f"{deployed['MemorySize']:,} MB",
        "limits": target.limits[:1].upper() + target.limits[1:],
        "bucket": stage.deployment.bucket,
        "edge_url": stage.edge.url,
        "distribution_id": stage.edge.distribution_id,
    }


async def _serve(server: PageServer, port: int, *, opens: bool) -> None:
    runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        url = await _listen(runner, port)
        click.echo(f"{url}  shows the pipeline at work; Ctrl-C ends everything")
        if opens:
            webbrowser.open(url)
        await _told_to_end()
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, port: int) -> str:
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
    except OSError as exc:
        raise PortTakenError(port) from exc
    return f"http://127.0.0.1:{runner.addresses[0][1]}/"


async def _told_to_end() -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    await ended.wait()
