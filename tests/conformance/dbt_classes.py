"""dbt's public adapter conformance classes, and how a class runs against Query Service through our macros.

`python -m pytest tests/conformance/dbt_classes.py --select NAME ...` runs the named classes in this process against
the platform whose ready file DBT_CLASSES_READY names; `test_dbt_adapter.py` does it and judges the outcome.

What the classes bring is not touched. What stands around them speaks PostgreSQL and is told Query Service's ways: the
profile (one thread, TLS), the project (our macros, no quoting), and the questions the harness itself asks the server
(names without database and schema, SHOW TABLES in place of information_schema).
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import dbt.tests.adapter
import dbt.tests.fixtures.project as fixtures
import dbt.tests.util as util
import psycopg2
import pytest
import yaml
from dbt.tests.util import write_file

ROOT = Path(__file__).parents[2]
MACROS = ROOT / "dbt_project" / "macros"

READY = "DBT_CLASSES_READY"
SELECTED = "DBT_CLASSES_SELECTED"


def conformance_classes() -> dict[str, type]:
    """Every class of the package that is meant to be run as it is, by `module.Class`.

    That is one that has tests, from which no other class of the package is derived, and that brings all its fixtures:
    one that has a fixture which raises NotImplementedError is a frame for an adapter's own tests.
    """
    package = dbt.tests.adapter
    found: set[type] = set()
    home = Path(package.__path__[0])
    for file in sorted(home.rglob("*.py")):  # its folders are not all packages
        module = importlib.import_module(".".join((package.__name__, *file.relative_to(home).with_suffix("").parts)))
        for _, each in inspect.getmembers(module, inspect.isclass):
            if each.__module__ == module.__name__:
                found.add(each)
    parents = {base for each in found for base in each.__mro__[1:]}
    prefix = len(package.__name__) + 1
    return {
        f"{each.__module__[prefix:]}.{each.__name__}": each
        for each in sorted(found - parents, key=lambda each: (each.__module__, each.__name__))
        if any(name.startswith("test") for name in dir(each)) and not _is_a_frame(each)
    }


def _is_a_frame(each: type) -> bool:
    bodies = [member for name, member in inspect.getmembers(each) if not name.startswith("_")]
    fixtures_of_it = [getattr(body, "_fixture_function", getattr(body, "__wrapped__", None)) for body in bodies]
    return any("raise NotImplementedError" in inspect.getsource(body) for body in fixtures_of_it if body is not None)


def _bare(sql: str, schema: str, database: str) -> str:
    """Names without their database and schema, as Query Service writes them."""
    part = rf'(?:"?{re.escape(database)}"?\.)?"?{re.escape(schema)}"?\."?(\w+)"?'
    return re.sub(part, r"\1", sql, flags=re.I)


def _run_sql(adapter: Any, sql: str, fetch: str | None = None) -> Any:
    """As dbt's own: the harness's probes go to the server under Query Service's names."""
    if not sql.strip():
        return None
    given = adapter.config.credentials
    if re.fullmatch(rf"\s*drop schema if exists {given.schema} cascade\s*", sql, re.I):
        return _drop_everything(adapter)
    values = {"schema": given.schema, "database": adapter.quote(given.database)}
    bare = _bare(sql.format(**values), given.schema, given.database)
    with util.get_connection(adapter, "__test") as connection:
        cursor = connection.handle.cursor()
        try:
            cursor.execute(bare)
            if fetch == "one":
                return cursor.fetchone()
            return cursor.fetchall() if fetch == "all" else None
        finally:
            connection.transaction_open = False
            connection.handle.commit()


def _drop_everything(adapter: Any) -> None:
    """What dropping its schema means to a class: nothing of it is there any more."""
    with util.get_connection(adapter, "__drop") as connection:
        _empty(connection.handle.cursor())
        connection.transaction_open = False
        connection.handle.commit()


def _empty(cursor: Any) -> None:
    for what in ("VIEW", "TABLE"):
        for name in _shown(cursor, what + "S"):
            cursor.execute(f"DROP {what} IF EXISTS {name}")


def _shown(cursor: Any, what: str) -> list[str]:
    """Names that SHOW TABLES or SHOW VIEWS gives."""
    cursor.execute(f"SHOW {what}")
    place = [column.name.lower() for column in cursor.description].index("name")
    return [row[place] for row in cursor.fetchall()]


def _relations(adapter: Any) -> dict[str, str]:
    with util.get_connection(adapter, "__relations") as connection:
        cursor = connection.handle.cursor()
        views = dict.fromkeys(_shown(cursor, "VIEWS"), "view")
        tables = dict.fromkeys(_shown(cursor, "TABLES"), "table")
        connection.transaction_open = False
        connection.handle.commit()
    return tables | views


def _tables_in_schema(project: fixtures.TestProjInfo) -> dict[str, str]:
    return _relations(project.adapter)


