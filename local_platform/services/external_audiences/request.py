"""What a request to make, change or fill an external audience must say; the documented rules, the stricter where two
pages differ (`cloudType` is required by the table of the endpoint's page and missing in its example)."""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa

from local_platform.context import Context
from local_platform.landing_zone import CONTAINERS, UnsafeKey, safe_key
from local_platform.profile_store.flat import SYSTEM_COLUMNS
from local_platform.services.external_audiences.errors import BadAudience, NotNow
from local_platform.services.identities.state import Namespaces

Json = dict[str, Any]
TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "number": pa.float64(),
    "long": pa.int64(),
    "integer": pa.int32(),
    "date": pa.date32(),
    "datetime": pa.timestamp("ms", tz="UTC"),
    "boolean": pa.bool_(),
}
ORIGIN = "CUSTOM_UPLOAD"
NAMESPACE = "CustomerAudienceUpload"
FOLDER = CONTAINERS["user_drop_zone"]
# Of an upload in the interface; whether the API has the same limit is unconfirmed.
MOST_FIELDS = 25
DEFAULT_DAYS, MOST_DAYS = 30, 90
_KNOWN = frozenset(
    {
        "name",
        "description",
        "customAudienceId",
        "fields",
        "sourceSpec",
        "ttlInDays",
        "audienceType",
        "originName",
        "namespace",
        "labels",
        "tags",
    }
)
_CHANGEABLE = frozenset({"description", "labels", "fields", "ttlInDays"})
_CLOUDS = ("S3", "DLZ", "GCS", "Azure", "SFTP")
_WITH_CONNECTION = frozenset({"S3", "GCS", "SFTP"})
# What a column of a table may be called.
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,128}")


def checked(context: Context, body: Json) -> Json:
    """The description of a new audience, with what is left out filled in.

    Raises:
        BadAudience: something is missing, of the wrong kind, or not known.
        NotNow: it names a namespace or a connection that does not exist.
    """
    unknown = sorted(body.keys() - _KNOWN)
    if unknown:
        raise BadAudience(f"{unknown[0]!r} is no property of an external audience here; known: {_listed(_KNOWN)}.")
    name = body.get("name")
    if not isinstance(name, str) or not name.strip() or len(name) > 255:
        raise BadAudience("name is missing: a text of 1 to 255 characters.")
    if body.get("originName") != ORIGIN:
        raise BadAudience(f"originName is {body.get('originName')!r}; it must be {ORIGIN}.")
    if body.get("audienceType", "people") != "people":
        raise BadAudience(f"audienceType is {body['audienceType']!r}; only people is supported.")
    made: Json = {
        "name": name,
        "description": _text(body.get("description", ""), "description"),
        "fields": _fields(context, body.get("fields")),
        "sourceSpec": {"params": _source(context, body.get("sourceSpec"))},
        "ttlInDays": days(body.get("ttlInDays", DEFAULT_DAYS)),
        "labels": texts(body.get("labels", []), "labels"),
        "tags": texts(body.get("tags", []), "tags"),
        "audienceType": "people",
        "originName": ORIGIN,
        "namespace": _word(body.get("namespace", NAMESPACE), "namespace"),
    }
    if made["namespace"] == "ups":
        raise BadAudience("namespace 'ups' is that of the audiences which the platform computes.")
    if "customAudienceId" in body:
        made["customAudienceId"] = _word(body["customAudienceId"], "customAudienceId")
    return made


def changed(audience: Json, body: Json) -> Json:
    """What a PATCH changes of an audience: description, labels, labels of fields, days.

    Raises:
        BadAudience
    """
    unknown = sorted(body.keys() - _CHANGEABLE)
    if unknown or not body:
        wrong = f"{unknown[0]!r} cannot be changed" if unknown else "Nothing is to be changed"
        raise BadAudience(f"{wrong}; changeable are {_listed(_CHANGEABLE)}.")
    found: Json = {}
    if "description" in body:
        found["description"] = _text(body["description"], "description")
    if "labels" in body:
        found["labels"] = texts(body["labels"], "labels")
    if "ttlInDays" in body:
        found["ttlInDays"] = days(body["ttlInDays"])
    if "fields" in body:
        labels = _new_labels(audience["fields"], body["fields"])
        found["fields"] = [
            {**field, "labels": labels[field["name"]]} if field["name"] in labels else field
            for field in audience["fields"]
        ]
    return found


def window(body: Json) -> tuple[int, int | None]:
    """The times (epoch seconds, both exclusive) between which the files of a run were written.

    Raises:
        BadAudience
    """
    unknown = sorted(body.keys() - {"dataFilterStartTime", "dataFilterEndTime", "differentialIngestion"})
    if unknown:
        raise BadAudience(f"{unknown[0]!r} is no property of an ingestion run.")
    if not isinstance(body.get("differentialIngestion", True), bool):
        raise BadAudience("differentialIngestion must be true or false.")
    start = _seconds(body.get("dataFilterStartTime"), "dataFilterStartTime")
    if "dataFilterEndTime" not in body:
        return start, None
    end = _seconds(body["dataFilterEndTime"], "dataFilterEndTime")
    if end <= start:
        raise BadAudience("dataFilterEndTime must be later than dataFilterStartTime.")
    return start, end


def days(value: Any) -> int:
    """Days that data is kept; Adobe's own example sends them as text.

    Raises:
        BadAudience
    """
    found = _whole(value)
    if found is None or not 1 <= found <= MOST_DAYS:
        raise BadAudience(f"ttlInDays is {value!r}; expected 1 to {MOST_DAYS}.")
    return found


def texts(value: Any, name: str) -> list[str]:
    """A list of words.

    Raises:
        BadAudience
    """
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise BadAudience(f"{name} must be a list of texts.")
    return list(value)


