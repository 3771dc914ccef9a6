"""What is wrong, one thing at a time, and what to do about each.

Nothing is changed: permissions are tried by harmless reads. Things that only a licence decides are warnings, with the
level that is reached without it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from runner.blueprints import Blueprint, blueprints
from runner.errors import PermissionDenied, PlatformError, PropensityError, SettingsError
from runner.featurize import end_of_newest_complete_day, read_history, require_history
from runner.platform import Platform
from runner.settings import Connection, Settings, UseCase
from runner.setup import checked_tenant, missing
from runner.sql import SqlClient, identifier

_PROBE = "propensity_doctor_probe"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    `seen` says what was found, `remedy` what to do when it is not right. A `warning` does not stop the pipeline.
    """

    name: str
    ok: bool
    seen: str
    remedy: str = ""
    warning: bool = False

    @property
    def failed(self) -> bool:
        return not self.ok and not self.warning


def examine(
    settings: Settings, connection: Connection | None = None, *, probe: bool = False, platform: Platform | None = None
) -> list[Check]:
    """Look at everything the pipeline needs.

    Args:
        connection: None reads the environment, and a missing variable is a failed check.
        probe: also build and drop a one-row table, to see whether Data Distiller is licensed.
        platform: used instead of a new client over `connection`.
    """
    return list(_checks(settings, connection, probe, platform))


def _checks(
    settings: Settings, connection: Connection | None, probe: bool, platform: Platform | None
) -> Iterator[Check]:
    yield _state_dir(settings)
    yield _dbt_project(settings)
    if connection is None:
        try:
            connection = Connection.from_environment()
        except SettingsError as error:
            yield Check("environment", False, error.message, error.remedy)
            return
    yield Check("environment", True, f"client {connection.client_id}, sandbox {connection.sandbox}")
    client = platform or Platform(connection)
    token = _try("token", lambda: client.session.tokens.current() and f"from {connection.ims_url}")
    yield token
    if not token.ok:
        return
    tenant = _try("organisation and tenant", lambda: f"tenant {checked_tenant(settings, client)}")
    yield tenant
    yield from _permissions(settings, client)
    if tenant.ok:
        yield from _sandbox_content(settings, client)
    yield from _sql(settings, client, probe)
    yield from _licences(settings, client)


def _permissions(settings: Settings, platform: Platform) -> Iterator[Check]:
    """One harmless read per service."""
    reads: dict[str, Callable[[], str]] = {
        "permission: identity namespaces": lambda: f"{len(platform.identities.namespaces())} namespaces",
        "permission: datasets": lambda: "readable" if next(platform.catalog.datasets(), None) else "none yet",
        "permission: batches": lambda: _some_batch(platform),
        "permission: queries": lambda: f"host {platform.queries.login().host}",
        "permission: destinations": lambda: f"{len(platform.flows.exportable_datasets())} exportable datasets",
        "permission: audiences": lambda: f"{len(platform.segmentation.definitions())} audiences by rule",
        "permission: landing zone": lambda: _landing_zone(settings, platform),
    }
    for name, read in reads.items():
        yield _try(name, read)
    yield _try("permission: merge policies", lambda: _merge_policy(platform), warning=True)
    yield _try(
        "permission: usage policies",
        lambda: f"{len(platform.policies.marketing_actions())} marketing actions",
        warning=True,
    )


def _sandbox_content(settings: Settings, platform: Platform) -> Iterator[Check]:
    code = settings.identity.namespace
    found = _try("identity namespace", lambda: _namespace(code, platform))
    yield found
    for blueprint in blueprints(settings, checked_tenant(settings, platform)):
        yield _try(f"dataset {blueprint.dataset}", partial(_dataset, blueprint, settings, platform))


def _sql(settings: Settings, platform: Platform, probe: bool) -> Iterator[Check]:
    sql = SqlClient(platform, "propensity doctor")
    tables: set[str] = set()

    def show() -> str:
        tables.update(str(row.get("name")) for row in sql.rows("SHOW TABLES"))
        return f"logged in, {len(tables)} tables"

    login = _try("SQL login", show)
    yield login
    if not login.ok:
        return
    for name in (settings.datasets.events, settings.datasets.profiles, settings.datasets.runs):
        yield _try(f"table of {name}", partial(_table, name, tables, platform))
    for case in settings.use_cases:
        yield _try(f"history for {case.name}", partial(_history, case, settings, platform, sql), warning=True)
    if probe:
        yield _try("Data Distiller (CREATE TABLE AS)", lambda: _probe(sql))
    else:
        yield Check(
            "Data Distiller (CREATE TABLE AS)",
            True,
            "not tried, because trying makes a table",
            "'propensity doctor --probe' makes and drops a one-row table; without the licence no features are built.",
        )