def _relation_from_name(adapter: Any, name: str) -> Any:
    found = _PLAIN_RELATION(adapter, name).include(database=False, schema=False)
    return found.quote(database=False, schema=False, identifier=False)


def _relation_columns(adapter: Any, name: str) -> Any:
    """PostgreSQL's catalogue has no column of a table that is not there; here it is an error to ask."""
    return _PLAIN_COLUMNS(adapter, name) if name.lower() in _relations(adapter) else []


_PLAIN_RELATION = util.relation_from_name
_PLAIN_COLUMNS = util.get_relation_columns


def speak_to_query_service() -> None:
    """What the harness asks the server itself, in Query Service's names; before the classes are imported."""
    util.run_sql_with_adapter = fixtures.run_sql_with_adapter = _run_sql
    util.relation_from_name = _relation_from_name
    util.get_relation_columns = _relation_columns
    fixtures.TestProjInfo.get_tables_in_schema = _tables_in_schema
    # There is one namespace, and it is always there.
    fixtures.TestProjInfo.create_test_schema = lambda project, schema_name=None: None
    fixtures.TestProjInfo.drop_test_schema = lambda project: None


@pytest.fixture(scope="class")
def prefix() -> str:
    return "conformance"


@pytest.fixture(scope="class")
def unique_schema() -> str:
    return "conformance"


@pytest.fixture(scope="class")
def dbt_profile_target() -> dict[str, Any]:
    ready = json.loads(Path(os.environ[READY]).read_text())
    return {
        "type": "postgres",
        "threads": 1,
        "host": ready["sql_host"],
        "port": ready["sql_port"],
        "user": ready["user"],
        "pass": ready["password"],
        "dbname": ready["dbname"],
        "sslmode": "require",
    }


@pytest.fixture(scope="class")
def dbt_profile_data(
    unique_schema: str, dbt_profile_target: dict[str, Any], profiles_config_update: dict[str, Any]
) -> dict[str, Any]:
    """Target `prod`: names without a prefix, as in production."""
    target = dbt_profile_target | {"schema": unique_schema}
    profile = {"test": {"outputs": {"default": target, "prod": target}, "target": "prod"}}
    profile.update(profiles_config_update or {})
    return profile


@pytest.fixture(scope="class")
def project_root(tmpdir_factory: pytest.TempdirFactory) -> Any:
    root = tmpdir_factory.mktemp("project")
    shutil.copytree(MACROS, Path(root) / "our_macros")
    return root


@pytest.fixture(scope="class")
def dbt_project_yml(project_root: Any, project_config_update: Any) -> dict[str, Any]:
    config: dict[str, Any] = {
        "name": "test",
        "profile": "test",
        "flags": {"send_anonymous_usage_stats": False},
        "macro-paths": ["macros", "our_macros"],
        "quoting": {"database": False, "schema": False, "identifier": False},
        "query-comment": None,
    }
    update = project_config_update or {}
    config.update(yaml.safe_load(update) if isinstance(update, str) else update)
    config["macro-paths"] = [*(path for path in config["macro-paths"] if path != "our_macros"), "our_macros"]
    write_file(yaml.safe_dump(config), project_root, "dbt_project.yml")
    return config


@pytest.fixture(scope="class")
def test_data_dir(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the files that lie beside the class; not there if there are none."""
    folder = tmp_path_factory.mktemp("beside") / "data"
    beside = Path(inspect.getfile(request.cls.__mro__[1])).parent
    for file in (beside / "data").glob("*"):
        folder.mkdir(exist_ok=True)
        shutil.copyfile(file, folder / file.name)
    return folder


@pytest.fixture(scope="class")
def project_files(project_files: None, project_root: Any) -> None:
    """A class that brings a macro of its own means it to be used."""
    for file in (Path(project_root) / "macros").rglob("*.sql"):
        for name in re.findall(r"{%-?\s*macro\s+(\w+)", file.read_text()):
            for ours in (Path(project_root) / "our_macros").rglob(f"{name}.sql"):
                ours.unlink()


@pytest.fixture(scope="class", autouse=True)
def _an_empty_sandbox(dbt_profile_target: dict[str, Any]) -> None:
    given = {"password" if name == "pass" else name: value for name, value in dbt_profile_target.items()}
    names = ("host", "port", "user", "password", "dbname", "sslmode")
    connection = psycopg2.connect(**{name: given[name] for name in names})
    connection.autocommit = True
    with connection.cursor() as cursor:
        _empty(cursor)
    connection.close()


if SELECTED in os.environ:
    speak_to_query_service()
    _classes = conformance_classes()
    for _name in os.environ[SELECTED].split(","):
        # Where the server is, is not for a class to say.
        _own = {"__module__": __name__, "dbt_profile_target": staticmethod(dbt_profile_target)}
        globals()["Test " + _name] = type("Test " + _name, (_classes[_name],), _own)
