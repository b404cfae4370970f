"""A person's page in front of one pipeline: uploads a photo, and gets over the gap in one way or another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scenarios.gap.strategies import PLACEHOLDER_KEY, Outcome, Visit, cross, prepare

if TYPE_CHECKING:
    from harness.application import Application
    from harness.cdn.edge import Edge
    from harness.deployment import Deployment
    from harness.observe.viewer import Viewer
    from scenarios.gap.strategies import Strategy

_PLACEHOLDER: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 150 150">'
    '<rect width="150" height="150" fill="#dde2e8"/><circle cx="75" cy="60" r="26" fill="#a3adba"/>'
    '<path d="M25 150a50 50 0 0 1 100 0z" fill="#a3adba"/></svg>'
)


class Page:
    """The page, the backend behind it, and the CDN between it and the bucket."""

    def __init__(self, application: Application, edge: Edge, browser: Viewer, photo: bytes) -> None:
        self._application = application
        self._edge = edge
        self._browser = browser
        self._photo = photo
        # The first upload starts the function, and tells what the picture will be: the same each time.
        self._expected = application.wait_until_ready(application.upload(photo, "first.jpg")).data

    def cross(self, strategy: Strategy) -> tuple[Visit, Outcome]:
        """Upload, and get to see the picture."""
        prepare(strategy, self._edge)
        # The page itself came from there: its connection is open.
        self._browser.get(self._edge.url)
        visit = Visit(
            application=self._application,
            edge=self._edge,
            browser=self._browser,
            upload=self._application.upload(self._photo, "me.jpg"),
            expected=self._expected,
        )
        return visit, cross(strategy, visit)


def put_placeholder(deployment: Deployment) -> None:
    """Put what is shown in the place of a missing picture where the CDN finds it."""
    deployment.aws.client("s3").put_object(
        Bucket=deployment.bucket, Key=PLACEHOLDER_KEY, Body=_PLACEHOLDER.encode(), ContentType="image/svg+xml"
    )