def columns(fields: list[Json]) -> pa.Schema:
    """The columns of an audience's dataset."""
    return pa.schema([(field["name"], TYPES[field["type"]]) for field in fields])


def identity_of(fields: list[Json]) -> Json:
    """The field that says who is meant."""
    return next(field for field in fields if "identityNs" in field)


def _fields(context: Context, given: Any) -> list[Json]:
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_FIELDS:
        raise BadAudience(f"fields must be a list of 1 to {MOST_FIELDS} fields.")
    found = [_field(context, item) for item in given]
    names = [field["name"].lower() for field in found]
    if len(set(names)) < len(names):
        raise BadAudience("fields names a field twice (names are compared without case).")
    identities = [field for field in found if "identityNs" in field]
    if len(identities) != 1:
        raise BadAudience(f"{len(identities)} fields have an identityNs; exactly one says who is meant.")
    return found


def _field(context: Context, given: Any) -> Json:
    if not isinstance(given, dict):
        raise BadAudience("Each field must be an object with name and type.")
    unknown = sorted(given.keys() - {"name", "type", "identityNs", "labels"})
    if unknown:
        raise BadAudience(f"{unknown[0]!r} is no property of a field.")
    name, kind = given.get("name"), given.get("type")
    if not isinstance(name, str) or not _FIELD.fullmatch(name) or name.lower() in SYSTEM_COLUMNS:
        raise BadAudience(f"The field name {name!r} cannot be a column: letters, digits and underscores.")
    if not isinstance(kind, str) or kind not in TYPES:
        raise BadAudience(f"The type of field {name} is {kind!r}; expected one of {', '.join(TYPES)}.")
    found: Json = {"name": name, "type": kind}
    if "identityNs" in given:
        if kind != "string":
            raise BadAudience(f"The identity field {name} is of type {kind}; an identity is a string.")
        found["identityNs"] = _namespace(context, given["identityNs"])
    if "labels" in given:
        found["labels"] = texts(given["labels"], f"labels of field {name}")
    return found


def _namespace(context: Context, given: Any) -> str:
    codes = {entry["code"].lower(): str(entry["code"]) for entry in Namespaces(context.documents, context.clock).all()}
    code = codes.get(given.lower()) if isinstance(given, str) else None
    if code is None:
        raise NotNow(f"There is no identity namespace {given!r}; create it first.")
    return code


def _source(context: Context, given: Any) -> Json:
    params = given.get("params") if isinstance(given, dict) else None
    if not isinstance(params, dict):
        raise BadAudience("sourceSpec.params is missing: path, type and cloudType say where the files are.")
    path, kind, cloud = params.get("path"), params.get("type"), params.get("cloudType")
    if not isinstance(path, str) or not path.strip("/"):
        raise BadAudience("sourceSpec.params.path is missing: the file or folder that holds the audience.")
    if re.search(r"\s", path):
        raise BadAudience(f"sourceSpec.params.path is {path!r}; it cannot contain spaces.")
    try:
        key_of(params)
    except UnsafeKey as fault:
        raise BadAudience(f"sourceSpec.params.path: {fault}") from None
    if kind not in ("file", "folder"):
        raise BadAudience(f"sourceSpec.params.type is {kind!r}; expected file or folder.")
    if params.get("sourceType", "Cloud Storage") != "Cloud Storage":
        raise BadAudience(f"sourceSpec.params.sourceType is {params['sourceType']!r}; only Cloud Storage is supported.")
    if cloud not in _CLOUDS:
        raise BadAudience(f"sourceSpec.params.cloudType is {cloud!r}; expected one of {', '.join(_CLOUDS)}.")
    found: Json = {"path": path, "type": kind, "sourceType": "Cloud Storage", "cloudType": cloud}
    if cloud in _WITH_CONNECTION:
        connection = params.get("baseConnectionId")
        if not isinstance(connection, str) or not connection:
            raise BadAudience(f"sourceSpec.params.baseConnectionId is required with cloudType {cloud}.")
        if context.documents.get("flows.connections", connection) is None:
            raise NotNow(f"There is no base connection {connection}.")
        found["baseConnectionId"] = connection
    return found


def key_of(params: Json) -> str:
    """The path inside the drop zone; with or without the container's name, which pages differ about.

    Raises:
        UnsafeKey
    """
    return safe_key(str(params["path"]).strip("/").removeprefix(f"{FOLDER}/"))


def _new_labels(fields: list[Json], given: Any) -> dict[str, list[str]]:
    known = {field["name"]: field for field in fields}
    found: dict[str, list[str]] = {}
    for item in given if isinstance(given, list) else [given]:
        if not isinstance(item, dict) or not isinstance(item.get("name"), str) or item["name"] not in known:
            raise BadAudience(f"fields must be a list of fields of this audience: {', '.join(known)}.")
        field = known[item["name"]]
        other = [key for key in item if key != "labels" and item[key] != field.get(key)]
        if other:
            raise BadAudience(f"The {other[0]} of field {field['name']} cannot be changed; only its labels can.")
        found[field["name"]] = texts(item.get("labels", []), f"labels of field {field['name']}")
    return found


def _seconds(value: Any, name: str) -> int:
    found = _whole(value)
    if found is None or not 0 <= found < 10**11:
        raise BadAudience(f"{name} is {value!r}; expected epoch seconds.")
    return found


def _whole(value: Any) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,12}", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise BadAudience(f"{name} must be a text.")
    return value


def _word(value: Any, name: str) -> str:
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise BadAudience(f"{name} is {value!r}; expected letters, digits, '_', '-' and '.'.")
    return value


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))
