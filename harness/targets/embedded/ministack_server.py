"""Runs MiniStack with its functions executed by the rig's sandbox.

MiniStack administers functions, delivers events, retries and fills the failure queue. Its own executors
leave a function all of the machine and write log lines with made-up figures, so the one place where it
chooses an executor is replaced: the event goes to the sandbox at THUMBRIG_SANDBOX_URL, which also writes the
log. `ministack_permission` adds what MiniStack does not ask.
"""

from __future__ import annotations

import inspect
import json
import os
import urllib.error
import urllib.request
from typing import Any

from ministack import app
from ministack.services import lambda_svc

from harness.targets.embedded import ministack_permission

_SEAM = "_execute_function_dispatch"
_SEAM_PARAMETERS = ["func", "config", "event", "request_id", "started"]
# Beyond the function's own time-out, which the sandbox enforces: for its start, and for its turn in a burst.
_PATIENCE_SECONDS = 300.0


def _execute_in_sandbox(
    _function: dict[str, Any], config: dict[str, Any], event: object, request_id: str, _started: float
) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310  the rig's own URL
        os.environ["THUMBRIG_SANDBOX_URL"],
        data=json.dumps(event, ensure_ascii=False).encode(),
        headers={"X-Function-Name": config["FunctionName"], "X-Request-Id": request_id},
    )
    patience = float(config["Timeout"]) + _PATIENCE_SECONDS
    try:
        with urllib.request.urlopen(request, timeout=patience) as response:  # noqa: S310  as above
            return {"body": json.loads(response.read() or b"null")}
    except urllib.error.HTTPError as exc:
        return {"body": json.loads(exc.read()), "error": True, "function_error": "Unhandled"}
    except OSError as exc:
        body = {"errorType": "Sandbox.Unreachable", "errorMessage": str(exc)}
        return {"body": body, "error": True, "function_error": "Unhandled"}


def main() -> None:
    """Put the sandbox in the place of MiniStack's executors, then be MiniStack."""
    found = list(inspect.signature(getattr(lambda_svc, _SEAM, lambda: None)).parameters)
    if found != _SEAM_PARAMETERS:
        raise SystemExit(
            f"this MiniStack chooses its executor elsewhere: expected {_SEAM} to take {_SEAM_PARAMETERS}, "
            f"it takes {found}; install the version in constraints.txt"
        )
    setattr(lambda_svc, _SEAM, _execute_in_sandbox)
    ministack_permission.install()
    app.main()


if __name__ == "__main__":
    main()
