from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, ConsoleMessage

_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium of this machine."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        pytest.skip("no Chromium on PATH (looked for chromium, chromium-browser, google-chrome)")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=executable, args=_ARGUMENTS)
        yield running
        running.close()


@pytest.mark.parametrize("report", ["bench_page", "tune_page"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [pytest.param(1280, id="wide"), pytest.param(360, id="narrow")])
def test_the_page_opens_from_disk_without_a_complaint(
    browser: Browser, request: pytest.FixtureRequest, report: str, width: int, scheme: str
) -> None:
    path: Path = request.getfixturevalue(report)
    complaints: list[str] = []
    requests: list[str] = []
    page = browser.new_page(
        viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page.on("console", lambda message: complaints.extend(_serious(message)))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.as_uri())
    page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
    scrolled = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    undecoded = page.eval_on_selector_all("img", "all => all.filter(one => !one.naturalWidth).length")
    page.close()

    assert complaints == []
    assert [url for url in requests if not url.startswith(("data:", path.as_uri()))] == []
    assert scrolled == 0
    assert undecoded == 0


def _serious(message: ConsoleMessage) -> list[str]:
    return [message.text] if message.type in {"error", "warning"} else []
