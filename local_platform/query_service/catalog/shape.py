"""The relations of PostgreSQL's catalogue that can be read, and their columns.

They are what psql's `\\d` commands and the drivers of the documented clients read: SQLAlchemy's reflection, the JDBC
driver's DatabaseMetaData (DbVisualizer, RStudio), the ODBC driver (Tableau), Npgsql (Power BI).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa


class Column(NamedTuple):
    """A column of the catalogue and what it holds where nothing is said."""

    name: str
    type: pa.DataType
    default: Any


_KINDS: dict[str, tuple[pa.DataType, Any]] = {
    "i": (pa.int64(), 0),
    "t": (pa.string(), None),
    "b": (pa.bool_(), False),
    # Lists of numbers (conkey, indkey) and of texts (options, rights).
    "n": (pa.list_(pa.int16()), None),
    "a": (pa.list_(pa.string()), None),
}


def _columns(text: str) -> list[Column]:
    """Columns written as `name:kind` or `name:kind=default`."""
    found = []
    for part in text.split():
        name, _, rest = part.partition(":")
        kind, _, given = rest.partition("=")
        type, default = _KINDS[kind]
        found.append(Column(name, type, (int(given) if kind == "i" else given) if given else default))
    return found


CATALOG: dict[str, list[Column]] = {
    "pg_namespace": _columns("oid:i nspname:t nspowner:i=10 nspacl:a"),
    "pg_class": _columns(
        "oid:i relname:t relnamespace:i reltype:i reloftype:i relowner:i=10 relam:i relfilenode:i reltablespace:i "
        "relpages:i reltuples:i relallvisible:i reltoastrelid:i relhasindex:b relisshared:b relpersistence:t=p "
        "relkind:t relnatts:i relchecks:i relhasoids:b relhaspkey:b relhasrules:b relhastriggers:b relhassubclass:b "
        "relrowsecurity:b relforcerowsecurity:b relispopulated:b relreplident:t=d relispartition:b reloptions:a "
        "relacl:a relpartbound:t"
    ),
    "pg_attribute": _columns(
        "attrelid:i attname:t atttypid:i attstattarget:i=-1 attlen:i attnum:i attndims:i atttypmod:i=-1 attbyval:b "
        "attstorage:t=x attalign:t=i attnotnull:b atthasdef:b attidentity:t= attgenerated:t= attisdropped:b "
        "attislocal:b attinhcount:i attcollation:i attcompression:t= attacl:a attoptions:a attfdwoptions:a"
    ),
    "pg_type": _columns(
        "oid:i typname:t typnamespace:i typowner:i=10 typlen:i=-1 typbyval:b typtype:t=b typcategory:t=U "
        "typispreferred:b typisdefined:b typdelim:t=, typrelid:i typelem:i typarray:i typinput:i typoutput:i "
        "typreceive:i typsend:i typalign:t=i typstorage:t=x typnotnull:b typbasetype:i typtypmod:i=-1 typndims:i "
        "typcollation:i typdefault:t typacl:a spelled:t"
    ),
    "pg_proc": _columns(
        "oid:i proname:t pronamespace:i prorettype:i proisagg:b proiswindow:b prokind:t=f proretset:b proowner:i=10 "
        "prolang:i provolatile:t=i proparallel:t=s prosecdef:b pronargs:i proargtypes:n proallargtypes:n "
        "proargmodes:a proargnames:a proacl:a prosrc:t"
    ),
    "pg_database": _columns(
        "oid:i datname:t datdba:i=10 encoding:i=6 datcollate:t=en_US.UTF-8 datctype:t=en_US.UTF-8 datistemplate:b "
        "datallowconn:b datconnlimit:i=-1 datacl:a dattablespace:i=1663"
    ),
    "pg_roles": _columns(
        "oid:i rolname:t rolsuper:b rolinherit:b rolcreaterole:b rolcreatedb:b rolcanlogin:b rolreplication:b "
        "rolconnlimit:i=-1 rolvaliduntil:t rolbypassrls:b"
    ),
    "pg_settings": _columns("name:t setting:t unit:t category:t short_desc:t context:t vartype:t source:t"),
    "pg_auth_members": _columns("roleid:i member:i grantor:i admin_option:b"),
    "pg_attrdef": _columns("oid:i adrelid:i adnum:i adbin:t adsrc:t"),
    "pg_am": _columns("oid:i amname:t amtype:t"),
    "pg_collation": _columns("oid:i collname:t collnamespace:i collprovider:t collisdeterministic:b"),
    "pg_index": _columns(
        "indexrelid:i indrelid:i indnatts:i indnkeyatts:i indisunique:b indnullsnotdistinct:b indisprimary:b "
        "indisexclusion:b indimmediate:b indisclustered:b indisvalid:b indisreplident:b indkey:n indcollation:n "
        "indclass:n indoption:n indexprs:t indpred:t"
    ),
    "pg_constraint": _columns(
        "oid:i conname:t connamespace:i contype:t condeferrable:b condeferred:b convalidated:b conrelid:i contypid:i "
        "conindid:i conparentid:i confrelid:i confupdtype:t confdeltype:t confmatchtype:t conislocal:b connoinherit:b "
        "conkey:n confkey:n consrc:t"
    ),
    "pg_inherits": _columns("inhrelid:i inhparent:i inhseqno:i inhdetachpending:b"),
    "pg_trigger": _columns("oid:i tgrelid:i tgname:t tgisinternal:b tgenabled:t tgconstraint:i tgdeferrable:b"),
    "pg_language": _columns("oid:i lanname:t"),
    "pg_policy": _columns("oid:i polname:t polrelid:i polpermissive:b polcmd:t polqual:t polwithcheck:t polroles:n"),
    "pg_statistic_ext": _columns("oid:i stxrelid:i stxnamespace:i stxname:t stxkeys:n"),
    "pg_tablespace": _columns("oid:i spcname:t spcowner:i=10 spcacl:a spcoptions:a"),
    "pg_foreign_table": _columns("ftrelid:i ftserver:i ftoptions:a"),
    "pg_foreign_server": _columns("oid:i srvname:t"),
    "pg_description": _columns("objoid:i classoid:i objsubid:i description:t"),
    "pg_depend": _columns("classid:i objid:i objsubid:i refclassid:i refobjid:i refobjsubid:i deptype:t"),
    "pg_shdescription": _columns("objoid:i classoid:i description:t"),
    "pg_enum": _columns("oid:i enumtypid:i enumsortorder:i enumlabel:t"),
    "pg_range": _columns("rngtypid:i rngsubtype:i rngmultitypid:i"),
    "pg_sequence": _columns("seqrelid:i seqtypid:i seqstart:i seqincrement:i seqmax:i seqmin:i seqcache:i seqcycle:b"),
    "pg_opclass": _columns("oid:i opcname:t opcmethod:i opcdefault:b opcintype:i"),
    "pg_extension": _columns("oid:i extname:t extnamespace:i extversion:t"),
    "pg_partitioned_table": _columns("partrelid:i partstrat:t partnatts:i partattrs:n"),
}


def table(name: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """A relation of the catalogue as an Arrow table; what a row does not say is the column's default."""
    columns = CATALOG[name]
    arrays = [pa.array([row.get(each.name, each.default) for row in rows], each.type) for each in columns]
    return pa.table(arrays, names=[each.name for each in columns])
