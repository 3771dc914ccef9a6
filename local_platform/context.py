"""What every service is given: one record with the platform's parts and addresses.

How a room joins in, all optional but the first:

    services/{name}/routes.py   routes(context) -> list[Route]     mounted at start
                                attach(context) -> None            before any routes: sets `profile_store` and the like
                                resume(context) -> None            last: submits again what a killed process left undone
    landing_zone/               start(context) -> LandingZoneServer
    scheduler.py                run_due(context) -> None           called after the clock was moved
    query_service/              QueryService(lake, clock, tokens, options) with start(port) -> port and stop()
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from local_platform.clock import Clock
from local_platform.database import Database
from local_platform.documents import Documents
from local_platform.jobs import Jobs
from local_platform.lake import Batch, Dataset, Lake
from local_platform.misbehaviour import Misbehaviour
from local_platform.tokens import DEFAULT_LIFE_SECONDS, Credentials, Tokens

ORG_ID = "A1B2C3D4E5F60718293A4B5C@AdobeOrg"
CLIENT_ID = "propensity-client"
SANDBOX = "dev"
TENANT_ID = "acme"
SCOPES = ("openid", "AdobeID", "read_organizations", "additional_info.projectedProductContext", "session")


@dataclass(frozen=True)
class Options:
    """How the platform is started. `delays` is whether asynchronous steps take their documented time;
    `profile_follows_reverts` whether what leaves the lake leaves Profile too; `landing_zone` which storage it has."""

    data_dir: Path
    api_port: int = 0
    sql_port: int = 0
    delays: Literal["documented", "none"] = "documented"
    token_life_seconds: int = DEFAULT_LIFE_SECONDS
    profile_follows_reverts: bool = False
    landing_zone: Literal["s3", "azure"] = "s3"
    org_id: str = ORG_ID
    client_id: str = CLIENT_ID
    sandbox: str = SANDBOX
    tenant_id: str = TENANT_ID
    scopes: tuple[str, ...] = SCOPES


class LandingZoneServer(Protocol):
    """The landing zone's storage server, which answers after `serve`; `endpoint` is its loopback URL over S3."""

    @property
    def endpoint(self) -> str | None: ...

    def serve(self) -> None: ...

    def stop(self) -> None: ...


class ProfileStore(Protocol):
    """Where the batches of profile-enabled datasets go after they became visible in the lake."""

    def ingest_batch(self, dataset: Dataset, batch: Batch, files: Sequence[Path]) -> None: ...

    def close(self) -> None: ...


@dataclass
class Context:
    """The parts of a running platform.

    `api_url`, `landing_zone`, `profile_store` and `query_service` are set while the platform starts, before any request
    is answered. The last three belong to other rooms and are reached by their public methods only.
    """

    options: Options
    data_dir: Path
    database: Database
    clock: Clock
    lake: Lake
    documents: Documents
    credentials: Credentials
    tokens: Tokens
    jobs: Jobs
    misbehaviour: Misbehaviour = field(default_factory=Misbehaviour)
    api_url: str = ""
    sql_host: str = "127.0.0.1"
    sql_port: int = 0
    landing_zone: Any = None
    profile_store: Any = None
    query_service: Any = None

    @classmethod
    def open(cls, options: Options) -> Context:
        """Open (or make) a data directory; nothing listens yet."""
        data_dir = options.data_dir
        data_dir.mkdir(parents=True, exist_ok=True)
        database = Database(data_dir / "catalog.sqlite")
        clock = Clock(database)
        credentials = Credentials.load(data_dir)
        misbehaviour = Misbehaviour()
        return cls(
            options=options,
            data_dir=data_dir,
            database=database,
            clock=clock,
            lake=Lake(data_dir, clock, database),
            documents=Documents(database, clock),
            credentials=credentials,
            tokens=Tokens(
                credentials,
                org_id=options.org_id,
                client_id=options.client_id,
                life_seconds=options.token_life_seconds,
            ),
            jobs=Jobs(clock, delays=options.delays == "documented", misbehaviour=misbehaviour),
            misbehaviour=misbehaviour,
        )

    def delay(self, documented_seconds: float) -> float:
        """Platform seconds an asynchronous step takes: the documented ones, or none with `--delays none`."""
        return documented_seconds if self.options.delays == "documented" else 0.0
