"""How AWS writes what LocalStack's notifications write otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote_plus, unquote

if TYPE_CHECKING:
    from datetime import datetime


def key_as_aws_encodes_it(encoded_key: str) -> str:
    """Encode a key as AWS does (a space as `+`) that LocalStack has encoded its way (`%20`)."""
    return quote_plus(unquote(encoded_key), safe="/")


def sequencer(moment: datetime) -> str:
    """Give a number that is the greater the later an object was put, in hexadecimal digits of equal count."""
    return f"{round(moment.timestamp() * 1_000_000):018X}"
