"""The settings: propensity.yml and the environment, read once, at the edge.

Nothing below this module reads the environment or the file. Unknown keys are refused, secrets show as stars.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from runner.errors import SettingsError

Identifier = Annotated[str, Field(pattern=r"^[a-z](?:_?[a-z0-9])*$", max_length=40)]
"""Lower-case words joined by single underscores: Query Service refuses two in a row in a table name."""
XdmPath = Annotated[str, Field(pattern=r"^(?:_\{tenant\}|[A-Za-z_][A-Za-z0-9_]*)(?:\.[A-Za-z_][A-Za-z0-9_]*)*$")]
"""A dotted XDM path; `_{tenant}` stands for the organisation's own namespace."""
UseCaseName = Annotated[str, Field(pattern=r"^[a-z](?:_?[a-z0-9])*$", max_length=31)]
"""As an `Identifier`, and short enough for `{use_case}_training_set` and the suffixes behind it."""
Aggregation = Literal["sum", "mean", "max", "last"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Identity(_Frozen):
    """The person key: a string carried by every event, and the namespace it belongs to."""

    path: XdmPath = "_{tenant}.userId"
    namespace: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=40)] = "ECID"


class Datasets(_Frozen):
    """Dataset names; table names are resolved in Catalog, never guessed."""

    events: Identifier = "propensity_events"
    profiles: Identifier = "propensity_profiles"
    runs: Identifier = "propensity_runs"


class NumericField(_Frozen):
    """A number on events that becomes features `{aggregation}_{name}_{window}d`."""

    path: XdmPath
    name: Identifier
    aggregations: tuple[Aggregation, ...] = ("sum", "mean", "max", "last")


class ChannelField(_Frozen):
    """A text on events that says what brought the person: features `last_{name}` and `minutes_since_{name}`."""

    path: XdmPath
    name: Identifier


class Rate(_Frozen):
    """How often one listed event type comes for each of another: features `rate_{name}_{window}d`."""

    name: Identifier
    numerator: str
    denominator: str


class Attribute(_Frozen):
    """A profile attribute: a `feature` is trained on, an `attribute` is only carried along for segments."""

    path: XdmPath
    name: Identifier
    kind: Literal["number", "category", "boolean", "date"] = "category"
    role: Literal["feature", "attribute"] = "attribute"


class Exclusion(_Frozen):
    """A rule that leaves identities out of scoring; `when` is a SQL condition over the attributes' names."""

    name: Identifier
    when: Annotated[str, Field(min_length=1, max_length=400)]

    @field_validator("when")
    @classmethod
    def _one_expression(cls, value: str) -> str:
        if ";" in value or "--" in value or "/*" in value:
            raise ValueError("must be one SQL condition without ';' or comments")
        return value


class AudienceSettings(_Frozen):
    """The audience of a use case: either a fixed `min_score` or the `top_percent` of scored identities."""

    name: str
    min_score: Annotated[float, Field(ge=0, le=1)] | None = None
    top_percent: Annotated[float, Field(gt=0, le=100)] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.min_score is None) == (self.top_percent is None):
            raise ValueError("give exactly one of min_score and top_percent")
        return self


class UseCase(_Frozen):
    """One question: who will do `target_event` within `horizon_days` after the as-of date?

    Times are whole days in UTC. Features read [as_of - look_back, as_of); the label reads
    [as_of + gap, as_of + gap + horizon).
    """

    name: UseCaseName
    title: str
    target_event: str
    repeatable: bool = False
    look_back_days: Annotated[int, Field(ge=1, le=730)] = 90
    gap_days: Annotated[int, Field(ge=0, le=60)] = 0
    horizon_days: Annotated[int, Field(ge=1, le=180)] = 14
    min_history_days: Annotated[int, Field(ge=1, le=365)] = 7
    training_as_ofs: Annotated[int, Field(ge=1, le=52)] = 6
    as_of_step_days: Annotated[int, Field(ge=1, le=60)] = 7
    negative_keep: Annotated[float, Field(gt=0, le=1)] = 1.0
    exclusions: tuple[Exclusion, ...] = ()
    audience: AudienceSettings

    @property
    def required_days(self) -> int:
        """Days of history before as_of that the time split needs: two label windows and a first look back."""
        return 2 * (self.horizon_days + self.gap_days) + self.min_history_days


class LandingZone(_Frozen):
    """Where in the Data Landing Zone our files go."""

    folder: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_\-/]*$")] = "propensity"


