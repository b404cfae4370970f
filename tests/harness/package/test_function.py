from __future__ import annotations

from pathlib import Path

import pytest

from harness.package.function import (
    FunctionFolder,
    FunctionFolderError,
    FunctionSettingError,
    HandlerNotIncludedError,
    NoFunctionFileError,
    NoFunctionFolderError,
    Pin,
    RequirementNotPinnedError,
    UnreadableFunctionFileError,
    read_pin,
)
from harness.package.platforms import UnknownRuntimeError

SOUND = """
name = "shouter"
runtime = "python3.13"
handler = "shouter.main.handle"

[package]
prefix = "shouter"
include = ["**/*.py", "data/*.json"]
requirements = ["markupsafe==3.0.3", "tomli[extra] == 2.0.1; python_version < '3.11'"]
build = ["MarkupSafe"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "shouter"
    (folder / "data").mkdir(parents=True)
    (folder / "main.py").write_text("def handle(event, context): ...\n")
    (folder / "data" / "words.json").write_text("{}")
    (folder / "function.toml").write_text(SOUND)
    return folder


def _replace(folder: Path, old: str, new: str) -> None:
    description = folder / "function.toml"
    assert old in description.read_text()
    description.write_text(description.read_text().replace(old, new))


def test_a_folder_is_read_as_its_file_describes_it(folder: Path) -> None:
    function = FunctionFolder.load(folder)

    assert function.name == "shouter"
    assert function.runtime == "python3.13"
    assert list(function.requirement_names()) == ["markupsafe", "tomli"]
    assert function.build == ("MarkupSafe",)


def test_the_files_land_below_the_prefix(folder: Path) -> None:
    files = FunctionFolder.load(folder).files()

    assert list(files) == ["shouter/data/words.json", "shouter/main.py"]


def test_an_empty_prefix_puts_the_files_at_the_root(folder: Path) -> None:
    _replace(folder, 'prefix = "shouter"', 'prefix = ""')
    _replace(folder, "shouter.main.handle", "main.handle")

    assert "main.py" in FunctionFolder.load(folder).files()


def test_litter_is_never_included(folder: Path) -> None:
    _replace(folder, '"**/*.py"', '"**/*"')
    for litter in ("__pycache__/main.cpython-313.pyc", ".venv/lib.py", "data/.DS_Store", "old.pyc"):
        (folder / litter).parent.mkdir(exist_ok=True)
        (folder / litter).write_text("")

    files = FunctionFolder.load(folder).files()

    assert list(files) == ["shouter/data/words.json", "shouter/function.toml", "shouter/main.py"]


def test_a_package_that_is_a_folder_can_hold_the_handler(folder: Path) -> None:
    (folder / "main").mkdir()
    (folder / "main.py").rename(folder / "main" / "__init__.py")

    assert FunctionFolder.load(folder).handler == "shouter.main.handle"


def test_a_node_folder_is_a_function_folder_too(tmp_path: Path) -> None:
    (tmp_path / "index.mjs").write_text("export const handler = () => 1;\n")
    (tmp_path / "function.toml").write_text(
        'name = "sharp"\nruntime = "nodejs22.x"\nhandler = "index.handler"\n'
        '[package]\ninclude = ["*.mjs"]\nrequirements = ["sharp@0.34.5"]\n'
    )

    assert FunctionFolder.load(tmp_path).family.name == "nodejs"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoFunctionFolderError, match="nowhere: expected a function folder, found nothing"):
        FunctionFolder.load(tmp_path / "nowhere")


def test_a_file_is_no_function_folder(folder: Path) -> None:
    with pytest.raises(NoFunctionFolderError, match="found a file"):
        FunctionFolder.load(folder / "main.py")


def test_a_folder_without_a_description_says_which_file_it_needs(tmp_path: Path) -> None:
    with pytest.raises(NoFunctionFileError, match="add one"):
        FunctionFolder.load(tmp_path)


@pytest.mark.parametrize(
    "content",
    [pytest.param(b"name = shouter\n", id="not TOML"), pytest.param(b'name = "\xff"\n', id="not UTF-8")],
)
def test_an_unreadable_description_is_refused(folder: Path, content: bytes) -> None:
    (folder / "function.toml").write_bytes(content)

    with pytest.raises(UnreadableFunctionFileError, match="cannot be read as TOML"):
        FunctionFolder.load(folder)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param('name = "shouter"', "", "name: expected a string, got nothing", id="no name"),
        pytest.param('"shouter"\nruntime', '"a b"\nruntime', "name: expected 1 to 64 letters", id="odd name"),
        pytest.param("handler =", "entry =", "handler: expected a string, got nothing", id="no handler"),
        pytest.param("shouter.main.handle", "handle", "expected module.function", id="no module"),
        pytest.param("[package]", "[packages]", "package: expected a table, got nothing", id="no table"),
        pytest.param("[package]", "[environ]\n[package]", "environ: expected one of", id="unknown table"),
        pytest.param("prefix =", "folder =", "package.folder: expected one of", id="unknown key"),
        pytest.param(
            'prefix = "shouter"', "prefix = 11", "package.prefix: expected a string, got 11", id="a number"
        ),
        pytest.param('["MarkupSafe"]', '"MarkupSafe"', "build: expected a list of strings", id="not a list"),
        pytest.param(
            '["MarkupSafe"]', '["lxml"]', "expected names of requirements", id="build of no requirement"
        ),
        pytest.param('"data/*.json"', '"data/*.txt"', "matching none", id="glob without a file"),
        pytest.param('"data/*.json"', '"data/**"', "globs that end in a file", id="glob of folders"),
        pytest.param('"data/*.json"', '"../*.py"', "paths inside the folder", id="glob that leaves"),
        pytest.param('["**/*.py", "data/*.json"]', "[]", "at least one", id="nothing included"),
    ],
)
def test_a_wrong_setting_is_named(folder: Path, old: str, new: str, message: str) -> None:
    _replace(folder, old, new)

    with pytest.raises(FunctionSettingError, match=message) as caught:
        FunctionFolder.load(folder)

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "requirement",
    [
        "markupsafe",
        "markupsafe>=3.0.3",
        "markupsafe==3.*",
        "markupsafe==3.0.3,<4",
        "markupsafe~=3.0.3",
        "markupsafe @ file:///tmp/markupsafe.whl",
        "--index-url=http://localhost",
        "-e .",
        "",
    ],
)
def test_a_requirement_that_is_not_pinned_exactly_is_refused(folder: Path, requirement: str) -> None:
    _replace(folder, "markupsafe==3.0.3", requirement)

    with pytest.raises(RequirementNotPinnedError, match="not pinned exactly"):
        FunctionFolder.load(folder)


@pytest.mark.parametrize(
    ("requirement", "pin"),
    [
        ("Pillow==13.0.0", Pin(name="Pillow", version="13.0.0")),
        ("tomli[extra] === 2.0.1; python_version < '3.11'", Pin(name="tomli", version="2.0.1")),
        ("@img/sharp-wasm32@0.34.5-rc.1", Pin(name="@img/sharp-wasm32", version="0.34.5-rc.1")),
        ("Pillow==13.*", None),
        ("sharp@latest", None),
    ],
)
def test_a_pin_of_either_language_is_read(requirement: str, pin: Pin | None) -> None:
    assert read_pin(requirement) == pin


@pytest.mark.parametrize("handler", ["shouter.missing.handle", "main.handle", "shouter.data.words.handle"])
def test_a_handler_outside_the_included_files_is_refused(folder: Path, handler: str) -> None:
    _replace(folder, "shouter.main.handle", handler)

    with pytest.raises(HandlerNotIncludedError, match="correct handler, prefix or include"):
        FunctionFolder.load(folder)


def test_an_unknown_runtime_names_the_known_ones(folder: Path) -> None:
    _replace(folder, "python3.13", "python2.7")

    with pytest.raises(UnknownRuntimeError, match=r"'python2\.7': expected one of python3\.11,.*nodejs22\.x"):
        FunctionFolder.load(folder)


def test_every_refusal_of_a_folder_is_caught_as_one(tmp_path: Path) -> None:
    with pytest.raises(FunctionFolderError):
        FunctionFolder.load(tmp_path)


def test_what_a_function_cannot_do_is_declared_with_its_reason(folder: Path) -> None:
    description = folder / "function.toml"
    description.write_text(description.read_text() + '\n[cannot]\n"bmp.bmp" = "its library reads no BMP"\n')

    assert FunctionFolder.load(folder).cannot == {"bmp.bmp": "its library reads no BMP"}


def test_by_default_a_function_can_do_everything(folder: Path) -> None:
    assert FunctionFolder.load(folder).cannot == {}


@pytest.mark.parametrize("reason", ['""', '"  "', "true"])
def test_a_declaration_without_a_reason_is_refused(folder: Path, reason: str) -> None:
    description = folder / "function.toml"
    description.write_text(description.read_text() + f'\n[cannot]\n"bmp.bmp" = {reason}\n')

    with pytest.raises(
        FunctionSettingError, match=r"cannot\.bmp\.bmp: expected a string that gives the reason"
    ):
        FunctionFolder.load(folder)


def test_a_bundler_of_any_version_is_refused(folder: Path) -> None:
    (folder / "index.mjs").write_text("")
    (folder / "function.toml").write_text(
        'name = "s"\nruntime = "nodejs20.x"\nhandler = "index.handler"\n[package]\ninclude = ["*.mjs"]\n'
        'bundler = "esbuild@latest"\n'
    )

    with pytest.raises(RequirementNotPinnedError, match=r"write it like 'esbuild@"):
        FunctionFolder.load(folder)


def test_a_bundler_for_python_is_refused(folder: Path) -> None:
    _replace(folder, "build = [", 'bundler = "esbuild@0.28.2"\nbuild = [')

    with pytest.raises(FunctionSettingError, match=r"bundler: expected a Node\.js runtime"):
        FunctionFolder.load(folder)
