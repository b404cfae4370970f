"""What scenarios get: a deployment and the application, never the name of the target."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from harness.cdn.edge import Edge
from harness.cdn.edge import edge as run_edge
from harness.deployment import Capability, Deployment
from harness.e2e import StartedTarget
from harness.observe.outcome import DeployedApplication
from harness.observe.viewer import Viewer
from harness.targets.base import Target
from scenarios.journal import ApplicationOf, Journal, JournalingApplication, scenario_name
from scenarios.recorder import SCENARIO, Recorder

_HERE = Path(__file__).parent
# The first picture first, then by what a reader wants to know next.
_ORDER = (
    "upload",
    "pictures",
    "keys",
    "sizes",
    "events",
    "refusals",
    "replace",
    "delete",
    "edge",
    "gap",
    "timeline",
    "isolation",
    "memory",
    "burst",
)
_RECORDER = "thumbrig-recorder"
_DEPLOYING = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(capability): what the target must be able to do")
    config.addinivalue_line(
        "markers", "deploys(parameters=, function=): a stack of its own, deployed while others run"
    )
    config.pluginmanager.register(Recorder(_started(config)), _RECORDER)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _ORDER.index(item.path.relative_to(_HERE).parts[0]))
    for item in items:
        item.user_properties.append((SCENARIO, scenario_name(item)))


def pytest_runtest_setup(item: pytest.Item) -> None:
    # The first scenarios measure a quiet pipeline.
    if item.path.parent.name != "upload":
        _deploy_ahead(item.session)
    _skip_what_the_target_lacks(item)
    _skip_what_the_function_declares(item)


def _deploy_ahead(session: pytest.Session) -> None:
    """Begin with the stacks that scenarios will ask for; the mark of a module counts once."""
    if session.stash.get(_DEPLOYING, False):
        return
    session.stash[_DEPLOYING] = True
    items = (item for item in session.items if _lacking(item) is None)
    marks = {id(mark): mark for item in items for mark in item.iter_markers("deploys")}
    for mark in marks.values():
        _started(session.config).target.stacks.deploy_ahead(**mark.kwargs)


def _skip_what_the_target_lacks(item: pytest.Item) -> None:
    if lacking := _lacking(item):
        pytest.skip(lacking.value)


def _lacking(item: pytest.Item) -> Capability | None:
    capabilities = _started(item.config).target.capabilities
    needed: Iterator[Capability] = (marker.args[0] for marker in item.iter_markers("needs"))
    return next((capability for capability in needed if capability not in capabilities), None)


def _skip_what_the_function_declares(item: pytest.Item) -> None:
    function = _started(item.config).function
    test, _, picture = item.name.removesuffix("]").partition("[")
    # Elsewhere a picture is only the means; what is declared of it is how it comes out, or is refused.
    about_pictures = item.path.parent.name in {"pictures", "refusals"}
    for name in (test, picture) if about_pictures else (test,):
        if reason := function.cannot.get(name):
            pytest.skip(f"{function.name} declares for {name}: {reason}")


@pytest.fixture(scope="session")
def target(pytestconfig: pytest.Config) -> Target:
    """The started target."""
    return _started(pytestconfig).target


@pytest.fixture(scope="session")
def deployment(target: Target) -> Deployment:
    """The pipeline that most scenarios share."""
    return target.deploy()


@pytest.fixture(scope="session")
def edge(deployment: Deployment) -> Iterator[Edge]:
    """The CDN in front of the shared pipeline; scenarios have keys of their own, and share its clock."""
    with run_edge(deployment) as edge:
        yield edge


@pytest.fixture(scope="session")
def viewer(edge: Edge) -> Viewer:
    """Somebody who asks the CDN."""
    return Viewer(edge)


@pytest.fixture(scope="session")
def journal(pytestconfig: pytest.Config) -> Journal:
    """Takes notes of pictures and times for the summary."""
    recorder = pytestconfig.pluginmanager.get_plugin(_RECORDER)
    assert isinstance(recorder, Recorder)
    return recorder.journal


@pytest.fixture
def application_of(journal: Journal, request: pytest.FixtureRequest) -> ApplicationOf:
    """Makes the application's side of any pipeline; what it waits for is noted for the summary."""
    return partial(JournalingApplication, journal=journal, scenario=scenario_name(request.node))


@pytest.fixture
def application(deployment: Deployment, application_of: ApplicationOf) -> DeployedApplication:
    """The application's side of the shared pipeline."""
    return application_of(deployment)


def _started(config: pytest.Config) -> StartedTarget:
    for plugin in config.pluginmanager.get_plugins():
        if isinstance(plugin, StartedTarget):
            return plugin
    raise pytest.UsageError("scenarios need a target: run `nox -s e2e`, or `python -m harness e2e`")
