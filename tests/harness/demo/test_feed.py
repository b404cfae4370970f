from __future__ import annotations

import asyncio
import json

from harness.demo.feed import Feed, encode


def test_every_open_page_gets_each_change_until_the_feed_is_closed() -> None:
    feed = Feed()

    async def listen() -> list[bytes]:
        with feed.page() as events:
            return [event async for event in events]

    async def two_pages() -> list[list[bytes]]:
        pages = [asyncio.create_task(listen()) for _ in range(2)]
        await asyncio.sleep(0)
        # As the actions do: from another thread.
        await asyncio.to_thread(feed.publish, "photo", {"id": "1"})
        await asyncio.to_thread(feed.close)
        return await asyncio.gather(*pages)

    assert asyncio.run(two_pages()) == [[b'event: photo\ndata: {"id": "1"}\n\n']] * 2


def test_an_event_keeps_a_name_with_line_ends_on_one_line() -> None:
    name = "a\nb\r\ndata: c"
    event = encode("photo", {"name": name}).decode()

    assert event.count("\n") == 3
    assert json.loads(event.split("data: ", 1)[1]) == {"name": name}
