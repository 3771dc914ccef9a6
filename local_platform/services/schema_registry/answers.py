"""How the registry shows things: the forms that Accept asks for, filters, order and pages."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local_platform import xdm
from local_platform.http import Call
from local_platform.problems import BadRequest
from local_platform.services.schema_registry.errors import BadAccept
from local_platform.services.schema_registry.state import Registry

Json = dict[str, Any]

_ACCEPT = re.compile(
    r"application/vnd\.adobe\.(?P<family>xed|xdm)(?P<paging>-v2)?"
    r"(?P<forms>(?:-(?:full|id|link|notext|desc|flat|deprecatefield|deprecated))*)\+json(?:\s*;\s*version=(?P<version>\d+)(?:\.0)?)?\s*"
)
_FILTER = re.compile(r"(?P<path>[^=!<>~]+)(?:(?P<operator>==|!=|<=|>=|<|>|~)(?P<value>.*))?", re.S)
_COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_LARGEST_PAGE = 500


@dataclass(frozen=True)
class Form:
    """A parsed Accept header."""

    full: bool
    id_only: bool
    link: bool
    text: bool
    flat: bool
    paging: bool


def list_form(call: Call) -> Form:
    """The form a list call asks for; it may not name a version.

    Raises:
        BadAccept
    """
    seen = call.header("accept")
    match = _ACCEPT.fullmatch(seen)
    if match is None or match["version"]:
        raise BadAccept(1006, seen, "application/vnd.adobe.'{xed|xdm'}+json")
    return _form(match)


def look_up_form(call: Call) -> Form:
    """The form a look-up asks for; it must name version 1.

    Raises:
        BadAccept
    """
    seen = call.header("accept")
    match = _ACCEPT.fullmatch(seen)
    if match is None or match["version"] != "1":
        raise BadAccept(1007, seen, "application/vnd.adobe.'{xed|xdm'}+json; version=1 (Version should be specified)")
    return _form(match)


def descriptor_form(call: Call, *, listing: bool) -> Form:
    """The form a descriptor call asks for: the `xdm` family, no version.

    Raises:
        BadAccept
    """
    seen = call.header("accept")
    match = _ACCEPT.fullmatch(seen)
    if match is None or match["family"] != "xdm" or match["version"]:
        wanted = "application/vnd.adobe.xdm-id+json" if listing else "application/vnd.adobe.xdm+json"
        raise BadAccept(1008 if listing else 1009, seen, wanted)
    return _form(match)


def _form(match: re.Match[str]) -> Form:
    forms = set(match["forms"].split("-"))
    return Form(
        full="full" in forms,
        id_only="id" in forms,
        link="link" in forms,
        text="notext" not in forms,
        flat="flat" in forms,
        paging=match["paging"] is not None,
    )


def show(registry: Registry, resource: Json, form: Form) -> Json:
    """One resource in the form asked for."""
    shown = resource
    if form.flat:
        resolved = registry.resolved(resource["$id"])
        fields = {path.replace(".", "/"): field for path, field in xdm.leaves(xdm.with_xdm_types(resolved))}
        shown = {**without_references(resource, resolved), "properties": fields}
    elif form.full:
        shown = without_references(resource, registry.resolved(resource["$id"]))
    return shown if form.text else _without_text(shown, top=True)


def without_references(resource: Json, resolved: Json) -> Json:
    """A resource with the fields of its resolved form in place of its references."""
    typed = xdm.with_xdm_types(resolved)
    fields = {key: typed[key] for key in ("properties", "required") if key in typed}
    return {**{key: value for key, value in resource.items() if key not in ("allOf", "definitions")}, **fields}


def summary(resource: Json) -> Json:
    """What `xed-id` lists show."""
    return {key: resource[key] for key in ("$id", "meta:altId", "version", "title")}


def page(call: Call, resources: list[Json], form: Form) -> Json:
    """A list answer: filtered by `property`, ordered by `orderby`, from `start`, at most `limit` long."""
    order = call.query("orderby") or "updated"
    limit = call.integer("limit", 300, least=1, most=_LARGEST_PAGE)
    for condition in call.request.query_params.getlist("property"):
        resources = [resource for resource in resources if matches(resource, condition)]
    for field in reversed(order.split(",")):
        resources = sorted(
            resources, key=lambda item: _sort_key(item, field.lstrip("-")), reverse=field.startswith("-")
        )
    first = order.split(",")[0]
    start = call.query("start")
    if start:
        resources = [resource for resource in resources if _is_after(resource, first, start)]
    shown, following = _cut(resources, first, limit)
    results = [summary(resource) if form.id_only else dict(resource) for resource in shown]
    links = {"next": None if following is None else _next_link(call, following)}
    return {"results": results, "_page": {"orderby": order, "next": following, "count": len(results)}, "_links": links}


def _cut(resources: list[Json], order: str, limit: int) -> tuple[list[Json], str | None]:
    """At most `limit` resources, or more where the last ones share their sort value: `start` is strictly after."""
    name = order.lstrip("-")
    end = limit
    while limit <= end < len(resources) and _sort_key(resources[end], name) == _sort_key(resources[end - 1], name):
        end += 1
    if end >= len(resources):
        return resources, None
    return resources[:end], str(_value(resources[end - 1], name))


def _next_link(call: Call, following: str) -> Json:
    return {"href": str(call.request.url.include_query_params(start=following))}


def _value(resource: Json, name: str) -> Any:
    if name == "updated":
        return resource.get("meta:registryMetadata", {}).get("repo:lastModifiedDate", 0)
    if name == "created":
        return resource.get("meta:registryMetadata", {}).get("repo:createdDate", 0)
    return resource.get(name, "")


def _sort_key(resource: Json, name: str) -> tuple[int, Any]:
    value = _value(resource, name)
    return (0, value) if isinstance(value, int | float) else (1, str(value))


def _is_after(resource: Json, order: str, start: str) -> bool:
    name = order.lstrip("-")
    value = _value(resource, name)
    border: Any = start
    if isinstance(value, int | float):
        try:
            border = float(start)
        except ValueError:
            raise BadRequest(f"start is {start!r}, but {name!r} is a number.") from None
    else:
        value = str(value)
    return bool(value < border) if order.startswith("-") else bool(value > border)


def matches(resource: Json, condition: str) -> bool:
    """Whether a resource passes a `property` filter: `title==X`, `meta:extends!=Y`, `title~^X`, or just a name.

    Raises:
        BadRequest
    """
    match = _FILTER.fullmatch(condition)
    if match is None:
        raise BadRequest(f"The filter property={condition!r} cannot be read; write property=title==X.")
    stored = resource.get(match["path"].strip())
    if match["operator"] is None:
        return stored is not None
    wanted = match["value"].strip()
    values = (
        [str(value) for value in stored] if isinstance(stored, list) else [str(stored)] if stored is not None else []
    )
    if match["operator"] == "==":
        return wanted in values
    if match["operator"] == "!=":
        return wanted not in values
    if match["operator"] == "~":
        try:
            return any(re.search(wanted, value) for value in values)
        except re.error:
            raise BadRequest(f"The filter property={condition!r} holds no valid regular expression.") from None
    compare = _COMPARISONS[match["operator"]]
    return any(compare(value, wanted) for value in values)


def _without_text(node: Json, *, top: bool = False) -> Json:
    out: Json = {}
    for key, value in node.items():
        if key in ("title", "description") and isinstance(value, str) and not top:
            continue
        if key in ("properties", "definitions"):
            out[key] = {name: _without_text(child) for name, child in value.items()}
        else:
            out[key] = _without_text(value) if isinstance(value, dict) else value
    return out
