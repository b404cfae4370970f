"""Version 2 against a made-up tree: folders with plain files where the kernel has control files."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from harness import guardian, process
from harness.sandbox.limits import control_files
from harness.sandbox.limits.base import HeldProcesses, Limit, Mounts, Usage
from harness.sandbox.limits.cgroup import CgroupV2
from harness.sandbox.limits.control_files import ControlFile
from harness.sandbox.limits.delegation import CgroupBusyError, Place, find_place, prepare

# The guardian, a process of its own, watches each cgroup.
pytestmark = pytest.mark.integration

_NEW_GROUP = {
    "cgroup.procs": "",
    "cpu.max": "max 100000",
    "cpu.stat": "usage_usec 0\nuser_usec 0\n",
    "memory.current": "1000",
    "memory.events": "low 0\noom 0\noom_kill 0\noom_group_kill 0\n",
    "memory.max": "max",
    "memory.peak": "1000",
    "memory.stat": "anon 0\nfile 0\nshmem 0\n",
    "memory.swap.max": "max",
}


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree whose top hands on memory and CPU, and whose new groups have the kernel's files."""

    def make_group(folder: Path) -> None:
        folder.mkdir()
        for name, content in _NEW_GROUP.items():
            (folder / name).write_text(content)

    def remove_cgroup(folder: Path) -> bool:
        shutil.rmtree(folder)
        return True

    top = _folder(tmp_path / "top", controllers="cpu memory pids", hands_on="cpu memory pids")
    monkeypatch.setattr(control_files, "make_group", make_group)
    monkeypatch.setattr(control_files, "own_folder", lambda _: top)
    monkeypatch.setattr(guardian, "remove_cgroup", remove_cgroup)
    return top


def _folder(folder: Path, *, controllers: str, hands_on: str = "", members: str = "") -> Path:
    folder.mkdir()
    (folder / "cgroup.controllers").write_text(controllers)
    (folder / "cgroup.subtree_control").write_text(hands_on)
    (folder / "cgroup.procs").write_text(members)
    return folder


def _mounts(folder: Path) -> Mounts:
    return Mounts(runtime="python3.13", task_root=folder, temporary=folder)


def _make(limit: Limit, tree: Path) -> tuple[HeldProcesses, Path]:
    held = CgroupV2().create(limit, _mounts(tree))
    (folder,) = tree.glob("thumbrig-*")
    return held, folder


