"""A photo that changes: under a new address, which no cache knows, or under its old one, which many know."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixtures.pictures import picture
from harness.application import Application, NotReadyError
from harness.cdn.edge import Edge
from harness.deployment import Deployment
from harness.observe.outcome import DeployedApplication
from harness.observe.viewer import Viewer
from scenarios.journal import ApplicationOf

_DAY_SECONDS = 86_400


@pytest.fixture
def application(deployment: Deployment, edge: Edge, application_of: ApplicationOf) -> Application:
    """The application, with the edge as its CDN."""
    return application_of(deployment, edge=edge)


def test_a_replaced_photo_has_a_new_address_and_the_old_one_is_gone_at_once(
    application: Application, viewer: Viewer
) -> None:
    """A replaced photo has a new address, and the old one is gone at once."""
    old = application.upload(picture("grey.jpg").path(), "me.jpg")
    application.wait_until_ready(old)
    assert viewer.get(application.thumbnail_url(old.key)).status == 200

    replacement = application.replace(old.key, picture("photo-smooth.jpg").path(), "me.jpg")

    new = viewer.get(application.thumbnail_url(replacement.upload.key))
    assert replacement.upload.key != old.key
    assert (new.status, new.body) == (200, replacement.thumbnail.data)
    assert viewer.get(application.thumbnail_url(old.key)).status == 403


def test_a_photo_whose_replacement_is_refused_stays(application: Application, viewer: Viewer) -> None:
    """A photo stays if its replacement is refused."""
    old = application.upload(picture("grey.jpg").path(), "me.jpg")
    thumbnail = application.wait_until_ready(old)

    with pytest.raises(NotReadyError):
        application.replace(old.key, b"this is text", "me.jpg", timeout_seconds=0.5)

    assert viewer.get(application.thumbnail_url(old.key)).body == thumbnail.data


def test_an_address_put_anew_shows_the_old_photo_for_weeks_unless_it_is_invalidated(
    application: Application, deployment: Deployment, edge: Edge, viewer: Viewer
) -> None:
    """An overwritten photo stays cached for weeks unless it is invalidated."""
    upload = application.upload(picture("grey.jpg").path(), "me.jpg")
    url = application.thumbnail_url(upload.key)
    old = application.wait_until_ready(upload)
    viewer.get(url)

    new = application.overwrite(upload.key, picture("photo-smooth.jpg").path())
    invalidated = viewer.get(url)
    # This one has no CDN to invalidate.
    newest = DeployedApplication(deployment).overwrite(upload.key, picture("photo-dark.jpg").path())
    edge.clock.advance(30 * _DAY_SECONDS)
    a_month_later = viewer.get(url)

    assert (invalidated.cache, invalidated.body) == ("Miss from cloudfront", new.thumbnail.data)
    assert newest.invalidation is None
    assert len({old.data, new.thumbnail.data, newest.thumbnail.data}) == 3
    assert (a_month_later.cache, a_month_later.body) == ("Hit from cloudfront", new.thumbnail.data)


def test_a_deleted_photo_is_gone_at_the_edge_by_one_invalidation(
    application: Application, edge: Edge, viewer: Viewer
) -> None:
    """One invalidation removes a deleted photo from the edge."""
    upload = application.upload(picture("grey.jpg").path(), "me & you (1).jpg")
    application.wait_until_ready(upload)
    url = application.thumbnail_url(upload.key)
    assert viewer.get(url).status == 200

    deletion = application.delete(upload.key)

    assert deletion.invalidation is not None
    assert deletion.invalidation.error is None
    listed = edge.cloudfront.get_invalidation(
        DistributionId=edge.distribution_id, Id=deletion.invalidation.id or ""
    )
    paths = listed["Invalidation"]["InvalidationBatch"]["Paths"]["Items"]
    assert sorted(paths) == sorted(deletion.invalidation.paths)
    assert len(paths) == 2
    assert viewer.get(url).status == 403


def test_a_failed_invalidation_is_reported_and_the_photo_is_deleted_all_the_same(
    application: Application, deployment: Deployment, edge: Edge, viewer: Viewer
) -> None:
    """A failed invalidation is reported, and the photo is deleted all the same."""
    upload = application.upload(picture("grey.jpg").path(), "me.jpg")
    application.wait_until_ready(upload)
    url = application.thumbnail_url(upload.key)
    viewer.get(url)
    mistaken = Application(
        replace(application.pipeline, distribution_id="E0000000000000"),
        s3=deployment.aws.client("s3"),
        cloudfront=edge.cloudfront,
    )

    deletion = mistaken.delete(upload.key)

    assert deletion.invalidation is not None
    assert "NoSuchDistribution" in (deletion.invalidation.error or "")
    assert application.find(upload) is None
    # What the failed invalidation left, and what making up for it does.
    assert viewer.get(url).cache == "Hit from cloudfront"
    application.invalidate(upload.key, upload.thumbnail_key)
    assert viewer.get(url).status == 403
