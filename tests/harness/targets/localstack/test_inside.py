"""What of the rig's changes to LocalStack needs no LocalStack to be tried."""

from __future__ import annotations

import importlib
import inspect
import itertools
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import ModuleType, SimpleNamespace
from unittest.mock import Mock, patch

import pytest

from harness.deployment import Capability
from harness.sandbox.limits.base import Usage
from harness.targets.localstack import inside
from harness.targets.localstack.inside.events import key_as_aws_encodes_it, sequencer
from harness.targets.localstack.inside.report import ReportFigures, corrected_log, corrected_payload
from harness.targets.localstack.inside.seams import Seam, SeamMovedError, wrap
from harness.targets.localstack.inside.timestamps import Line, dated, events, printed_lines
from harness.targets.localstack.target import capabilities

_FIGURES = ReportFigures(
    usage=Usage(peak_bytes=61 * 2**20, cpu_seconds=0.1, oom_killed=False),
    duration_seconds=9.0,
    init_seconds=None,
    memory_mb=512,
)


@pytest.mark.parametrize(
    ("localstack", "aws"),
    [
        pytest.param("my%20photo.jpg", "my+photo.jpg", id="space"),
        pytest.param("a%2Bb.jpg", "a%2Bb.jpg", id="plus"),
        pytest.param("100%25.jpg", "100%25.jpg", id="percent"),
        pytest.param("a/b/me%20%281%29.jpg", "a/b/me+%281%29.jpg", id="folders-and-parentheses"),
        pytest.param("%EC%82%AC.jpg", "%EC%82%AC.jpg", id="korean"),
    ],
)
def test_a_key_is_written_as_aws_writes_it(localstack: str, aws: str) -> None:
    assert key_as_aws_encodes_it(localstack) == aws


def test_sequencers_rise_as_text_and_are_of_one_length() -> None:
    first = datetime(2026, 11, 22, 23, 59, 59, 999_999, tzinfo=UTC)
    moments = [first, first + timedelta(microseconds=1), first + timedelta(days=400)]

    sequencers = [sequencer(moment) for moment in moments]

    assert sequencers == sorted(sequencers)
    assert len(set(sequencers)) == 3
    assert {len(one) for one in sequencers} == {18}


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(
            "REPORT RequestId: 1\tDuration: 37.10 ms\tBilled Duration: 38 ms\t"
            "Memory Size: 512 MB\tMax Memory Used: 512 MB",
            id="plain",
        ),
        pytest.param(
            "REPORT RequestId: 1\tInit Duration: 0.12 ms\tDuration: 37.10 ms\tBilled Duration: 38 ms\t"
            "Memory Size: 512 MB\tMax Memory Used: 512 MB\t",
            id="with-an-invented-initialisation",
        ),
    ],
)
def test_a_log_gets_the_measured_peak_and_keeps_its_other_lines(line: str) -> None:
    before = ["START RequestId: 1 Version: $LATEST", "hello", "END RequestId: 1"]

    log = corrected_log("\n".join([*before, line, ""]), "1", _FIGURES)

    *others, report = log.splitlines()
    assert others == before
    assert report == (
        "REPORT RequestId: 1\tDuration: 37.10 ms\tBilled Duration: 38 ms\t"
        "Memory Size: 512 MB\tMax Memory Used: 61 MB"
    )


def test_an_invocation_without_a_log_gets_its_frame() -> None:
    lines = corrected_log("", "7", _FIGURES).splitlines()

    assert [line.split()[0] for line in lines] == ["START", "END", "REPORT"]
    assert "Duration: 9000.00 ms" in lines[2]


_FRAMED = (
    "START RequestId: 1 Version: $LATEST\nhello\nEND RequestId: 1\nREPORT RequestId: 1\tDuration: 9 ms\n"
)


def test_a_log_s_lines_have_the_dates_at_which_they_were_printed() -> None:
    printed = printed_lines(
        b"2026-11-23T00:39:00.511251705Z settings\n"
        b"2026-11-23T00:39:01.439874193Z hello\n"
        b"2026-11-23T00:39:01.5Z \n"
    )
    began, said = printed[0].epoch_ms + 100, printed[1].epoch_ms

    log = dated(_FRAMED, printed, request_id="1", began_epoch_ms=began, ended_epoch_ms=said + 5)

    assert said - printed[0].epoch_ms == 928
    assert [
        (event["timestamp"] - began, event["message"].split()[0]) for event in events(log, now_epoch_ms=0)
    ] == [(-100, "settings"), (0, "START"), (828, "hello"), (833, "END"), (833, "REPORT")]