def _licences(settings: Settings, platform: Platform) -> Iterator[Check]:
    try:
        platform.profiles.entity("propensity-doctor", settings.identity.namespace)
        yield Check("licence: profile look-up", True, "scores are verified profile by profile")
    except PermissionDenied as error:
        yield Check(
            "licence: profile look-up",
            False,
            error.message,
            "It needs Real-Time CDP Ultimate. Without it scores are verified by count in the lake, and the next day "
            "by the profile snapshot.",
            warning=True,
        )
    except PlatformError as error:
        yield Check("licence: profile look-up", False, error.message, error.remedy, warning=True)


def _try(name: str, look: Callable[[], str], *, warning: bool = False) -> Check:
    try:
        return Check(name, True, look())
    except PropensityError as error:
        return Check(name, False, error.message, error.remedy, warning)


def _some_batch(platform: Platform) -> str:
    found = next(platform.catalog.batches(), None)
    return f"readable, e.g. {found.id} ({found.reported})" if found else "none yet"


def _landing_zone(settings: Settings, platform: Platform) -> str:
    from pyarrow import fs

    zone = platform.landing_zone.open()
    try:
        zone.filesystem.get_file_info(fs.FileSelector(zone.root, recursive=False, allow_not_found=True))
    except OSError as error:
        raise PlatformError(
            f"The landing zone ({zone.credentials.provider}, {zone.root}) cannot be listed: {type(error).__name__}.",
            "Check that the network lets this machine reach the storage, and AWS_ENDPOINT_URL_S3 if it is set.",
            service="Data Landing Zone",
        ) from None
    until = f" until {zone.credentials.expires:%Y-%m-%d %H:%M} UTC" if zone.credentials.expires else ""
    return f"{zone.credentials.provider} {zone.root}, folder {settings.landing_zone.folder}, credentials{until}"


def _merge_policy(platform: Platform) -> str:
    default = next((p for p in platform.profiles.merge_policies() if p.default), None)
    if default is None:
        raise PlatformError("There is no default merge policy.", "Make one under Profiles > Merge policies in AEP.")
    if default.attribute_merge != "timestampOrdered":
        raise PlatformError(
            f"The default merge policy '{default.name}' merges by {default.attribute_merge}.",
            "Put the scores datasets into its order, or newer scores will not win.",
        )
    return f"'{default.name}', newest value wins"


def _namespace(code: str, platform: Platform) -> str:
    found = platform.identities.find(code)
    if found is None:
        raise SettingsError(f"There is no identity namespace {code}.", "Run 'propensity setup'.")
    return f"{found.code} ({found.id_type})"


def _dataset(blueprint: Blueprint, settings: Settings, platform: Platform) -> str:
    lacking = missing(platform, blueprint, settings.identity.namespace)
    if lacking:
        raise SettingsError(f"Still to do: {'; '.join(map(str, lacking))}.", "Run 'propensity setup'.")
    dataset = platform.catalog.dataset_named(blueprint.dataset)
    flags = [word for word, is_set in (("Profile", dataset.profile_enabled), ("upsert", dataset.upsert)) if is_set]
    return f"{dataset.id}, schema and identity as wanted{', enabled for ' + ' and '.join(flags) if flags else ''}"


def _table(name: str, tables: set[str], platform: Platform) -> str:
    table = platform.catalog.dataset_named(name).table_name
    if not table:
        raise PlatformError(
            f"Dataset '{name}' has no table name yet.", "A new dataset takes some minutes to appear in Query Service."
        )
    if table not in tables:
        raise PlatformError(
            f"SHOW TABLES does not list '{table}'.",
            "A new dataset takes some minutes to appear; otherwise check the client's dataset permissions.",
        )
    return table


def _history(case: UseCase, settings: Settings, platform: Platform, sql: SqlClient) -> str:
    events = platform.catalog.dataset_named(settings.datasets.events).table_name
    if not sql.count(events):
        return f"no events yet; {case.required_days} days will be needed"
    history = read_history(sql, events)
    as_of = end_of_newest_complete_day(history)
    require_history(case, history, as_of)
    return f"{(as_of - history.first_day).days} days before {as_of}, {case.required_days} needed"


def _probe(sql: SqlClient) -> str:
    table = identifier(_PROBE)
    sql.execute(f"DROP TABLE IF EXISTS {table}")
    sql.execute(f"CREATE TABLE {table} AS SELECT 1 AS one")
    sql.execute(f"DROP TABLE {table}")
    return "a table was made and dropped"


def _state_dir(settings: Settings) -> Check:
    folder = settings.state_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return Check("state folder", True, str(folder))
    except OSError as error:
        return Check(
            "state folder",
            False,
            f"{folder}: {error.strerror or error}",
            "Set 'state_dir' in propensity.yml to a folder you may write to.",
        )


def _dbt_project(settings: Settings) -> Check:
    project = settings.dbt_project / "dbt_project.yml"
    if os.access(project, os.R_OK):
        return Check("dbt project", True, str(settings.dbt_project))
    return Check(
        "dbt project",
        False,
        f"there is no {project}",
        "Run 'propensity init DIR' for a copy, or set 'dbt_project' in propensity.yml.",
    )
