"""Whether a resource's policy lets a service of AWS do something: a bucket's CloudFront, a function's S3.

Emulators know no service principals: with the account's credentials a request always succeeds, with a
role's it never does. So the rig reads the deployed policy and decides as AWS would:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

_OPERATORS: Final = {
    "StringEquals": (False, False),
    "StringLike": (False, True),
    "ArnEquals": (False, True),
    "ArnLike": (False, True),
    "StringNotEquals": (True, False),
    "StringNotLike": (True, True),
    "ArnNotEquals": (True, True),
    "ArnNotLike": (True, True),
}


@dataclass(frozen=True, kw_only=True)
class Access:
    """What a service wants: an action on a resource, for a resource of its own that is the source."""

    service: str
    action: str
    resource: str
    source_arn: str
    source_account: str

    @property
    def context(self) -> dict[str, str]:
        """The condition keys of the request, in lower case."""
        return {"aws:sourcearn": self.source_arn, "aws:sourceaccount": self.source_account}


def allows(policy: Mapping[str, Any] | None, access: Access) -> bool:
    """Return whether the policy allows the access and nothing in it denies it."""
    statements = [
        statement for statement in _listed((policy or {}).get("Statement")) if _covers(statement, access)
    ]
    effects = {statement.get("Effect") for statement in statements}
    return "Allow" in effects and "Deny" not in effects


def _covers(statement: Mapping[str, Any], access: Access) -> bool:
    return (
        _names_service(statement, access.service)
        and _names(statement, "Action", access.action, ignore_case=True)
        and _names(statement, "Resource", access.resource, ignore_case=False)
        and _conditions_hold(statement, access.context)
    )


def _names_service(statement: Mapping[str, Any], service: str) -> bool:
    if "NotPrincipal" in statement:
        return not _is_service(statement["NotPrincipal"], service)
    return _is_service(statement.get("Principal"), service)


def _is_service(principal: object, service: str) -> bool:
    if isinstance(principal, dict):
        return service in _listed(principal.get("Service"))
    return principal == "*"


def _names(statement: Mapping[str, Any], name: str, value: str, *, ignore_case: bool) -> bool:
    flags = re.IGNORECASE if ignore_case else 0
    if f"Not{name}" in statement:
        return not _matches(_listed(statement[f"Not{name}"]), value, flags)
    return _matches(_listed(statement.get(name)), value, flags)


def _conditions_hold(statement: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    for operator, wanted in (statement.get("Condition") or {}).items():
        negated, wild = _OPERATORS.get(operator, (None, False))
        if negated is None:
            # An operator that is not known here: an Allow does not count, a Deny does.
            return bool(statement.get("Effect") == "Deny")
        for key, values in wanted.items():
            value = context.get(key.lower())
            patterns = [str(one) for one in _listed(values)]
            found = value is not None and (_matches(patterns, value, 0) if wild else value in patterns)
            if found == negated:
                return False
    return True


def _matches(patterns: Iterable[str], value: str, flags: int) -> bool:
    return any(re.fullmatch(_regex(pattern), value, flags | re.DOTALL) for pattern in patterns)


def _regex(pattern: str) -> str:
    return re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")


def _listed(value: Any) -> list[Any]:  # noqa: ANN401  policies give one thing or a list of it
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
