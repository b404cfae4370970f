"""The modules that run inside LocalStack or beside a function find Python's standard library alone there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

pytestmark = pytest.mark.integration

_PROJECT = Path(__file__).parents[2]
_INSIDE = _PROJECT / "harness" / "targets" / "localstack" / "inside"

# LocalStack's own packages are there; here stand-ins take their place.
_IMPORT = """
import importlib, sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

class StandIn(ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (Exception,), {})

class StandIns(MetaPathFinder, Loader):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in {"docker", "localstack"}:
            return ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return StandIn(spec.name)

    def exec_module(self, module):
        pass

project, module, *has_localstack = sys.argv[1:]
sys.path.insert(0, project)
if has_localstack:
    sys.meta_path.insert(0, StandIns())
importlib.import_module(module)
"""


def _error(module: str, *has_localstack: str) -> str:
    # -I and -S: neither this folder nor what is installed.
    command = [sys.executable, "-I", "-S", "-c", _IMPORT, str(_PROJECT), module, *has_localstack]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stderr


# start.py changes the LocalStack that runs it.
@pytest.mark.parametrize("name", sorted(file.stem for file in _INSIDE.glob("*.py") if file.stem != "start"))
def test_what_runs_inside_localstack_imports_nothing_that_is_installed(name: str) -> None:
    assert _error(f"harness.targets.localstack.inside.{name}", "has localstack") == ""


def test_the_meter_beside_a_function_imports_nothing_that_is_installed() -> None:
    assert _error("harness.sandbox.limits.meter_server") == ""


def test_an_installed_package_would_be_found() -> None:
    assert "No module named 'docker'" in _error("harness.containers.engine")
