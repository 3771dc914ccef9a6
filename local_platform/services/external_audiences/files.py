"""The files of an audience as a table of its columns. CSV with a header of exactly the audience's fields; a value that
does not convert fails the run (that no other format and no other column is accepted is unconfirmed)."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from local_platform.context import Context
from local_platform.services.external_audiences.request import FOLDER, Json, columns, identity_of, key_of
from local_platform.services.ingestion.casts import cast_leaf


class Unreadable(Exception):
    """The files cannot be ingested; the text says why."""


def existing(context: Context, params: Json) -> dict[str, int]:
    """Files that a source means, by their key, with the time they were written (epoch seconds)."""
    key = key_of(params)
    written = {name: int(at) for name, at in context.landing_zone.written(FOLDER).items()}
    if params["type"] == "file":
        return {name: at for name, at in written.items() if name == key}
    return {name: at for name, at in written.items() if name.startswith(f"{key}/")}


def table(context: Context, audience: Json, keys: list[str]) -> pa.Table:
    """The rows of some files, those without an identity left out.

    Raises:
        Unreadable
    """
    schema = columns(audience["fields"])
    parts = [_rows(context, key, schema) for key in keys]
    found = pa.concat_tables(parts)
    identity = found.column(identity_of(audience["fields"])["name"])
    return found.filter(pc.fill_null(pc.not_equal(identity, ""), False))


def _rows(context: Context, key: str, schema: pa.Schema) -> pa.Table:
    content = context.landing_zone.read(FOLDER, key)
    if not content:
        raise Unreadable(f"{key} is empty or gone.")
    texts = _read(key, content)
    wanted, given = set(schema.names), texts.column_names
    if len(set(given)) < len(given) or set(given) != wanted:
        missing, more = sorted(wanted - set(given)), sorted(set(given) - wanted)
        raise Unreadable(f"The header of {key} is not the audience's fields: missing {missing}, unknown {more}.")
    return pa.table(list(_cast(key, texts, schema)), schema=schema)


def _read(key: str, content: bytes) -> pa.Table:
    if not key.lower().endswith(".csv"):
        raise Unreadable(f"{key} is no CSV file.")
    options = {"null_values": [""], "strings_can_be_null": True, "quoted_strings_can_be_null": False}
    try:
        header = pacsv.read_csv(io.BytesIO(content.split(b"\n", 1)[0] + b"\n")).column_names
        kinds = {name: pa.string() for name in header}
        return pacsv.read_csv(
            io.BytesIO(content),
            parse_options=pacsv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            convert_options=pacsv.ConvertOptions(column_types=kinds, **options),
        )
    except (pa.ArrowException, UnicodeError) as fault:
        raise Unreadable(f"{key} cannot be read as CSV: {fault}") from None


def _cast(key: str, texts: pa.Table, schema: pa.Schema) -> Iterator[pa.Array]:
    for field in schema:
        source = texts.column(field.name).combine_chunks()
        converted, bad = cast_leaf(source, field.type)
        if bad is not None:
            value = pc.filter(source, pa.array(bad))[0].as_py()
            raise Unreadable(f"{key}: the value {value!r} of {field.name} is no {field.type}.")
        yield converted
