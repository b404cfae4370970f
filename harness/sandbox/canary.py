"""Proves that the limiter limits: one function that needs a little less than it has, one that needs more."""

from __future__ import annotations

import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from harness.errors import ThumbrigError
from harness.sandbox.environment import Environment
from harness.sandbox.function import OWN_RUNTIME, bare_function
from harness.sandbox.invocation import Invocation, InvocationStatus
from harness.sandbox.limits.base import BYTES_PER_MB, Confinement
from harness.sandbox.logs import Silence

_log = logging.getLogger(__name__)

MEMORY_MB: Final = 512
_MARGIN_MB: Final = 64
LIVES_MB: Final = MEMORY_MB - _MARGIN_MB
DIES_MB: Final = MEMORY_MB + _MARGIN_MB
SEEN: Final = f"proved in this run: at {MEMORY_MB} MB, {LIVES_MB} MB lives and {DIES_MB} MB dies"

# MAP_POPULATE takes all pages in one call; without it (macOS) each takes a page fault of its own. The
# function that must die holds on for a while: a watchdog needs the time of a few looks.
SOURCE = """
import mmap, time

def handle(event, context):
    populate = getattr(mmap, "MAP_POPULATE", 0)
    with mmap.mmap(-1, event["bytes"], flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | populate) as memory:
        if not populate:
            for offset in range(0, len(memory), mmap.PAGESIZE):
                memory[offset] = 1
        time.sleep(event["hold_seconds"])
"""


class LimitNotEnforcedError(ThumbrigError):
    """Raised when the limiter lets a function past its limit, or kills one within it."""

    def __init__(self, limiter: str, expected: str, ending: str) -> None:
        super().__init__(
            f"limiter {limiter} does not hold functions to {MEMORY_MB} MB: expected that a function that "
            f"{expected}, but it ended with {ending}; name another limiter"
        )


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What the two functions showed, and how long it took."""

    limiter: str
    lived: Invocation
    died: Invocation
    seconds: float


def prove(confinement: Confinement, *, folder: Path, runtime_folder: Path) -> Proof:
    """Run both functions in environments like any other's; raises LimitNotEnforcedError.

    The CPU is left unshaped: the proof is of the memory, and a share would only make it take longer.
    """
    confinement = replace(confinement, cpu="unshaped")
    started = time.monotonic()
    task_root = folder / "task"
    task_root.mkdir(parents=True)
    (task_root / "index.py").write_text(SOURCE)
    runtime = confinement.limiter.platform(OWN_RUNTIME).runtime
    function = bare_function("canary", task_root, runtime=runtime, memory_mb=MEMORY_MB)

    def allocate(megabytes: int, *, hold_seconds: float) -> Invocation:
        environment = Environment(
            function,
            folder=folder / f"{megabytes}-mb",
            runtime_folder=runtime_folder,
            log=lambda _: Silence(),
            confinement=confinement,
        )
        event = {"bytes": megabytes * BYTES_PER_MB, "hold_seconds": hold_seconds}
        try:
            return environment.invoke(json.dumps(event).encode(), request_id=f"canary-{megabytes}-mb")
        finally:
            environment.stop()

    with ThreadPoolExecutor(max_workers=2) as pool:
        living = pool.submit(allocate, LIVES_MB, hold_seconds=0.0)
        dying = pool.submit(allocate, DIES_MB, hold_seconds=0.5)
    proof = Proof(
        limiter=confinement.limiter.name,
        lived=living.result(),
        died=dying.result(),
        seconds=time.monotonic() - started,
    )
    _judge(proof)
    _log.info("limiter %s is proved in %.2f s", proof.limiter, proof.seconds)
    return proof


def _judge(proof: Proof) -> None:
    if proof.lived.status is not InvocationStatus.SUCCESS:
        expected = f"allocates {LIVES_MB} MB lives"
        raise LimitNotEnforcedError(proof.limiter, expected, proof.lived.payload.decode(errors="replace"))
    if proof.died.status is not InvocationStatus.EXITED or not proof.died.oom_killed:
        expected = f"allocates {DIES_MB} MB is killed"
        raise LimitNotEnforcedError(proof.limiter, expected, proof.died.payload.decode(errors="replace"))
