"""Real-Time Customer Profile: record fragments merged by identity, audiences' memberships, and the daily snapshot."""

from __future__ import annotations

from local_platform.profile_store.fragments import Identity
from local_platform.profile_store.store import (
    LAG_SECONDS,
    Entity,
    Memberships,
    ProfileStore,
    Source,
    profile_enabled,
    upsert_enabled,
)

__all__ = [
    "LAG_SECONDS",
    "Entity",
    "Identity",
    "Memberships",
    "ProfileStore",
    "Source",
    "profile_enabled",
    "upsert_enabled",
]
