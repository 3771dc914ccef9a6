"""Identity Service: namespaces."""

from __future__ import annotations

from dataclasses import dataclass

from runner.platform.documents import Document, listed, mapping, text, whole
from runner.platform.library import LibraryName
from runner.platform.service import Service


@dataclass(frozen=True)
class Namespace:
    """An identity namespace; `code` as registered."""

    id: int
    code: str
    name: str
    id_type: str


class Identities(Service):
    """Identity namespaces, standard and custom."""

    title = "Identity Service"
    library_name: LibraryName = "identities"

    def namespaces(self) -> list[Namespace]:
        """Every namespace of the organisation."""
        answer = self.call(self.library.getIdentities)
        return [_namespace(n) for n in listed(answer, "Identity Service to namespaces")]

    def find(self, code: str) -> Namespace | None:
        """The namespace with this code (case does not matter), or None."""
        return next((n for n in self.namespaces() if n.code.lower() == code.lower()), None)

    def ensure(self, code: str, name: str, id_type: str = "CROSS_DEVICE") -> Namespace:
        """The namespace with this code, made if there is none."""

        def make() -> Namespace:
            answer = self.call(self.library.createIdentity, name=name, code=code, idType=id_type)
            return _namespace(mapping(answer, "Identity Service to a new namespace"))

        return self.once(lambda: self.find(code), make, f"namespace '{code}'")


def _namespace(item: Document) -> Namespace:
    return Namespace(
        id=whole(item.get("id")),
        code=text(item, "code", "Identity Service to a namespace"),
        name=str(item.get("name", "")),
        id_type=str(item.get("idType", "")),
    )
