from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage


@pytest.mark.parametrize("name", ["bench_page", "gate_page", "tune_page"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [pytest.param(1280, id="wide"), pytest.param(360, id="narrow")])
def test_the_page_opens_from_disk_without_a_complaint(
    browser: Browser, request: pytest.FixtureRequest, name: str, width: int, scheme: str
) -> None:
    opened: Path = request.getfixturevalue(name)
    complaints: list[str] = []
    requests: list[str] = []
    page = browser.new_page(
        viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page.on("console", lambda message: complaints.extend(_serious(message)))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(opened.as_uri())
    page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
    scrolled = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    undecoded = page.eval_on_selector_all("img", "all => all.filter(one => !one.naturalWidth).length")
    page.close()

    assert complaints == []
    assert [url for url in requests if not url.startswith(("data:", opened.as_uri()))] == []
    assert scrolled == 0
    assert undecoded == 0


def _serious(message: ConsoleMessage) -> list[str]:
    return [message.text] if message.type in {"error", "warning"} else []