class Settings(_Frozen):
    """The content of propensity.yml."""

    tenant: str | None = None
    identity: Identity = Identity()
    datasets: Datasets = Datasets()
    event_types: tuple[str, ...] = ()
    unlisted_event_types: Literal["feature", "ignore"] = "feature"
    rates: tuple[Rate, ...] = ()
    numeric_fields: tuple[NumericField, ...] = ()
    channel_fields: tuple[ChannelField, ...] = ()
    session_timeout_minutes: Annotated[int, Field(ge=1, le=720)] = 30
    profile_attributes: tuple[Attribute, ...] = ()
    landing_zone: LandingZone = LandingZone()
    export_route: Literal["data_access", "landing_zone"] = "data_access"
    gate: Literal["off", "dry_run", "on"] = "dry_run"
    max_scanned_gb: Annotated[float, Field(gt=0)] | None = None
    max_compute_hours: Annotated[float, Field(gt=0)] | None = None
    wait_minutes: Annotated[float, Field(gt=0, le=1440)] = 60
    use_cases: Annotated[tuple[UseCase, ...], Field(min_length=1)]
    dbt_project: Path = Path("dbt_project")
    state_dir: Path = Path(".propensity")

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        for what, names in (
            ("use case", [u.name for u in self.use_cases]),
            ("audience", [u.audience.name for u in self.use_cases]),
            ("rate", [r.name for r in self.rates]),
            ("field of events", [*(n.name for n in self.numeric_fields), *(c.name for c in self.channel_fields)]),
            ("profile attribute", [a.name for a in self.profile_attributes]),
            ("event type", list(self.event_types)),
            ("event type (as a column name)", [snake_case(e) for e in self.event_types]),
        ):
            twice = sorted({n for n in names if names.count(n) > 1})
            if twice:
                raise ValueError(f"{what} named more than once: {', '.join(twice)}")
        return self

    @model_validator(mode="after")
    def _rates_have_counts(self) -> Self:
        for rate in self.rates:
            unknown = sorted({rate.numerator, rate.denominator} - set(self.event_types))
            if unknown:
                raise ValueError(f"rate {rate.name} is of {' and '.join(unknown)}: add it to event_types")
        return self

    @property
    def wait_seconds(self) -> float:
        """How long a step waits for one batch or export at most, in seconds."""
        return 60 * self.wait_minutes

    def use_case(self, name: str | None = None) -> UseCase:
        """The named use case; without a name, the only one there is. Nothing is guessed among several."""
        if name is None and len(self.use_cases) == 1:
            return self.use_cases[0]
        for case in self.use_cases:
            if case.name == name:
                return case
        known = ", ".join(u.name for u in self.use_cases)
        if name is None:
            raise SettingsError(f"propensity.yml holds several use cases: {known}.", "Say which one: --use-case NAME.")
        raise SettingsError(f"There is no use case {name!r} in propensity.yml.", f"Name one of: {known}.")


class Connection(_Frozen):
    """Addresses and credentials, from the environment only. `repr` shows no secret."""

    org_id: str
    client_id: str
    client_secret: SecretStr
    scopes: str
    sandbox: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9\-]*$")]
    api_url: str = "https://platform.adobe.io"
    ims_url: str = "https://ims-na1.adobelogin.com"
    sql_sslmode: Literal["allow", "prefer", "require", "verify-ca", "verify-full"] = "require"
    s3_endpoint: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read AEP_* (and AWS_ENDPOINT_URL_S3); SettingsError names every missing variable at once."""
        env = os.environ if environment is None else environment
        values = {field: env[variable] for field, variable in ENVIRONMENT.items() if env.get(variable)}
        missing = [ENVIRONMENT[f] for f in cls.model_fields if cls.model_fields[f].is_required() and f not in values]
        if missing:
            raise SettingsError(
                f"Not set in the environment: {', '.join(missing)}.",
                "Set them from your project in the Adobe developer console (README, 'Point it at a sandbox'), "
                "or run 'propensity local' for a platform on this machine.",
            )
        try:
            return cls.model_validate({k: v.rstrip("/") if k.endswith("_url") else v for k, v in values.items()})
        except ValidationError as error:
            raise SettingsError(_explain(error, "the environment"), "Correct the variable and try again.") from None


ENVIRONMENT: Mapping[str, str] = {
    "org_id": "AEP_ORG_ID",
    "client_id": "AEP_CLIENT_ID",
    "client_secret": "AEP_CLIENT_SECRET",
    "scopes": "AEP_SCOPES",
    "sandbox": "AEP_SANDBOX",
    "api_url": "AEP_API_URL",
    "ims_url": "AEP_IMS_URL",
    "sql_sslmode": "AEP_SQL_SSLMODE",
    "s3_endpoint": "AWS_ENDPOINT_URL_S3",
}


def load_settings(path: Path = Path("propensity.yml")) -> Settings:
    """Read propensity.yml. Relative paths in it are relative to the file."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            f"There is no {path}.", "Run 'propensity init DIR' to get one, or pass --settings FILE."
        ) from None
    except yaml.YAMLError as error:
        raise SettingsError(f"{path} is not YAML: {error}") from None
    try:
        settings = Settings.model_validate(content or {})
    except ValidationError as error:
        raise SettingsError(_explain(error, str(path)), "See the comments in propensity.yml for each key.") from None
    root = path.resolve().parent
    return settings.model_copy(
        update={
            "dbt_project": (root / settings.dbt_project).resolve(),
            "state_dir": (root / settings.state_dir).resolve(),
        }
    )


def snake_case(event_type: str) -> str:
    """`directMarketing.emailOpened` → `direct_marketing_email_opened`; anything else becomes a single underscore."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", event_type)
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")


_IN_YAML = {
    "tuple_type": "This should be a list",
    "list_type": "This should be a list",
    "dict_type": "This should be keys with values",
    "model_type": "This should be keys with values",
    "extra_forbidden": "This key is not known",
}
"""What pydantic says in Python's words."""


def _explain(error: ValidationError, where: str) -> str:
    lines = [
        f"{'.'.join(str(p) for p in e['loc']) or 'the file'}: {_IN_YAML.get(e['type'], e['msg'])}"
        for e in error.errors(include_url=False, include_input=False)
    ]
    return f"{where} is not right: {'; '.join(lines)}."
