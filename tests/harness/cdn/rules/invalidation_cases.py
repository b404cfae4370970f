"""Which paths an invalidation may have, what they name, and how many are allowed."""

from __future__ import annotations

from collections.abc import Iterable

from harness.cdn.ledger import Ledger, RefusedError
from harness.cdn.rules.paths import invalidates, invalidation_problem
from tests.harness.cdn.rules.case import CREATE_INVALIDATION, INVALIDATION, NOW, Case, Edge, answer


def _fit(path: str) -> bool:
    return invalidation_problem(path) is None


def _code(*batches: Iterable[str], references: str = "abcdefgh") -> str:
    ledger = Ledger(progress_seconds=60)
    try:
        for reference, batch in zip(references, batches, strict=False):
            ledger.accept(list(batch), reference, now=NOW)
    except RefusedError as exc:
        return exc.code
    return "accepted"


def _numbered(count: int, *, start: int = 0, end: str = "") -> list[str]:
    return [f"/{number}{end}" for number in range(start, start + count)]


def _repeated() -> int:
    ledger = Ledger(progress_seconds=0)
    for _ in range(2):
        ledger.accept(["/a"], "same", now=NOW)
    return ledger.accepted_paths


def _invalidated_error() -> tuple[str, int]:
    edge = Edge()
    edge.request(answer(403))
    edge.cache.invalidate("/object")
    return edge.request(answer(200))


CASES = [
    Case("a path names itself", INVALIDATION, lambda: invalidates("/a.jpg", "/a.jpg"), expected=True),
    Case(
        "a path does not name what begins like it",
        INVALIDATION,
        lambda: invalidates("/a", "/a.jpg"),
        expected=False,
    ),
    Case("paths mind the case", INVALIDATION, lambda: invalidates("/A.jpg", "/a.jpg"), expected=False),
    Case("a directory's files", INVALIDATION, lambda: invalidates("/d/*", "/d/a.jpg"), expected=True),
    Case(
        "a directory's files, and those below",
        INVALIDATION,
        lambda: invalidates("/d/*", "/d/e/a.jpg"),
        expected=True,
    ),
    Case(
        "a directory with a slash is not its neighbour",
        INVALIDATION,
        lambda: invalidates("/d/*", "/dd/a.jpg"),
        expected=False,
    ),
    Case("without the slash it is", INVALIDATION, lambda: invalidates("/d*", "/dd/a.jpg"), expected=True),
    Case("all extensions", INVALIDATION, lambda: invalidates("/logo.*", "/logo.png"), expected=True),
    Case("a wildcard may stand for nothing", INVALIDATION, lambda: invalidates("/a*", "/a"), expected=True),
    Case("everything", INVALIDATION, lambda: invalidates("/*", "/a/b"), expected=True),
    Case(
        "what is not ASCII, encoded",
        INVALIDATION,
        lambda: invalidates("/%ed%95%9c", "/%ED%95%9C"),
        expected=True,
    ),
    Case(
        "what need not be encoded must not be",
        INVALIDATION,
        lambda: invalidates("/%61", "/a"),
        expected=False,
    ),
    Case("a path begins with a slash", INVALIDATION, lambda: _fit("a.jpg"), expected=False),
    Case("a wildcard is the last character", INVALIDATION, lambda: _fit("/a*.jpg"), expected=False),
    Case("a path has 4,000 characters", INVALIDATION, lambda: _fit("/" + "a" * 3_999), expected=True),
    Case("and no more", INVALIDATION, lambda: _fit("/" + "a" * 4_000), expected=False),
    Case("a space has to be encoded", INVALIDATION, lambda: _fit("/a b"), expected=False),
    Case("Korean has to be encoded", INVALIDATION, lambda: _fit("/\ud55c"), expected=False),
    Case("encoded it may be there", INVALIDATION, lambda: _fit("/%ED%95%9C%20b"), expected=True),
    Case("a remembered error can be invalidated", INVALIDATION, _invalidated_error, ("Miss", 200)),
    Case("a path that is unfit", CREATE_INVALIDATION, lambda: _code(["a"]), "InvalidArgument"),
    Case("no paths", CREATE_INVALIDATION, lambda: _code([]), "InvalidArgument"),
    Case("3,000 paths at once", INVALIDATION, lambda: _code(_numbered(3_000)), "accepted"),
    Case(
        "more than 3,000 in one batch", CREATE_INVALIDATION, lambda: _code(_numbered(3_001)), "BatchTooLarge"
    ),
    Case(
        "more than 3,000 in progress",
        INVALIDATION,
        lambda: _code(_numbered(3_000), ["/x"]),
        "TooManyInvalidationsInProgress",
    ),
    Case("15 wildcards in progress", INVALIDATION, lambda: _code(_numbered(15, end="*")), "accepted"),
    Case(
        "more than 15 wildcards in progress",
        INVALIDATION,
        lambda: _code(_numbered(15, end="*"), ["/x*"]),
        "TooManyInvalidationsInProgress",
    ),
    Case("the same batch again is the same invalidation", CREATE_INVALIDATION, _repeated, 1),
    Case(
        "another batch under the same reference",
        CREATE_INVALIDATION,
        lambda: _code(["/a"], ["/b"], references="aa"),
        "InvalidArgument",
    ),
]
