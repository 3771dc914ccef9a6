"""The Data Landing Zone: files that clients read and write with temporary credentials, over S3 or as Azure's blobs.

zone.py      the objects: on disk, with their drafts and their seven days
storage.py   what a storage server does for the zone, and the names of the containers
s3.py        moto's S3, and doors.py in front of it
azure.py     Azurite: azurite.py is its process, sas.py what it is signed with
"""

from __future__ import annotations

from local_platform.context import Context
from local_platform.landing_zone.azure import Azure
from local_platform.landing_zone.s3 import S3
from local_platform.landing_zone.storage import CONTAINERS, TTL_DAYS, Storage
from local_platform.landing_zone.zone import LandingZone, UnsafeKey, safe_key

__all__ = ["CONTAINERS", "TTL_DAYS", "LandingZone", "UnsafeKey", "safe_key", "start", "storage_of"]


def storage_of(context: Context) -> Storage:
    """The storage server of the flavour that the platform is started with."""
    flavours: dict[str, type[S3] | type[Azure]] = {"s3": S3, "azure": Azure}
    return flavours[context.options.landing_zone](context.data_dir)


def start(context: Context) -> LandingZone:
    """Start the landing zone of a platform."""
    return LandingZone(context.data_dir, context.clock, storage_of(context)).start()
