"""The page in Chromium, over the real function: what a person does with it, with a mouse and without."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fixtures.pictures import picture
from harness.demo.middleware import MOST_UPLOAD_BYTES
from tests.harness.demo.conftest import RunningDemo, running_demo

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FilePayload, Locator, Page, Response

# `network`: the function's package is built, from an index where it is not cached.
pytestmark = pytest.mark.network

# The first upload of all starts the function.
_READY_MS = 30_000
_REFUSED_MS = 5_000
_DAY_SECONDS = 86_400

_COUNT_SHIFTS = """
    window.shifted = 0;
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.shifted += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    """The demo, as a person starts it."""
    with running_demo(temporary=tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture
def page(demo: RunningDemo, browser: Browser) -> Iterator[Page]:
    """The page, newly opened; afterwards it must have had nothing to complain of, and asked nobody else."""
    complaints: list[str] = []
    requests: list[str] = []
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    opened.on(
        "console",
        lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None,
    )
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda request: requests.append(request.url))
    opened.goto(demo.url)
    opened.get_by_role("button", name="reference.jpg").wait_for()
    yield opened
    opened.close()

    assert complaints == []
    assert [url for url in requests if not url.startswith(f"{demo.url}/")] == []


def _take(page: Page, name: str, state: str = "ready") -> Locator:
    """Take a test picture, and wait for its card."""
    with page.expect_response("**/api/photos?*") as accepted:
        page.get_by_role("button", name=re.compile(rf"^{re.escape(name)}")).click()
    return _settled(_card(page, accepted.value), state)


def _upload(page: Page, file: Path | FilePayload) -> Locator:
    """Choose a file, and give its card."""
    with page.expect_response("**/api/photos?*") as accepted:
        page.set_input_files("#file", file)
    return _card(page, accepted.value)


def _card(page: Page, accepted: Response) -> Locator:
    return page.locator(f"#photo-{accepted.headers['location'].rpartition('/')[2]}")


def _settled(card: Locator, state: str, timeout_ms: int = _READY_MS) -> Locator:
    card.and_(card.page.locator(f'[data-state="{state}"]')).wait_for(timeout=timeout_ms)
    return card


def _press(card: Locator, name: str) -> None:
    card.get_by_role("button", name=name, exact=True).click()


def _newest_answer(card: Locator, number: int) -> dict[str, str]:
    """Give the newest row of the table, once it has that number."""
    row = card.locator("tbody tr").first
    row.locator("td").first.and_(card.page.get_by_text(str(number), exact=True)).wait_for()
    cells = row.locator("td").all()
    return {str(cell.get_attribute("data-name")): cell.inner_text() for cell in cells}


def _picture_width(card: Locator, figure: str) -> int:
    """Give the width of a picture that is shown, 0 if none is."""
    image = card.locator(f".{figure} img")
    if image.is_hidden():
        return 0
    width: int = image.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }")
    return width


def test_an_uploaded_photos_placeholder_turns_into_its_thumbnail_and_nothing_moves(page: Page) -> None:
    _take(page, "avif.avif")
    page.evaluate(_COUNT_SHIFTS)
    page.evaluate("window.shifted = 0")
    card = _upload(page, picture("reference.jpg").path())
    card.wait_for()
    before = page.evaluate("window.shifted")
    _settled(card, "ready")
    card.get_by_text("From PUT to picture: ").wait_for()

    assert _picture_width(card, "thumbnail") == 150
    assert _picture_width(card, "original") == 4000
    assert card.locator(".original .bytes").inner_text() == "3,111,269 bytes"
    assert card.locator(".thumbnail .bytes").inner_text() == "7,750 bytes"
    assert "401 times smaller" in card.locator(".thumbnail").inner_text()
    assert page.evaluate("window.shifted") == before


def test_the_waterfall_has_every_step_from_put_to_picture(page: Page) -> None:
    card = _take(page, "photo-busy.jpg")
    card.get_by_text("From PUT to picture: ").wait_for()
    rows = dict(row.split("\n") for row in card.locator(".times li").all_inner_texts())

    assert list(rows) == [
        *("PUT accepted", "S3\u2019s event", "on its way", "cold start", "invocation"),
        *("download", "decode", "resize", "encode", "stored"),
        *("seen in bucket", "seen at edge"),
    ]
    assert all(text.endswith("s") for name, text in rows.items() if name != "cold start")


