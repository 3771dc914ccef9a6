"""External audiences: made by an operation that takes a while, listed with all audiences, empty after their days.

Ingesting one writes its rows to a dataset of the audience's name; only the identity is attached to the profile. Who is
in it is read at the daily evaluation ("you must wait until the daily segmentation job"), and is gone once the rows are
older than `ttlInDays` (counted from the newest ingestion: unconfirmed).
"""

from __future__ import annotations

import logging
import uuid
from datetime import datetime
from typing import Any

from local_platform.context import Context
from local_platform.lake import VISIBLE_STATES, DatasetNotFound
from local_platform.profile_store.membership import listed, record
from local_platform.services.external_audiences import files
from local_platform.services.external_audiences.errors import AudienceExists, NoSuchAudience, NotNow
from local_platform.services.external_audiences.request import changed, checked, columns, identity_of
from local_platform.services.profile.state import EXTERNAL_AUDIENCE, store_of
from local_platform.services.schema_registry.state import Registry
from local_platform.services.segmentation.definitions import COLLECTION as DEFINITIONS
from local_platform.services.segmentation.definitions import EXTERNAL as COLLECTION
from local_platform.services.segmentation.definitions import activating

log = logging.getLogger("local_platform.external_audiences")

Json = dict[str, Any]
OPERATIONS = "externalAudiences.operations"
RUNS = "externalAudiences.runs"
# Neither has a documented figure.
CREATE_SECONDS = 60.0
_DAY_SECONDS = 86_400
_DETAILS = ("name", "description", "fields", "sourceSpec", "ttlInDays", "labels", "audienceType", "originName")
_MORE_DETAILS = ("namespace", "tags", "customAudienceId")


