"""XDM resolves to one tree and one Arrow schema, and back."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from local_platform import xdm
from local_platform.services.schema_registry.library import library

Json = dict[str, Any]


def lookup(id: str) -> Json | None:
    return next((resources[id] for resources in library().values() if id in resources), None)


def custom(**fields: Json) -> Json:
    return {"properties": {"_acme": {"type": "object", "properties": fields}}}


def arrow(**fields: Json) -> pa.DataType:
    return xdm.arrow_schema(xdm.resolve(custom(**fields), lookup)).field("_acme").type


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ({"type": "string"}, pa.string()),
        ({"type": "boolean"}, pa.bool_()),
        ({"type": "number"}, pa.float64()),
        ({"type": "integer"}, pa.int32()),
        ({"type": "integer", "minimum": 1, "maximum": 100}, pa.int32()),
        ({"type": "integer", "minimum": -(2**53 - 1), "maximum": 2**53 - 1}, pa.int64()),
        ({"type": "string", "format": "date"}, pa.date32()),
        ({"type": "string", "format": "date-time"}, pa.timestamp("ms", tz="UTC")),
        ({"type": "string", "format": "uri"}, pa.string()),
        ({"type": "array", "items": {"type": "integer"}}, pa.list_(pa.field("element", pa.int32()))),
        ({"type": "object", "additionalProperties": {"type": "number"}}, pa.map_(pa.string(), pa.float64())),
        ({"type": "object", "properties": {"x": {"type": "string"}}}, pa.struct([("x", pa.string())])),
    ],
)
def test_types_are_those_of_adobes_table(field: Json, expected: pa.DataType) -> None:
    assert arrow(f=field).field("f").type == expected


def test_parts_of_a_schema_are_united_field_by_field() -> None:
    schema = {"allOf": [custom(a={"type": "string"}), custom(b={"type": "number"}), {"$ref": xdm.EVENT_CLASS}]}
    resolved = xdm.resolve(schema, lookup)
    assert list(resolved["properties"]["_acme"]["properties"]) == ["a", "b"]
    assert resolved["required"] == ["_id", "timestamp"]


def test_two_types_for_one_field_are_refused() -> None:
    schema = {"allOf": [custom(a={"type": "string"}), custom(a={"type": "number"})]}
    with pytest.raises(xdm.XdmError, match=r"/_acme/a.*string.*number"):
        xdm.resolve(schema, lookup)


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"allOf": [{"$ref": "https://ns.adobe.com/none"}]}, "no known resource"),
        ({"allOf": [{"$ref": "#/definitions/none"}], "definitions": {}}, "does not exist"),
        ({"definitions": {"a": {"$ref": "#/definitions/a"}}, "allOf": [{"$ref": "#/definitions/a"}]}, "refers back"),
    ],
)
def test_a_reference_that_leads_nowhere_is_refused(schema: Json, said: str) -> None:
    with pytest.raises(xdm.XdmError, match=said):
        xdm.resolve(schema, lookup)


def test_every_resource_of_the_library_resolves_and_can_be_stored() -> None:
    for resources in library().values():
        for resource in resources.values():
            resolved = xdm.resolve(resource, lookup)
            assert xdm.arrow_schema(resolved) is not None
            assert resource["meta:altId"].startswith("_")


def test_columns_describe_themselves_as_xdm_and_come_back_the_same() -> None:
    columns = pa.schema(
        [
            ("user_id", pa.string()),
            ("n", pa.int64()),
            ("small", pa.int32()),
            ("as_of", pa.timestamp("ms", tz="UTC")),
            ("born", pa.date32()),
            ("_acme", pa.struct([("score", pa.float64()), ("tags", pa.list_(pa.field("element", pa.string())))])),
            ("ids", pa.map_(pa.string(), pa.bool_())),
        ]
    )
    assert xdm.arrow_schema(xdm.from_arrow(columns)) == columns


def test_a_field_is_found_by_either_way_of_writing_its_path() -> None:
    resolved = xdm.resolve(custom(a={"type": "string"}), lookup)
    assert xdm.field_at(resolved, "/_acme/a") == xdm.field_at(resolved, "_acme.a") == {"type": "string"}
    assert xdm.field_at(resolved, "/_acme/b") is None
    assert [path for path, _ in xdm.leaves(resolved)] == ["_acme.a"]
