"""Runs the demo until Ctrl-C: a target, a pipeline in it, an edge in front, and the page."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import webbrowser
from collections.abc import Iterator
from typing import Any, Final

import click
from aiohttp import web

from harness.cdn.distribution import read_distribution
from harness.cdn.edge import edge
from harness.cdn.source import Source, read_source
from harness.demo.actions import Actions
from harness.demo.feed import EdgeFacts, Feed
from harness.demo.follow import RunningPipeline
from harness.demo.server import PageServer
from harness.demo.state import Photos
from harness.deployment import Deployment
from harness.e2e import Run
from harness.observe.outcome import DeployedApplication
from harness.observe.viewer import Viewer
from harness.run_folder import PortTakenError, free_port
from harness.targets.base import Target

# Pages that are open do not delay the end.
_SHUTDOWN_SECONDS: Final = 0.5
_MISSING: Final = 403


def run_demo(run: Run, *, port: int | None, opens: bool) -> None:
    """Serve the page until Ctrl-C, which stops everything."""
    # Before anything is started for it.
    port = free_port(port)
    with run.target() as target, _pipeline(target.deploy()) as pipeline:
        feed = Feed()
        facts = EdgeFacts(pipeline.edge, feed)
        photos = Photos(on_change=lambda photo: feed.publish("photo", photo.to_json()))
        actions = Actions(pipeline, photos, facts)
        server = PageServer(actions, photos, feed, facts, known=_known(run, target, pipeline))
        asyncio.run(_serve(server, port, opens=opens))
    click.echo("thumbrig: everything is stopped")


@contextlib.contextmanager
def _pipeline(deployment: Deployment) -> Iterator[RunningPipeline]:
    with edge(deployment) as running, Viewer(running) as viewer:
        yield RunningPipeline(
            application=DeployedApplication(deployment, edge=running),
            edge=running,
            viewer=viewer,
            remembered_seconds=_remembered_seconds(deployment),
        )


def _remembered_seconds(deployment: Deployment) -> float:
    distribution = read_distribution(read_source(deployment.aws, Source.of(deployment)))
    return distribution.error_rule(_MISSING).minimum_seconds


def _known(run: Run, target: Target, pipeline: RunningPipeline) -> dict[str, Any]:
    deployment = pipeline.application.deployment
    deployed = deployment.aws.client("lambda").get_function_configuration(
        FunctionName=deployment.function_name
    )
    return {
        "target": target.name,
        "function": f"{run.function.name}, {deployed['Runtime']}",
        "memory": f"{deployed['MemorySize']:,} MB",
        "limits": target.limits[:1].upper() + target.limits[1:],
        "bucket": deployment.bucket,
        "edge_url": pipeline.edge.url,
        "distribution_id": pipeline.edge.distribution_id,
    }


async def _serve(server: PageServer, port: int, *, opens: bool) -> None:
    runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        url = await _listen(runner, port)
        click.echo(f"{url}  shows the pipeline at work; Ctrl-C stops everything")
        if opens:
            webbrowser.open(url)
        await _until_stopped()
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, port: int) -> str:
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
    except OSError as exc:
        raise PortTakenError(port) from exc
    return f"http://127.0.0.1:{runner.addresses[0][1]}/"


async def _until_stopped() -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    await ended.wait()