def test_a_log_loses_no_line_that_nobody_saw_printed() -> None:
    printed = [Line(3, "something else")]

    log = dated(_FRAMED, printed, request_id="1", began_epoch_ms=2, ended_epoch_ms=7)

    assert log == _FRAMED
    assert [event["timestamp"] for event in events(log, now_epoch_ms=0)] == [2, 7, 7, 7]


def test_what_a_killed_function_printed_is_in_its_log() -> None:
    frame = corrected_log("", "1", _FIGURES)

    log = dated(frame, [Line(3, "my last words")], request_id="1", began_epoch_ms=2, ended_epoch_ms=7)

    assert [line.split()[0] for line in log.splitlines()] == ["START", "my", "END", "REPORT"]


def test_a_log_that_is_not_dated_is_dated_as_it_is_stored() -> None:
    assert events("a\n\nb\n", now_epoch_ms=9) == [
        {"timestamp": 9, "message": "a\n"},
        {"timestamp": 9, "message": "b\n"},
    ]


def test_a_signal_is_named_and_other_ends_stay_as_they_are() -> None:
    killed = corrected_payload(b'{"errorMessage": "Runtime exited with error: exit status -9"}')
    ended = corrected_payload(b'{"errorMessage": "Runtime exited with error: exit status 3"}')

    assert killed == b'{"errorMessage": "Runtime exited with error: signal: killed"}'
    assert ended == b'{"errorMessage": "Runtime exited with error: exit status 3"}'


class _Owner:
    """What a module of LocalStack's may have."""

    def method(self, value: int) -> int:
        return value + 1

    @staticmethod
    def static(value: int) -> int:
        return value + 1


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch) -> type[_Owner]:
    """A class of its own in a module that can be imported."""
    copy = type("Owner", (), {name: vars(_Owner)[name] for name in ("method", "static")})
    monkeypatch.setitem(sys.modules, "some_module", SimpleNamespace(Owner=copy))
    return copy


def _twice(original: Callable[..., int], *arguments: int) -> int:
    return 2 * original(*arguments)


def test_a_seam_is_wrapped_where_it_is_as_expected(owner: type[_Owner]) -> None:
    wrap(Seam("some_module:Owner.method", ["self", "value"], _twice))

    assert owner().method(3) == 8


def test_a_static_method_stays_one(owner: type[_Owner]) -> None:
    wrap(Seam("some_module:Owner.static", ["value"], _twice))

    assert owner().static(3) == 8


@pytest.mark.parametrize(
    ("place", "found"),
    [
        pytest.param("no_such_module:Owner.method", "no function of that name", id="module-gone"),
        pytest.param("some_module:Owner.gone", "no function of that name", id="gone"),
        pytest.param("some_module:Owner.method", r"\(self, value\)", id="other-parameters"),
    ],
)
@pytest.mark.usefixtures("owner")
def test_a_seam_that_moved_is_refused(place: str, found: str) -> None:
    expected = rf"expected {place}\(first, second\), found {found}; use version 4.14.0"

    with pytest.raises(SeamMovedError, match=expected):
        wrap(Seam(place, ["first", "second"], _twice))


def test_of_several_seams_all_are_wrapped_or_none(owner: type[_Owner]) -> None:
    sound = Seam("some_module:Owner.method", ["self", "value"], _twice)

    with pytest.raises(SeamMovedError):
        wrap(sound, Seam("some_module:Owner.gone", [], _twice))

    assert owner().method(3) == 4


# Each place in LocalStack that is changed or used, with the parameters that are relied on.
_LOCALSTACK: Mapping[str, Sequence[str]] = {
    "aws.connect:connect_to": [],
    "services.lambda_.hooks:start_docker_executor.run": ["args"],
    "services.lambda_.invocation.docker_runtime_executor:CONTAINER_CLIENT.create_container_from_config": [
        "container_config"
    ],
    "services.lambda_.invocation.docker_runtime_executor:CONTAINER_CLIENT.client": [],
    "services.lambda_.invocation.docker_runtime_executor:DockerRuntimeExecutor.start": ["self", "env_vars"],
    "services.lambda_.invocation.docker_runtime_executor:DockerRuntimeExecutor.stop": ["self"],
    "services.lambda_.invocation.docker_runtime_executor:_ensure_runtime_image_present": [
        "image",
        "platform",
    ],
    "services.lambda_.invocation.execution_environment:ExecutionEnvironment.errored": ["self"],
    "services.lambda_.invocation.execution_environment:ExecutionEnvironment.invoke": ["self", "invocation"],
    "services.lambda_.invocation.executor_endpoint:ExecutorEndpoint._perform_invoke": [
        "invocation_url",
        "proxies",
        "payload",
    ],
    "services.lambda_.invocation.executor_endpoint:StatusErrorException": [],
    "services.lambda_.invocation.lambda_models:InvocationResult": [],
    "services.lambda_.invocation.logs:LogHandler.run_log_loop": ["self"],
    "services.lambda_.invocation.logs:QUEUE_SHUTDOWN": [],
    "services.lambda_.invocation.version_manager:LambdaVersionManager.invoke": ["self", "invocation"],
    "services.s3.notifications:BaseNotifier._get_event_payload": ["ctx", "config_id"],
    "services.s3.notifications:_matching_filter": ["notification_filter", "key_name"],
    "utils.aws.client_types:ServicePrincipal.lambda_": [],
}