@pytest.fixture
def old_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before Linux 6.12 the peak is read-only."""
    opened = ControlFile.__init__

    def open_file(self: ControlFile, path: Path, *, writable: bool = False) -> None:
        if writable and path.name == "memory.peak":
            raise PermissionError(path)
        opened(self, path, writable=writable)

    monkeypatch.setattr(ControlFile, "__init__", open_file)


def test_memory_is_capped_and_swap_is_off(tree: Path) -> None:
    held, folder = _make(Limit(memory_bytes=512 * 2**20), tree)

    assert (folder / "memory.max").read_text() == str(512 * 2**20)
    # A plain file keeps what a shorter write leaves; the kernel takes each write as a whole.
    assert (folder / "memory.swap.max").read_text()[0] == "0"
    held.close()
    assert not folder.exists()


def test_the_share_of_the_cpu_is_set_only_when_it_is_to_hold(tree: Path) -> None:
    held, folder = _make(Limit(memory_bytes=1, cpu_share=0.29), tree)

    before = (folder / "cpu.max").read_text()
    held.throttle()

    assert before == "max 100000"
    assert (folder / "cpu.max").read_text() == "5800 20000"
    held.close()


def test_without_a_share_the_cpu_stays_as_it_is(tree: Path) -> None:
    held, folder = _make(Limit(memory_bytes=1), tree)

    held.throttle()

    assert (folder / "cpu.max").read_text() == "max 100000"
    held.close()


def test_the_process_joins_the_group_before_it_runs(tree: Path, tmp_path: Path) -> None:
    held, folder = _make(Limit(memory_bytes=1), tree)
    command = ["/bin/sh", "-c", f"cat {folder}/cgroup.procs; echo $1", "sh", "with $dollar; 'quotes'"]

    with held.start(command, cwd=tmp_path, env={"PATH": os.defpath}) as started:
        output, _ = started.communicate()
        process.stop(started)

    # The kernel takes 0 as the writer itself.
    assert output == b"0\nwith $dollar; 'quotes'\n"
    held.close()


def test_usage_counts_from_begin(tree: Path) -> None:
    held, folder = _make(Limit(memory_bytes=10**9), tree)
    (folder / "cpu.stat").write_text("usage_usec 1500000\n")
    (folder / "memory.events").write_text("oom 1\noom_kill 1\n")
    (folder / "memory.stat").write_text("anon 0\nfile 700\nshmem 200\n")
    held.begin()

    (folder / "cpu.stat").write_text("usage_usec 1750000\n")
    (folder / "memory.peak").write_text("90000")
    (folder / "memory.stat").write_text("anon 0\nfile 5000\nshmem 200\n")

    assert held.end() == Usage(peak_bytes=90000 - 500, cpu_seconds=0.25, oom_killed=False)
    held.close()


def test_a_killed_process_took_all_there_is(tree: Path) -> None:
    held, folder = _make(Limit(memory_bytes=10**9), tree)
    held.begin()

    (folder / "memory.events").write_text("oom 1\noom_kill 1\n")

    usage = held.end()
    assert (usage.oom_killed, usage.peak_bytes) == (True, 10**9)
    held.close()


def test_the_last_usage_is_known_after_closing(tree: Path) -> None:
    held, folder = _make(Limit(memory_bytes=10**9), tree)
    held.begin()
    (folder / "memory.peak").write_text("90000")

    held.close()
    held.begin()
    held.throttle()

    assert held.end().peak_bytes == 90000


@pytest.mark.usefixtures("old_kernel")
def test_a_new_height_is_exact_on_a_kernel_that_cannot_reset_the_peak(tree: Path) -> None:
    held, folder = _make(Limit(memory_bytes=10**9), tree)
    held.begin()

    (folder / "memory.peak").write_text("90000")

    assert held.end().peak_bytes == 90000
    held.close()


@pytest.mark.usefixtures("old_kernel")
def test_a_lower_peak_is_looked_for_on_a_kernel_that_cannot_reset_it(tree: Path) -> None:
    limiter = CgroupV2()
    held = limiter.create(Limit(memory_bytes=10**9), _mounts(tree))
    (folder,) = tree.glob("thumbrig-*")
    (folder / "memory.peak").write_text("90000")
    held.begin()

    (folder / "memory.current").write_text("3000")

    assert held.end().peak_bytes == 3000
    assert "looked for every 5 ms" in limiter.description
    held.close()


def test_the_nearest_folder_that_hands_on_both_controllers_is_the_place(tmp_path: Path) -> None:
    user = _folder(tmp_path / "user", controllers="cpu memory", hands_on="cpu memory")
    middle = _folder(user / "middle", controllers="cpu memory", hands_on="cpu memory")
    slice_ = _folder(middle / "slice", controllers="cpu memory", hands_on="memory")
    own = _folder(slice_ / "own", controllers="memory", members=str(os.getpid()))

    assert find_place(own) == Place(folder=middle, occupied=False, shapes_cpu=True)


def test_without_the_cpu_controller_memory_is_still_held(tmp_path: Path) -> None:
    slice_ = _folder(tmp_path / "slice", controllers="memory", hands_on="memory")
    own = _folder(slice_ / "own", controllers="memory", members=str(os.getpid()))

    assert find_place(own) == Place(folder=slice_, occupied=False, shapes_cpu=False)


def test_a_delegated_cgroup_is_emptied_into_a_leaf(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / "cgroup.subtree_control").write_text("")
    (tree / "cgroup.procs").write_text(str(os.getpid()))
    place = find_place(tree)
    assert place == Place(folder=tree, occupied=True, shapes_cpu=True)

    def move(path: Path, value: str) -> None:
        written(path, value)
        if path.name == "cgroup.procs":
            (tree / "cgroup.procs").write_text("")

    written = control_files.write
    monkeypatch.setattr(control_files, "write", move)

    folder = prepare(place)

    assert folder == tree
    assert (tree / "thumbrig-rig" / "cgroup.procs").read_text() == str(os.getpid())
    assert (tree / "cgroup.subtree_control").read_text() == "+memory +cpu"


def test_a_cgroup_that_never_becomes_empty_is_given_up(tree: Path) -> None:
    (tree / "cgroup.procs").write_text("1 2 3")

    with pytest.raises(CgroupBusyError, match="become empty"):
        prepare(Place(folder=tree, occupied=True, shapes_cpu=True))


def test_a_cgroup_with_other_people_s_processes_is_left_alone(tree: Path) -> None:
    (tree / "cgroup.subtree_control").write_text("")
    (tree / "cgroup.procs").write_text(f"{os.getpid()} 4194304")

    assert find_place(tree) is None
    assert "Delegate=yes" in str(CgroupV2().unavailable())


def test_a_tree_without_controllers_is_no_place(tree: Path) -> None:
    for name in ("cgroup.controllers", "cgroup.subtree_control"):
        (tree / name).write_text("")

    assert CgroupV2().unavailable() is not None
    assert not CgroupV2().shapes_cpu


def test_a_machine_without_version_2_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_files, "own_folder", lambda _: None)

    assert CgroupV2().unavailable() == "no cgroup v2 is mounted"