def test_reloads_show_what_the_edge_makes_of_time_and_of_an_invalidation(page: Page) -> None:
    card = _take(page, "photo-dark.jpg")
    first = _newest_answer(card, 1)
    _press(card, "Reload")
    hit = _newest_answer(card, 2)
    _press(card, "Let a day pass")
    card.get_by_text("At the edge, 1 day passed").wait_for()
    _press(card, "Reload")
    old = _newest_answer(card, 3)
    _press(card, "Invalidate")
    card.get_by_text("Invalidation I").wait_for()
    _press(card, "Reload")
    missed = _newest_answer(card, 4)
    _press(card, "Let a year pass")
    card.get_by_text("At the edge, 365 days passed").wait_for()
    _press(card, "Reload")
    refreshed = _newest_answer(card, 5)

    assert (first["status"], first["X-Cache"]) == ("200", "Miss from cloudfront")
    assert hit["X-Cache"] == "Hit from cloudfront"
    assert (old["X-Cache"], int(old["Age"]) >= _DAY_SECONDS) == ("Hit from cloudfront", True)
    assert missed["X-Cache"] == "Miss from cloudfront"
    assert refreshed["X-Cache"] == "RefreshHit from cloudfront"
    assert "CloudFront" in first["Via"]
    assert len({row["X-Amz-Cf-Id"] for row in (first, hit, old, missed, refreshed)}) == 5


def test_delete_makes_the_photo_go_everywhere(page: Page) -> None:
    card = _take(page, "cmyk-profile.jpg")
    shown = _picture_width(card, "thumbnail")
    _press(card, "Delete")
    _settled(card, "deleted")
    answer = _newest_answer(card, 2)

    assert shown == 150
    assert _picture_width(card, "thumbnail") == _picture_width(card, "original") == 0
    assert (answer["status"], answer["X-Cache"]) == ("403", "Error from cloudfront")
    assert card.get_by_text("the edge says 403").is_visible()
    assert re.search(r"Invalidation I\w+: 2 paths", card.inner_text())


def test_a_text_file_gets_the_functions_own_message_at_once(page: Page, tmp_path: Path) -> None:
    _take(page, "avif.avif")
    text = tmp_path / "letter.txt"
    text.write_text("Dear reader, this is no picture.")
    card = _settled(_upload(page, text), "refused", _REFUSED_MS)

    assert card.locator(".headline").inner_text() == (
        "The function refused it: expected JPEG, PNG, WebP, GIF, TIFF, AVIF, BMP, "
        "got a file that starts with b'Dear reader,'."
    )
    assert card.locator(".headline").inner_text() in page.get_by_role("status").inner_text()


def test_an_edge_that_was_asked_too_early_remembers_its_403_until_it_is_invalidated(page: Page) -> None:
    page.get_by_label("ask the edge from the start").check()
    # More at once than there are environments: the last one is surely asked for before it is there.
    page.set_input_files("#file", [picture("reference.jpg").path()] * 4)
    card = page.locator('article[data-state="waiting"]').first
    card = page.locator(f"#{card.get_attribute('id')}")
    # Two answers: a second after the first, the thumbnail has long been in the bucket.
    remembered = _newest_answer(card, 2)
    said = card.locator(".headline").inner_text()
    _press(card, "Invalidate")
    _settled(card, "ready", timeout_ms=5_000)

    assert (remembered["status"], int(remembered["Age"]) >= 1) == ("403", True)
    assert said == "Not there yet: the edge answers 403, and keeps that answer for 10 s."
    assert re.search(r"asked \d times in vain", card.locator(".headline").inner_text())


def test_a_replaced_photo_has_a_new_address_and_the_old_one_is_gone(page: Page) -> None:
    card = _take(page, "orientation-6.jpg")
    old = card.locator(".address").inner_text()
    with page.expect_file_chooser() as chosen:
        _press(card, "Replace…")
    chosen.value.set_files(picture("photo-smooth.jpg").path())
    card.get_by_role("heading", name="photo-smooth.jpg").wait_for()
    _settled(card, "ready")
    new = card.locator(".address").inner_text()
    # Asked as a browser elsewhere would: the edge's certificate is its own.
    elsewhere = page.context.browser.new_context(ignore_https_errors=True) if page.context.browser else None
    assert elsewhere is not None
    statuses = [elsewhere.request.get(address).status for address in (old, new)]
    elsewhere.close()

    assert new != old
    assert statuses == [403, 200]
    assert _newest_answer(card, 1)["X-Cache"] == "Miss from cloudfront"
    assert "Replaced: the new photo has an address of its own" in card.inner_text()


def test_a_replacement_that_is_refused_leaves_what_was_there(page: Page) -> None:
    card = _take(page, "photo-busy.jpg")
    address = card.locator(".address").inner_text()
    with page.expect_file_chooser() as chosen:
        _press(card, "Replace…")
    chosen.value.set_files(picture("truncated.jpg").path())
    card.get_by_text("truncated.jpg was not taken: expected a whole JPEG").wait_for(timeout=_REFUSED_MS)

    assert card.get_attribute("data-state") == "ready"
    assert card.locator(".address").inner_text() == address
    assert _picture_width(card, "thumbnail") == 150


