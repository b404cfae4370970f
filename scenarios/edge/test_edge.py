"""The last mile: what viewers get from the CDN, as its distribution is configured, a day at a time."""

from __future__ import annotations

import urllib.error
import urllib.request
import uuid
from urllib.parse import quote

import pytest

from fixtures.pictures import picture
from harness.application import Application
from harness.cdn.edge import Edge
from harness.deployment import Capability, Deployment
from harness.observe.viewer import Viewer

_DAY = 86_400
_YEAR = 365 * _DAY


@pytest.fixture
def thumbnail_key(application: Application) -> str:
    """The key of a thumbnail that is there, and that nobody has asked the edge for."""
    upload = application.upload(picture("grey.jpg").path(), "me & you.jpg")
    return application.wait_until_ready(upload).key


def _put(deployment: Deployment, key: str, body: bytes) -> None:
    deployment.aws.client("s3").put_object(Bucket=deployment.bucket, Key=key, Body=body)


def _invalidate(edge: Edge, *paths: str) -> None:
    edge.cloudfront.create_invalidation(
        DistributionId=edge.distribution_id,
        InvalidationBatch={
            "Paths": {"Quantity": len(paths), "Items": list(paths)},
            "CallerReference": str(uuid.uuid4()),
        },
    )


def test_the_first_viewer_misses_and_the_next_ones_hit(
    edge: Edge, viewer: Viewer, thumbnail_key: str
) -> None:
    """The first viewer gets a miss from the cache, the next ones a hit."""
    before = edge.counts()
    answers = [viewer.get_key(thumbnail_key) for _ in range(3)]

    assert [answer.x_cache for answer in answers] == ["Miss", "Hit", "Hit"]
    assert {(answer.status, answer.headers["content-type"]) for answer in answers} == {(200, "image/webp")}
    assert len({answer.body for answer in answers}) == 1
    assert edge.counts().since(before).origin_requests == 1


def test_age_tells_how_long_an_answer_has_been_there(edge: Edge, viewer: Viewer, thumbnail_key: str) -> None:
    """The Age header says how long an answer has been cached."""
    first = viewer.get_key(thumbnail_key)
    edge.clock.advance(3_600)
    later = viewer.get_key(thumbnail_key)

    assert "age" not in first.headers
    assert 3_600 <= int(later.headers["age"]) < 3_660
    assert later.headers["via"].endswith(".cloudfront.net (CloudFront)")


def test_a_thumbnail_is_kept_for_its_year_and_then_asked_for_by_its_tag(
    edge: Edge, viewer: Viewer, thumbnail_key: str
) -> None:
    """A thumbnail is cached for its year, then revalidated by its ETag."""
    first = viewer.get_key(thumbnail_key)
    edge.clock.advance(_YEAR - 60)
    within = viewer.get_key(thumbnail_key)
    edge.clock.advance(120)
    after = viewer.get_key(thumbnail_key)

    assert (within.x_cache, after.x_cache) == ("Hit", "RefreshHit")
    assert after.body == first.body
    assert viewer.get_key(thumbnail_key).x_cache == "Hit"


def test_an_object_without_headers_expires_after_a_day(
    edge: Edge, viewer: Viewer, deployment: Deployment
) -> None:
    """An object without caching headers expires after a day."""
    key = f"{deployment.destination_prefix}{uuid.uuid4()}"
    _put(deployment, key, b"yesterday's")
    viewer.get_key(key)
    _put(deployment, key, b"today's")
    edge.clock.advance(_DAY - 60)
    within = viewer.get_key(key)
    edge.clock.advance(120)
    after = viewer.get_key(key)

    assert (within.x_cache, within.body) == ("Hit", b"yesterday's")
    assert (after.x_cache, after.body) == ("Miss", b"today's")


