from __future__ import annotations

from pathlib import Path

import pytest

from harness.sandbox.limits.control_files import ControlFile, own_folder, write

_V1_MOUNTS = """\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
"""
_V1_OWN = "4:memory:/user.slice/one\n2:cpu,cpuacct:/user.slice\n0::/user.slice/one.scope\n"
_IN_A_CONTAINER = "50 40 0:32 /docker/abc /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory\n"


def _proc(folder: Path, mounts: str, own: str) -> Path:
    (folder / "mountinfo").write_text(mounts)
    (folder / "cgroup").write_text(own)
    return folder


@pytest.mark.parametrize(
    ("controller", "expected"),
    [
        pytest.param("memory", "/sys/fs/cgroup/memory/user.slice/one", id="memory"),
        pytest.param("cpuacct", "/sys/fs/cgroup/cpu,cpuacct/user.slice", id="shared-hierarchy"),
        pytest.param(None, "/sys/fs/cgroup/unified/user.slice/one.scope", id="version-2"),
    ],
)
def test_the_own_cgroup_is_found_below_its_mount(
    tmp_path: Path, controller: str | None, expected: str
) -> None:
    assert own_folder(controller, proc=_proc(tmp_path, _V1_MOUNTS, _V1_OWN)) == Path(expected)


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        pytest.param("4:memory:/docker/abc\n", "/sys/fs/cgroup/memory", id="its-top"),
        pytest.param("4:memory:/docker/abc/inner\n", "/sys/fs/cgroup/memory/inner", id="below-its-top"),
        pytest.param("4:memory:/elsewhere\n", "/sys/fs/cgroup/memory", id="outside-of-it"),
    ],
)
def test_a_mount_in_a_container_begins_below_the_root(tmp_path: Path, own: str, expected: str) -> None:
    assert own_folder("memory", proc=_proc(tmp_path, _IN_A_CONTAINER, own)) == Path(expected)


def test_what_is_not_mounted_is_not_found(tmp_path: Path) -> None:
    proc = _proc(tmp_path, _V1_MOUNTS, _V1_OWN)

    assert own_folder("hugetlb", proc=proc) is None
    assert own_folder("memory", proc=tmp_path / "no-proc-as-on-macos") is None


def test_numbers_are_read_by_the_names_of_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "memory.stat"
    path.write_text("cache 7\ntotal_cache 4096\ntotal_shmem 12\n")

    with ControlFile(path) as file:
        assert file.fields("total_shmem", "total_cache", "absent") == [12, 4096, 0]


def test_a_control_file_that_the_kernel_lacks_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "memory.swappiness", "0")

    assert not list(tmp_path.iterdir())
