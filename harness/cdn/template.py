"""Reads a distribution from a stack's template, where the target has no CloudFront to ask.

The template names its parts by parameters, references and substitutions; these are resolved as CloudFormation
does, and the outcome is brought into the form in which the CloudFront API would describe it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

from harness.errors import ThumbrigError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SUBSTITUTION: Final = re.compile(r"\$\{([^!}]+)\}")
# What is a plain list in a template has a count beside it in the API.
_PLAIN_LISTS: Final = frozenset({"Tags"})


class UnreadableTemplateError(ThumbrigError):
    """Raised when a template does not describe a distribution that can be resolved."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"expected a template with one CloudFront distribution: {reason}")


@dataclass(frozen=True, kw_only=True)
class Names:
    """What the template's names stand for: parameters, pseudo parameters, and the parts that exist."""

    parameters: Mapping[str, str]
    attributes: Mapping[str, str]


class Template:
    """A template's resources, resolved one by one."""

    def __init__(self, text: str, names: Names) -> None:
        document = yaml.load(text, Loader=_Loader)  # noqa: S506  a safe loader that knows the template's tags
        self._resources: dict[str, Any] = document.get("Resources", {})
        defaults = {
            name: str(parameter["Default"])
            for name, parameter in document.get("Parameters", {}).items()
            if "Default" in parameter
        }
        self._parameters = {**defaults, **names.parameters}
        self._attributes = names.attributes

    def only(self, kind: str) -> tuple[str, dict[str, Any]]:
        """Give the one resource of a type: its name and its resolved properties."""
        found = self.all(kind)
        if len(found) != 1:
            raise UnreadableTemplateError(f"it has {len(found)} of type {kind}")
        return next(iter(found.items()))

    def all(self, kind: str) -> dict[str, dict[str, Any]]:
        """Give all resources of a type."""
        return {
            name: self._resolve(resource.get("Properties", {}))
            for name, resource in self._resources.items()
            if resource["Type"] == kind
        }

    def _resolve(self, value: Any) -> Any:  # noqa: ANN401  a tree of YAML
        if isinstance(value, _Call):
            return self._call(value)
        if isinstance(value, dict):
            return {name: self._resolve(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self._resolve(one) for one in value]
        return value

    def _call(self, call: _Call) -> str:
        if call.function == "Ref":
            return self._name(call.argument)
        if call.function == "GetAtt":
            argument = call.argument
            return self._name(argument if isinstance(argument, str) else ".".join(argument))
        if call.function == "Sub" and isinstance(call.argument, str):
            return _SUBSTITUTION.sub(lambda match: self._name(match[1]), call.argument)
        raise UnreadableTemplateError(f"!{call.function} is not one of !Ref, !GetAtt, !Sub")

    def _name(self, name: str) -> str:
        for known in (self._parameters, self._attributes):
            if name in known:
                return known[name]
        # A part that the target did not make is named by its own name; it only has to be the same everywhere.
        if name.partition(".")[0] in self._resources:
            return name.partition(".")[0]
        raise UnreadableTemplateError(f"{name} stands for nothing")


def api_form(properties: Any) -> Any:  # noqa: ANN401  a tree of YAML
    """Bring a template's properties into the API's form: lists get their Quantity."""
    if isinstance(properties, list):
        return {"Quantity": len(properties), "Items": [api_form(one) for one in properties]}
    if not isinstance(properties, dict):
        return properties
    given = {name: value if name in _PLAIN_LISTS else api_form(value) for name, value in properties.items()}
    # In the API the cached methods are a part of the allowed ones.
    if "CachedMethods" in given:
        cached = given.pop("CachedMethods")
        given["AllowedMethods"] = {**given.get("AllowedMethods", {}), "CachedMethods": cached}
    return given


@dataclass(frozen=True)
class _Call:
    function: str
    argument: Any


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms."""


def _construct(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> _Call:
    if isinstance(node, yaml.ScalarNode):
        return _Call(suffix, loader.construct_scalar(node))
    if isinstance(node, yaml.SequenceNode):
        return _Call(suffix, loader.construct_sequence(node, deep=True))
    raise UnreadableTemplateError(f"!{suffix} has a mapping")


_Loader.add_multi_constructor("!", _construct)