@pytest.fixture
def install_without() -> Iterator[Callable[[str | None], list[str]]]:
    """Installs the repairs in a LocalStack of stubs that lacks one place; returns the missing repairs."""
    with patch.dict(sys.modules), patch.object(threading, "Thread", Mock()):
        # Those that need LocalStack to be imported.
        for name in ("install", "limits", "environments"):
            sys.modules.pop(f"{inside.__name__}.{name}", None)
            vars(inside).pop(name, None)
        yield _install


def _install(without: str | None) -> list[str]:
    for place, parameters in _LOCALSTACK.items():
        if place != without:
            _make(f"localstack.{place}", parameters)
    importlib.import_module(f"{inside.__name__}.install").install()

    # What the containers of this LocalStack get.
    configuration = SimpleNamespace()
    version = SimpleNamespace(
        config=SimpleNamespace(memory_size=512), id=SimpleNamespace(function_name="small")
    )
    sys.modules["localstack.services.lambda_.hooks"].start_docker_executor.run(configuration, version)
    assert configuration.mem_limit == 512 * 2**20
    return [name for name in configuration.labels[inside.MISSING_REPAIRS_LABEL].split(",") if name]


def _make(place: str, parameters: Sequence[str]) -> None:
    """Make a stub at `module:owner.name`, with what is around it."""
    module, _, path = place.partition(":")
    parent = None
    for package in itertools.accumulate(module.split("."), "{}.{}".format):
        made = sys.modules.setdefault(package, ModuleType(package))
        if parent:
            setattr(parent, package.rpartition(".")[2], made)
        parent = made
    owner: object = parent
    *owners, name = path.split(".")
    for one in owners:
        vars(owner).setdefault(one, SimpleNamespace())
        owner = getattr(owner, one)
    setattr(owner, name, _stub(parameters))


def _stub(parameters: Sequence[str]) -> Mock:
    stub = Mock()
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    stub.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in parameters])
    return stub


def test_a_localstack_that_has_all_places_gets_all_repairs(
    install_without: Callable[[str | None], list[str]],
) -> None:
    assert install_without(None) == []


@pytest.mark.parametrize(
    ("without", "missing", "lacking"),
    [
        pytest.param(
            "services.lambda_.invocation.logs:LogHandler.run_log_loop",
            "timestamps",
            {Capability.LOG_TIMESTAMPS},
            id="timestamps",
        ),
        pytest.param(
            "utils.aws.client_types:ServicePrincipal.lambda_",
            "timestamps",
            {Capability.LOG_TIMESTAMPS},
            id="timestamps-client",
        ),
        pytest.param(
            "services.lambda_.invocation.version_manager:LambdaVersionManager.invoke",
            "failed-starts",
            {Capability.LOGS_OF_FAILED_STARTS},
            id="failed-starts",
        ),
        pytest.param("services.s3.notifications:_matching_filter", "events", set(), id="events"),
        pytest.param(
            "services.lambda_.invocation.docker_runtime_executor:_ensure_runtime_image_present",
            "image-pulls",
            set(),
            id="image-pulls",
        ),
    ],
)
def test_without_an_optional_place_a_capability_is_missing_and_the_rest_is_repaired(
    install_without: Callable[[str | None], list[str]], without: str, missing: str, lacking: set[Capability]
) -> None:
    found = install_without(without)

    assert found == [missing]
    assert capabilities([]) - capabilities(found) == lacking


@pytest.mark.parametrize(
    "without",
    [
        "services.lambda_.hooks:start_docker_executor.run",
        "services.lambda_.invocation.docker_runtime_executor:CONTAINER_CLIENT.create_container_from_config",
        "services.lambda_.invocation.docker_runtime_executor:DockerRuntimeExecutor.stop",
        "services.lambda_.invocation.execution_environment:ExecutionEnvironment.invoke",
        "services.lambda_.invocation.executor_endpoint:ExecutorEndpoint._perform_invoke",
    ],
)
def test_without_a_required_place_localstack_is_refused(
    install_without: Callable[[str | None], list[str]], without: str
) -> None:
    with pytest.raises(
        SeamMovedError, match=f"expected localstack.{without}.*, found no function of that name; use version"
    ):
        install_without(without)
