"""Specification ids, the same for every organisation (Adobe's dataset export and activation tutorials)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

DATA_LAKE_SOURCE = "23598e46-f560-407b-88d5-ea6207e49db0"
PROFILE_STORE_SOURCE = "8a9c3494-9708-43d7-ae3f-cda01e5030e1"
LANDING_ZONE = "10440537-2a7b-4583-ac39-ed38d4b848e8"
# Landing zone to dataset: the drop zone as a source, the data lake as a target.
LANDING_ZONE_SOURCE = "26f526f2-58f4-4712-961d-e41bf1ccc0e8"
DATA_LAKE_TARGET = "c604ff05-7f1a-43c0-8e18-33bf874cb11c"
CLOUD_STORAGE_TO_AEP = "9753525b-82c7-4dce-8a9b-5ccfce2b9876"
LEGACY_AUDIENCE_FLOW = "71471eba-b620-49e4-90fd-23f1fa0174d8"


@dataclass(frozen=True)
class Destination:
    """A file destination: its connection spec and the flow specs for datasets and for audiences."""

    name: str
    connection_spec: str
    dataset_flow: str
    audience_flow: str


DESTINATIONS = (
    Destination("Data Landing Zone", LANDING_ZONE, "cd2fc47e-e838-4f38-a581-8fff2f99b63a",
                "7e635b9f-e59b-4546-8ba8-fce6496693c8"),
    Destination("Amazon S3", "4fce964d-3f37-408f-9778-e597338a21ee", "269ba276-16fc-47db-92b0-c1049a3c131f",
                "1a0514a6-33d4-4c7f-aff8-594799c47549"),
    Destination("Azure Blob Storage", "6d6b59bf-fb58-4107-9064-4d246c0e5bb2", "95bd8965-fc8a-4119-b9c3-944c2c2df6d2",
                "752d422f-b16f-4f0d-b1c6-26e448e3b388"),
    Destination("Azure Data Lake Gen2", "be2c3209-53bc-47e7-ab25-145db8b873e1", "17be2013-2549-41ce-96e7-a70363bec293",
                "db060570-a155-418a-a6d3-b4d97698e5dc"),
    Destination("Google Cloud Storage", "c5d93acb-ea8b-4b14-8f53-02138444ae99", "585c15c4-6cbf-4126-8f87-e26bff78b657",
                "976d663b-80b4-4193-be6b-2d0487516623"),
    Destination("SFTP", "36965a81-b1c6-401b-99f8-22508f1e6a26", "354d6aad-4754-46e4-a576-1b384561c440",
                "fd36aaa4-bf2b-43fb-9387-43785eeeb799"),
)  # fmt: skip

DATASET_FLOWS = frozenset(destination.dataset_flow for destination in DESTINATIONS)
AUDIENCE_FLOWS = frozenset(destination.audience_flow for destination in DESTINATIONS) | {LEGACY_AUDIENCE_FLOW}
_CONNECTION_NAMES = {
    DATA_LAKE_SOURCE: "activation-datalake",
    PROFILE_STORE_SOURCE: "Profile Store",
    LANDING_ZONE_SOURCE: "landing-zone",
    DATA_LAKE_TARGET: "datalake",
    **{destination.connection_spec: destination.name for destination in DESTINATIONS},
}


def connection_specs() -> list[dict[str, Any]]:
    """All connection specs this platform knows."""
    return [{"id": id, "name": name, "version": "1.0"} for id, name in _CONNECTION_NAMES.items()]


def flow_specs() -> list[dict[str, Any]]:
    """All flow specs this platform knows."""
    found: list[dict[str, Any]] = []
    for item in DESTINATIONS:
        for id, what, source in (
            (item.dataset_flow, "dataset export", DATA_LAKE_SOURCE),
            (item.audience_flow, "audience activation", PROFILE_STORE_SOURCE),
        ):
            found.append(
                {
                    "id": id,
                    "name": f"{item.name} {what}",
                    "version": "1.0",
                    "sourceConnectionSpecIds": [source],
                    "targetConnectionSpecIds": [item.connection_spec],
                }
            )
    found.append(
        {
            "id": CLOUD_STORAGE_TO_AEP,
            "name": "CloudStorageToAEP",
            "version": "1.0",
            "sourceConnectionSpecIds": [LANDING_ZONE_SOURCE],
            "targetConnectionSpecIds": [DATA_LAKE_TARGET],
        }
    )
    found.append({"id": LEGACY_AUDIENCE_FLOW, "name": "File destination audience activation", "version": "1.0"})
    return found


def is_connection_spec(id: object) -> bool:
    """Whether a connection spec with this id exists."""
    return id in _CONNECTION_NAMES


def destination_of(connection_spec: str) -> Destination | None:
    """The destination a connection spec belongs to."""
    return next((item for item in DESTINATIONS if item.connection_spec == connection_spec), None)