def test_an_error_is_remembered_for_ten_seconds_though_the_thumbnail_is_there(
    edge: Edge, viewer: Viewer, deployment: Deployment
) -> None:
    """An error stays cached for ten seconds, although the thumbnail exists by then."""
    key = f"{deployment.destination_prefix}{uuid.uuid4()}.webp"
    too_early = viewer.get_key(key)
    _put(deployment, key, b"a thumbnail")
    there_but_not_seen = viewer.get_key(key)
    edge.clock.advance(10)
    seen = viewer.get_key(key)

    assert [answer.status for answer in (too_early, there_but_not_seen, seen)] == [403, 403, 200]
    assert [answer.x_cache for answer in (too_early, there_but_not_seen, seen)] == ["Error", "Error", "Miss"]


def test_a_missing_object_is_forbidden_not_missing(
    edge: Edge, viewer: Viewer, deployment: Deployment
) -> None:
    """A missing object is answered with 403, not 404."""
    answer = viewer.get_key(f"{deployment.destination_prefix}{uuid.uuid4()}.webp")

    assert (answer.status, answer.headers["content-type"]) == (403, "application/xml")
    assert b"<Code>AccessDenied</Code>" in answer.body
    assert edge.domain.endswith(".cloudfront.net")


def test_an_invalidation_names_one_object_or_all_that_begin_alike(
    edge: Edge, viewer: Viewer, deployment: Deployment
) -> None:
    """An invalidation names one object, or all whose paths start alike."""
    folder = f"{deployment.destination_prefix}{uuid.uuid4()}"
    keys = [f"{folder}/{name}" for name in ("one.webp", "two-small.webp", "two-large.webp", "three.webp")]
    for key in keys:
        _put(deployment, key, b"old")
        viewer.get_key(key)
        _put(deployment, key, b"new")
    _invalidate(edge, f"/{folder}/one.webp", f"/{folder}/two-*")

    assert [viewer.get_key(key).body for key in keys] == [b"new", b"new", b"new", b"old"]


def test_query_and_cookie_reach_the_same_entry(edge: Edge, viewer: Viewer, thumbnail_key: str) -> None:
    """Query strings and cookies do not split the cache."""
    viewer.get_key(thumbnail_key)
    before = edge.counts()
    path = f"/{quote(thumbnail_key)}"
    answers = [viewer.get(f"{path}?v=2"), viewer.get(path, Cookie="session=1")]

    assert [answer.x_cache for answer in answers] == ["Hit", "Hit"]
    assert edge.counts().since(before).origin_requests == 0


def test_a_webp_is_not_compressed_again(viewer: Viewer, thumbnail_key: str) -> None:
    """A WebP is not compressed again."""
    plain = viewer.get_key(thumbnail_key)
    willing = viewer.get_key(thumbnail_key, Accept_Encoding="gzip, br")

    assert "content-encoding" not in willing.headers
    assert willing.body == plain.body


def test_a_viewer_who_has_it_is_not_sent_it_again(viewer: Viewer, thumbnail_key: str) -> None:
    """A viewer who has the thumbnail already gets 304 and no body."""
    etag = viewer.get_key(thumbnail_key).headers["etag"]
    again = viewer.get_key(thumbnail_key, If_None_Match=etag)

    assert (again.status, again.body) == (304, b"")


def test_http_is_redirected_to_https(edge: Edge, viewer: Viewer, thumbnail_key: str) -> None:
    """HTTP is redirected to HTTPS."""
    path = f"/{quote(thumbnail_key)}"
    answer = viewer.request("GET", path, secure=False)

    assert (answer.status, answer.x_cache) == (301, "Redirect")
    assert answer.headers["location"] == edge.url + path


@pytest.mark.needs(Capability.IAM)
def test_past_the_edge_nobody_is_let_in(viewer: Viewer, deployment: Deployment, thumbnail_key: str) -> None:
    """Nobody can read the bucket except through the edge."""
    direct = f"{deployment.aws.endpoint_url}/{deployment.bucket}/{quote(thumbnail_key)}"
    with pytest.raises(urllib.error.HTTPError) as denied:
        urllib.request.urlopen(direct)  # noqa: S310  loopback
    denied.value.close()

    assert denied.value.code == 403
    assert viewer.get_key(thumbnail_key).status == 200
