"""Stored mapping sets: their versions, their mappings, and the schema they map to."""

from __future__ import annotations

import uuid
from typing import Any

from local_platform.context import Context
from local_platform.services.data_prep.errors import InvalidMapping, MappingMissing
from local_platform.services.data_prep.mapping import Mapper, Rule, problem_of, rules_of
from local_platform.services.schema_registry.errors import ResourceNotFound
from local_platform.services.schema_registry.state import Registry

Json = dict[str, Any]
_COLLECTION = "dataprep.mappingSets"


class MappingSets:
    """Mapping sets of one sandbox."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._documents = context.documents
        self._registry = Registry(context)

    def all(self) -> list[Json]:
        """All mapping sets, oldest first."""
        return [document.body for document in self._documents.all(_COLLECTION)]

    def get(self, id: str) -> Json:
        """One mapping set.

        Raises:
            MappingMissing
        """
        found = self._documents.get(_COLLECTION, id)
        if found is None:
            raise MappingMissing("mapping set", id)
        return found.body

    def create(self, body: Json) -> Json:
        """Check and store a new mapping set.

        Raises:
            InvalidMapping
        """
        return self._put(uuid.uuid4().hex, body, {"version": 0, "createdDate": self._now()})

    def replace(self, id: str, body: Json) -> Json:
        """Store a mapping set anew, as its next version.

        Raises:
            InvalidMapping, MappingMissing
        """
        with self._context.database.write():
            stored = self.get(id)
            kept = {"version": int(stored["version"]) + 1, "createdDate": stored["createdDate"]}
            return self._put(id, {**stored, **body}, kept)

    def delete(self, id: str) -> None:
        """Remove a mapping set.

        Raises:
            MappingMissing
        """
        self.get(id)
        self._documents.delete(_COLLECTION, id)

    # -- single mappings -----------------------------------------------------------------------------------------------

    def mapping(self, id: str, mapping_id: str) -> Json:
        """One mapping of a set.

        Raises:
            MappingMissing
        """
        found = next((item for item in self.get(id)["mappings"] if item["id"] == mapping_id), None)
        if found is None:
            raise MappingMissing("mapping", mapping_id)
        return dict(found)

    def add_mapping(self, id: str, mapping: Json) -> Json:
        """Add a mapping to a set; the set gets its next version."""
        changed = self.replace(id, {"mappings": [*self.get(id)["mappings"], mapping]})
        return dict(changed["mappings"][-1])

    def change_mapping(self, id: str, mapping_id: str, mapping: Json | None) -> Json:
        """Replace a mapping of a set, or with None remove it; returns it as it is or was."""
        before = self.mapping(id, mapping_id)
        mappings = [
            ({**mapping, "id": mapping_id} if mapping is not None else None) if item["id"] == mapping_id else item
            for item in self.get(id)["mappings"]
        ]
        self.replace(id, {"mappings": [item for item in mappings if item is not None]})
        return before if mapping is None else self.mapping(id, mapping_id)

    # -- what mappings mean --------------------------------------------------------------------------------------------

    def problems(self, body: Json) -> list[str | None]:
        """For each mapping of a body what is wrong with it, or None.

        Raises:
            InvalidMapping: the body holds no list of mappings, or names a schema that does not exist.
        """
        rules = rules_of(body.get("mappings"))
        if not rules:
            raise InvalidMapping(
                "mappings must be a list of {sourceType, source, destination} with at least one entry."
            )
        output = self.output_schema(body)
        return [problem_of(rule, output) for rule in rules]

    def mapper(self, body: Json) -> Mapper:
        """What maps rows as a body says.

        Raises:
            InvalidMapping
        """
        wrong = [problem for problem in self.problems(body) if problem]
        if wrong:
            raise InvalidMapping(" ".join(wrong))
        return Mapper(rules_of(body["mappings"]), self.output_schema(body))

    def rules(self, id: str) -> list[Rule] | None:
        """The rules of a stored mapping set, or None without one."""
        found = self._documents.get(_COLLECTION, id)
        return None if found is None else rules_of(found.body["mappings"])

    def output_schema(self, body: Json) -> Json | None:
        """The output schema, resolved; None where none is named.

        Raises:
            InvalidMapping: it does not exist.
        """
        output = body.get("outputSchema") or {}
        reference = output.get("schemaRef") or {} if isinstance(output, dict) else None
        if not isinstance(reference, dict):
            raise InvalidMapping('outputSchema is not of the form {"schemaRef": {"id": "…", "contentType": "…"}}.')
        id = str(reference.get("id") or body.get("xdmSchema") or "")
        if not id:
            return None
        if id.endswith("__union"):
            return self._registry.union(id.removesuffix("__union"))
        try:
            return self._registry.resolved(id)
        except ResourceNotFound:
            raise InvalidMapping(f"The output schema {id} does not exist in this sandbox.") from None

    def _put(self, id: str, body: Json, kept: Json) -> Json:
        wrong = [problem for problem in self.problems(body) if problem]
        if wrong:
            raise InvalidMapping(" ".join(wrong))
        client = self._context.options.client_id
        stored = {
            "supportVersion": "1.1",
            "strictMapping": False,
            "allowNullValues": False,
            "status": "PUBLISHED",
            "createdBy": client,
            **body,
            **kept,
            "id": id,
            "modifiedDate": self._now(),
            "modifiedBy": client,
            "mappings": [self._mapping(item) for item in body["mappings"]],
        }
        return self._documents.put(_COLLECTION, id, stored).body

    def _mapping(self, item: Json) -> Json:
        rule = rules_of([item])[0]
        now, client = self._now(), self._context.options.client_id
        defaults = {
            "version": 0,
            "createdDate": now,
            "modifiedDate": now,
            "createdBy": client,
            "modifiedBy": client,
            "sourceType": "text/x.schema-path",
            "identity": False,
            "primaryIdentity": False,
            "functionVersion": 1,
        }
        names = {"source": rule.source, "destination": rule.destination}
        older = {"sourceAttribute": rule.source, "destinationXdmPath": rule.destination}
        return {**defaults, **item, "id": item.get("id") or uuid.uuid4().hex, **names, **older}

    def _now(self) -> int:
        return self._context.clock.now_ms()