def test_a_photo_can_be_dropped_anywhere(page: Page) -> None:
    dropped = page.evaluate_handle(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File(["no picture"], "dropped.jpg", { type: "image/jpeg" }));
            return data;
        }"""
    )
    page.dispatch_event("#file", "dragover", {"dataTransfer": dropped})
    with page.expect_response("**/api/photos?*") as accepted:
        page.dispatch_event("#file", "drop", {"dataTransfer": dropped})
    card = _settled(_card(page, accepted.value), "refused")

    assert card.get_by_role("heading", level=3).inner_text() == "dropped.jpg"


def test_a_name_with_markup_in_it_is_shown_as_it_is(page: Page) -> None:
    name = "<img src=x onerror=alert(1)>&amp;.jpg"
    card = _upload(page, {"name": name, "mimeType": "image/jpeg", "buffer": b"no picture"})
    _settled(card, "refused")

    assert card.get_by_role("heading", level=3).inner_text() == name


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(page: Page, tmp_path: Path) -> None:
    large = tmp_path / "large.tiff"
    with large.open("wb") as file:
        file.truncate(MOST_UPLOAD_BYTES + 1)
    methods: list[str] = []
    page.on("request", lambda request: methods.append(request.method))
    page.set_input_files("#file", large)
    page.get_by_role("alert").get_by_text(
        "large.tiff: expected a photo of at most 50,000,000 bytes"
    ).wait_for()

    assert "POST" not in methods
    page.get_by_role("button", name="Close this message").click()
    assert page.get_by_role("alert").count() == 0


def test_everything_can_be_done_from_the_keyboard(page: Page) -> None:
    stops = [_next_stop(page) for _ in range(4)]
    with page.expect_response("**/api/photos?*") as accepted:
        page.keyboard.press("Enter")
    card = _settled(_card(page, accepted.value), "ready")
    focused_after_upload = _focused(page)
    while "Replace" not in _focused(page):
        page.keyboard.press("Tab")
    acts = [_focused(page), *(_next_stop(page) for _ in range(6))]
    page.keyboard.press("Shift+Tab")
    for _ in range(4):
        page.keyboard.press("Shift+Tab")
    on_reload = _next_stop(page) if "Reload" not in _focused(page) else _focused(page)
    page.keyboard.press("Enter")
    hit = _newest_answer(card, 2)
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    _settled(card, "deleted")

    assert stops == ["Skip to the photos", "file", "bucket", "reference.jpg"]
    assert focused_after_upload == "reference.jpg"
    assert acts == [
        "Replace…",
        "Delete",
        "Reload",
        "Invalidate",
        "Let a day pass",
        "Let a year pass",
        "The edge\u2019s answers about reference.jpg, the newest first",
    ]
    assert on_reload == "Reload"
    assert hit["X-Cache"] == "Hit from cloudfront"
    assert _focused(page) == "Delete"


def test_a_reloaded_page_shows_the_photos_of_this_run(page: Page) -> None:
    _take(page, "gif-animated.gif")
    names = page.get_by_role("article").get_by_role("heading", level=3).all_inner_texts()
    page.reload()
    page.locator("article").nth(len(names) - 1).wait_for()

    assert page.get_by_role("article").get_by_role("heading", level=3).all_inner_texts() == names


@pytest.fixture(scope="module")
def with_photos(demo: RunningDemo, browser: Browser) -> None:
    """One photo that is there, and one that was refused."""
    page = browser.new_page()
    page.goto(demo.url)
    _take(page, "reference.jpg")
    _take(page, "text.jpg", state="refused")
    page.close()


@pytest.mark.usefixtures("with_photos")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 768, 360, 320])
def test_nothing_is_cut_off_at_any_width(
    demo: RunningDemo, browser: Browser, width: int, scheme: str
) -> None:
    narrow = browser.new_page(
        viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light"
    )
    narrow.goto(demo.url)
    narrow.locator("article").first.wait_for()
    overflowing = narrow.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    ground = narrow.evaluate("getComputedStyle(document.body).backgroundColor")
    narrow.close()

    assert overflowing == 0
    assert ground == ("rgb(17, 21, 26)" if scheme == "dark" else "rgb(244, 246, 248)")


def _next_stop(page: Page) -> str:
    page.keyboard.press("Tab")
    return _focused(page)


def _focused(page: Page) -> str:
    """Give what the focused element is called."""
    name: str = page.evaluate(
        """() => {
            const at = document.activeElement;
            if (at.type === "radio") return at.value;
            const label = at.id || at.getAttribute("aria-label");
            return label || (at.querySelector("strong") ?? at).textContent.trim();
        }"""
    )
    return name
