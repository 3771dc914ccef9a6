"""The client of Adobe Experience Platform: the only place that knows HTTP and aepp.

`Platform(connection)` gives one attribute per service. Every call returns typed records or raises an error of
`runner.errors` that says what to do; a failure never looks like a result.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from requests.adapters import BaseAdapter

from runner.platform.batch_ingestion import BatchIngestion
from runner.platform.catalog import Batch, BatchProblem, Catalog, Dataset
from runner.platform.data_access import BatchFile, DataAccess, DownloadedFile, FilePart
from runner.platform.flows import Destinations, ExportableDataset, Flow, FlowRun, Flows, Mappings
from runner.platform.identities import Identities, Namespace
from runner.platform.landing_zone import LandingZoneCredentials, LandingZoneFiles, LandingZones
from runner.platform.policy import DatasetLabels, Labels, Policies, PolicyVerdict
from runner.platform.profiles import MergePolicy, ProfileEntity, Profiles
from runner.platform.queries import Queries, SqlLogin
from runner.platform.schemas import FieldGroup, IdentityDescriptor, Schema, Schemas
from runner.platform.segmentation import Estimate, Segmentation, SegmentDefinition, SegmentJob
from runner.platform.transport import CheckedSession, Patience
from runner.settings import Connection

__all__ = [
    "Batch",
    "BatchFile",
    "BatchProblem",
    "Dataset",
    "DownloadedFile",
    "Estimate",
    "ExportableDataset",
    "FieldGroup",
    "FilePart",
    "Flow",
    "FlowRun",
    "IdentityDescriptor",
    "Labels",
    "LandingZoneCredentials",
    "LandingZoneFiles",
    "MergePolicy",
    "Namespace",
    "Patience",
    "Platform",
    "PolicyVerdict",
    "ProfileEntity",
    "Schema",
    "SegmentDefinition",
    "SegmentJob",
    "SqlLogin",
]


class Platform:
    """One sandbox of one organisation.

    Args:
        connection: addresses and credentials.
        transport: replaces the network, for tests: a `requests` adapter that answers by itself.
        patience: how often and how long a call is tried.
        sleep, clock: passed in so that tests need not wait.
    """

    def __init__(
        self,
        connection: Connection,
        transport: BaseAdapter | None = None,
        patience: Patience | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.connection = connection
        self.session = CheckedSession(connection, transport, patience, sleep=sleep, clock=clock)
        self.schemas = Schemas(self.session)
        self.identities = Identities(self.session)
        self.catalog = Catalog(self.session)
        self.ingestion = BatchIngestion(self.session)
        self.access = DataAccess(self.session)
        self.queries = Queries(self.session)
        self.flows = Flows(self.session)
        self.destinations = Destinations(self.session)
        self.mappings = Mappings(self.session)
        self.landing_zone = LandingZones(self.session)
        self.segmentation = Segmentation(self.session)
        self.profiles = Profiles(self.session)
        self.labels = DatasetLabels(self.session)
        self.policies = Policies(self.session)

    def __repr__(self) -> str:
        return f"Platform({self.connection.api_url}, sandbox {self.connection.sandbox})"
