"""A mapping set applied to rows: source fields and calculated fields, placed at their XDM paths."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local_platform import xdm
from local_platform.services.data_prep.errors import ExpressionError, InvalidMapping
from local_platform.services.data_prep.expressions import compiled, value_at
from local_platform.services.data_prep.functions import number, text

Json = dict[str, Any]
CALCULATED = ("EXPRESSION", "text/x.aep-xl")
PLAIN = ("ATTRIBUTE", "text/x.schema-path")


@dataclass(frozen=True)
class Rule:
    """One mapping: what is read from a row, and the dotted path it goes to."""

    source: str
    destination: str
    calculated: bool


@dataclass(frozen=True)
class Refused:
    """Why a row or one of its fields could not be mapped."""

    destination: str
    message: str


def rules_of(mappings: Any) -> list[Rule]:
    """Rules from either spelling of a mapping (`source`/`destination` or the older attribute names).

    Raises:
        InvalidMapping: an entry without source or destination, or of a type that is not known.
    """
    if not isinstance(mappings, list):
        return []
    found: list[Rule] = []
    for item in mappings:
        source = (item.get("source") or item.get("sourceAttribute")) if isinstance(item, dict) else None
        destination = (item.get("destination") or item.get("destinationXdmPath")) if isinstance(item, dict) else None
        if not isinstance(source, str) or not isinstance(destination, str):
            raise InvalidMapping(f"The mapping {item!r} needs a source and a destination.")
        kind = item.get("sourceType", PLAIN[1])
        if kind not in CALCULATED + PLAIN:
            raise InvalidMapping(f"sourceType is {kind!r}; expected ATTRIBUTE or EXPRESSION.")
        found.append(Rule(source, destination, kind in CALCULATED))
    return found


def problem_of(rule: Rule, output: Json | None) -> str | None:
    """What is wrong with a rule, or None.

    Args:
        output: the output schema, resolved; None where none was given, as for activations.
    """
    if output is not None and xdm.field_at(output, rule.destination) is None:
        return f"The field {rule.destination} does not exist in the output schema."
    if not rule.calculated:
        return None
    try:
        compiled(rule.source)
    except ExpressionError as fault:
        return f"The expression of {rule.destination} is not valid: {fault}."
    return None


class Mapper:
    """Maps rows.

    Args:
        rules: of a mapping set.
        output: the output schema, resolved; values are converted to its types. None keeps values as they are.
    """

    def __init__(self, rules: list[Rule], output: Json | None) -> None:
        self._steps: list[tuple[Rule, Callable[[Mapping[str, Any]], Any], str]] = []
        for rule in rules:
            field = None if output is None else xdm.field_at(output, rule.destination)
            kind = "" if field is None else xdm.kind_of(field)
            self._steps.append((rule, compiled(rule.source) if rule.calculated else _reader(rule.source), kind))

    def map(self, row: Mapping[str, Any]) -> tuple[Json, list[Refused]]:
        """The row in XDM, and what of it could not be mapped; null values are left out."""
        made: Json = {}
        refused: list[Refused] = []
        for rule, evaluate, kind in self._steps:
            try:
                value = _converted(evaluate(row), kind)
            except (ExpressionError, TypeError, ValueError) as fault:
                refused.append(Refused(rule.destination, f"{fault}"))
                continue
            if value is not None:
                _place(made, rule.destination.strip("/").replace("/", ".").split("."), value)
        return made, refused


def _reader(path: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda row: value_at(row, path)


def _converted(value: Any, kind: str) -> Any:
    if value is None or value == "":
        return None
    if kind == "string":
        return text(value)
    if kind in ("int", "long"):
        return int(number(value))
    if kind == "double":
        return float(number(value))
    if kind == "boolean" and not isinstance(value, bool):
        return text(value).lower() in ("true", "yes", "y", "1")
    return value


def _place(into: Json, path: list[str], value: Any) -> None:
    for part in path[:-1]:
        into = into.setdefault(part, {})
    into[path[-1]] = value