class ExternalAudiences:
    """The external audiences of one sandbox."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._documents = context.documents

    # -- making one ----------------------------------------------------------------------------------------------------

    def create(self, body: Json) -> Json:
        """Accept a request; the audience exists once its operation has succeeded. Returns the operation as answered.

        Raises:
            BadAudience, NotNow
            AudienceExists: the name or the client's own id is taken.
        """
        details = checked(self._context, body)
        with self._context.database.write():
            self._check_free(details)
            operation = {
                "operationId": str(uuid.uuid4()),
                "status": "PROCESSING",
                "operationDetails": details,
                "audienceName": details["name"],
                **self._stamps(),
            }
            self._documents.put(OPERATIONS, operation["operationId"], operation)
        self._submit(operation["operationId"])
        return {"operationId": operation["operationId"], "operationDetails": details}

    def operation(self, id: str) -> Json:
        """An operation with its status; `audienceId` once there is an audience.

        Raises:
            NoSuchAudience
        """
        found = self._documents.get(OPERATIONS, id)
        if found is None:
            raise NoSuchAudience("operation", id)
        return found.body

    def resume(self) -> None:
        """Take up operations that an earlier process left undone."""
        for document in self._documents.all(OPERATIONS):
            if document.body["status"] == "PROCESSING":
                self._submit(document.id)

    def _submit(self, id: str) -> None:
        self._context.jobs.submit(f"external audience {id}", lambda: self._make(id), after_seconds=CREATE_SECONDS)

    def _make(self, id: str) -> None:
        operation = self.operation(id)
        if operation["status"] != "PROCESSING":
            return
        details = operation["operationDetails"]
        params = details["sourceSpec"]["params"]
        try:
            # That the source is looked at before the first run is unconfirmed.
            if not files.existing(self._context, params):
                raise files.Unreadable(f"There is no {params['type']} {params['path']} in the source.")
            with self._context.database.write():
                audience = self._stored(details, operation)
                done = {"status": "SUCCESS", "audienceId": audience["id"], **self._touched()}
                self._documents.put(OPERATIONS, id, {**operation, **done})
        except Exception as fault:
            # An audience that cannot be made is a failed operation, not a failed platform.
            if not isinstance(fault, files.Unreadable):
                log.exception("The external audience of operation %s was not made", id)
            failed = {"status": "FAILED", "errors": [{"message": str(fault)}], **self._touched()}
            self._documents.put(OPERATIONS, id, {**operation, **failed})

    def _stored(self, details: Json, operation: Json) -> Json:
        """The audience's dataset, identity and document; call inside a transaction."""
        id = str(uuid.uuid4())
        dataset = self._context.lake.create_dataset(
            details["name"],
            columns(details["fields"]),
            owner=f"{self._context.options.client_id}@AdobeID",
            created_by="system",
            tags={"unifiedProfile": ["enabled:true"]},
            description=f"Rows of the external audience {details['name']}",
            properties={EXTERNAL_AUDIENCE: id},
            suffix_on_clash=True,
        )
        identity, registry = identity_of(details["fields"]), Registry(self._context)
        registry.descriptors.put_identity(
            registry.schema_ref_of(dataset), identity["name"], identity["identityNs"], primary=True
        )
        stamps = {name: operation[name] for name in ("createdBy", "createdAt")}
        audience = {
            **details,
            "id": id,
            "datasetId": dataset.id,
            **stamps,
            **self._touched(),
            "lifecycleState": "published",
        }
        return self._documents.put(COLLECTION, id, audience).body

    def _check_free(self, details: Json) -> None:
        name, own = details["name"], details.get("customAudienceId")
        pending = [item.body for item in self._documents.all(OPERATIONS) if item.body["status"] == "PROCESSING"]
        others = [*self.all(), *(item["operationDetails"] for item in pending)]
        rules = [document.body["name"] for document in self._documents.all(DEFINITIONS)]
        if name in rules or any(item["name"] == name for item in others):
            raise AudienceExists(f"the name {name!r}")
        if own and any(item.get("customAudienceId") == own for item in others):
            raise AudienceExists(f"the customAudienceId {own!r}")

    # -- one that exists -----------------------------------------------------------------------------------------------

    def all(self) -> list[Json]:
        """All audiences as stored, oldest first."""
        return [document.body for document in self._documents.all(COLLECTION)]

    def get(self, id: str) -> Json:
        """An audience as stored.

        Raises:
            NoSuchAudience
        """
        found = self._documents.get(COLLECTION, id)
        if found is None:
            raise NoSuchAudience("audience", id)
        return found.body

    def change(self, id: str, body: Json) -> Json:
        """Replace description, labels, labels of fields or days; returns the audience as the service shows it.

        Raises:
            BadAudience, NoSuchAudience
        """
        with self._context.database.write():
            stored = self.get(id)
            return self.shown(self.put({**stored, **changed(stored, body)}))

    def put(self, audience: Json) -> Json:
        """Store a changed audience."""
        return self._documents.put(COLLECTION, str(audience["id"]), {**audience, **self._touched()}).body

    def delete(self, id: str) -> None:
        """Remove an audience, its rows and its memberships.

        Raises:
            NoSuchAudience
            NotNow: a flow activates it.
        """
        audience = self.get(id)
        flows = activating(self._documents, id)
        if flows:
            raise NotNow(f"The audience {id} cannot be deleted: it is activated by {', '.join(flows)}.")
        store = store_of(self._context)
        with self._context.database.write():
            for run in self._documents.find(RUNS, lambda body: body["audienceId"] == id):
                self._documents.delete(RUNS, run.id)
            self._documents.delete(COLLECTION, id)
            store.ledger.drop_membership(id)
            store.ledger.drop_dataset(audience["datasetId"])
            try:
                self._context.lake.delete_dataset(audience["datasetId"])
            except DatasetNotFound:
                log.info("The dataset of external audience %s was deleted before it", id)

    def shown(self, audience: Json) -> Json:
        """An audience as the service shows it."""
        kept = {name: audience[name] for name in (*_DETAILS[1:], *_MORE_DETAILS) if name in audience}
        stamps = {name: audience[name] for name in ("createdBy", "createdAt", "updatedBy", "updatedAt")}
        return {"audienceId": audience["id"], "audienceName": audience["name"], **kept, **stamps}

    def etag(self, id: str) -> str:
        """The stored etag of an audience."""
        found = self._documents.get(COLLECTION, id)
        return "" if found is None else found.etag

    # -- its members ---------------------------------------------------------------------------------------------------

    def expired(self, audience: Json, at: datetime) -> bool:
        """Whether an audience had rows and they are too old."""
        return (
            "ingestedAt" in audience and at.timestamp() >= audience["ingestedAt"] + audience["ttlInDays"] * _DAY_SECONDS
        )

    def expire(self, at: datetime) -> None:
        """Empty the audiences whose days are over: their rows and memberships go, the dataset stays."""
        store, lake = store_of(self._context), self._context.lake
        for audience in self.all():
            if not self.expired(audience, at) or audience.get("emptied"):
                continue
            opened = {run.id for run in self._documents.find(RUNS, lambda body: body["status"] == "PROCESSING")}
            with self._context.database.write():
                for batch in lake.batches(dataset_id=audience["datasetId"], status=sorted(VISIBLE_STATES)):
                    if batch.external_id not in opened:
                        lake.revert_batch(batch.id)
                store.ledger.drop_dataset(audience["datasetId"])
                store.ledger.drop_membership(audience["id"])
                self._documents.put(COLLECTION, audience["id"], {**audience, "emptied": True})

    def evaluate(self, at: datetime, job_id: str) -> None:
        """Make the people of all ingested audiences their members as of a daily evaluation."""
        store = store_of(self._context)
        for audience in self.all():
            if "ingestedAt" not in audience or audience.get("emptied"):
                continue
            members = listed(store, audience["datasetId"])
            found = record(store, audience["id"], members, at, job_id, space=audience["namespace"])
            with self._context.database.write():
                if self._documents.get(COLLECTION, audience["id"]) is not None:
                    store.ledger.set_membership(found.membership)

    def _stamps(self) -> Json:
        stamps = self._touched()
        return {"createdBy": stamps["updatedBy"], "createdAt": stamps["updatedAt"], **stamps}

    def _touched(self) -> Json:
        return {"updatedBy": self._context.options.client_id, "updatedAt": int(self._context.clock.now().timestamp())}
