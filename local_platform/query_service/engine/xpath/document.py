"""XML as Java's parser hands it to Spark: a tree that knows nothing of namespaces.

A prefix is a part of the name, and declarations of namespaces are no attributes. Entities are refused, and so is a DTD
of another file, so that no text grows and no file is read.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Literal
from xml.parsers import expat

LONGEST = 10_000_000
MOST_WORK = 3_000_000
Kind = Literal["document", "element", "attribute", "text", "comment", "instruction"]


@dataclass(slots=True, eq=False)
class Node:
    """A node of the tree.

    Attributes:
        name: as written, with its prefix; empty where the kind has none.
        value: text of what is no element and no document.
        first: of a text, what stands before its first CDATA section or the section's end; all that Spark shows.
        order: place in the document.
        work: what is left of the nodes that may be visited; one number for all nodes of a document.
    """

    kind: Kind
    name: str
    value: str
    parent: Node | None
    order: int
    work: list[int]
    first: str | None = None
    children: list[Node] = field(default_factory=list)
    attributes: list[Node] = field(default_factory=list)

    @property
    def local_name(self) -> str:
        """The name without its prefix."""
        return self.name.rpartition(":")[2]

    def spend(self, count: int = 1) -> None:
        """Note that nodes were visited.

        Raises:
            ValueError: too many were.
        """
        self.work[0] -= count
        if self.work[0] < 0:
            raise ValueError(
                f"The path visits more than {MOST_WORK:,} nodes of one document, more than the local Query Service "
                "takes on; name the elements on the way instead of searching all of them."
            )

    def string(self) -> str:
        """The string-value: text of all descendants for elements and documents."""
        if self.kind not in ("document", "element"):
            self.spend(1 + len(self.value) // 100)
            return self.value
        pieces: list[str] = []
        open_nodes = [self]
        while open_nodes:
            node = open_nodes.pop()
            node.spend(1 + len(node.value) // 100)
            if node.kind == "text":
                pieces.append(node.value)
            open_nodes.extend(reversed(node.children))
        return "".join(pieces)


def read(xml: str) -> Node:
    """The document node of an XML text.

    Raises:
        ValueError: the text is no XML, too long, or declares entities or a DTD elsewhere.
    """
    if len(xml) > LONGEST:
        raise ValueError(
            f"Invalid XML document: the local Query Service reads up to {LONGEST:,} characters, seen {len(xml):,}."
        )
    parser = expat.ParserCreate("utf-8")
    builder = _Builder(parser)
    try:
        parser.Parse(xml.encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        shown = xml if len(xml) <= 100 else f"{xml[:100]}..."
        raise ValueError(f"Invalid XML document: {error}\n{shown}") from None
    return builder.document


class _Builder:
    """Handlers that build the tree."""

    def __init__(self, parser: expat.XMLParserType) -> None:
        self._work = [MOST_WORK]
        self.document = Node("document", "", "", None, 0, self._work)
        self._at = self.document
        self._count = 0
        self._pieces: list[str] = []
        self._first: str | None = None
        parser.ordered_attributes = True
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._pieces.append
        parser.StartCdataSectionHandler = self._cdata
        parser.EndCdataSectionHandler = self._cdata
        parser.CommentHandler = self._comment
        parser.ProcessingInstructionHandler = self._instruction
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = self._entity

    def _add(self, kind: Kind, name: str, value: str, first: str | None = None) -> Node:
        self._count += 1
        node = Node(kind, name, value, self._at, self._count, self._work, first)
        self._at.children.append(node)
        return node

    def _flush(self) -> None:
        if self._pieces:
            text = "".join(self._pieces)
            if self._at is not self.document:
                self._add("text", "", text, text if self._first is None else self._first)
            self._pieces.clear()
        self._first = None

    def _cdata(self) -> None:
        # Java keeps a section apart from the text around it, and Spark shows the first of such neighbours.
        if self._first is None and self._pieces:
            self._first = "".join(self._pieces)

    def _start(self, name: str, attributes: list[str]) -> None:
        self._flush()
        node = self._add("element", sys.intern(name), "")
        # In the order of their names, as Java keeps them.
        for key, value in sorted(zip(attributes[::2], attributes[1::2], strict=True)):
            if key != "xmlns" and not key.startswith("xmlns:"):
                self._count += 1
                attribute = Node("attribute", sys.intern(key), value, node, self._count, self._work, value)
                node.attributes.append(attribute)
        self._at = node

    def _end(self, _: str) -> None:
        self._flush()
        self._at = self._at.parent or self.document

    def _comment(self, text: str) -> None:
        self._flush()
        self._add("comment", "", text, text)

    def _instruction(self, target: str, data: str) -> None:
        self._flush()
        self._add("instruction", target, data, data)

    def _doctype(self, name: str, system: str | None, public: str | None, _: bool) -> None:
        if system is not None or public is not None:
            raise ValueError(
                f"Invalid XML document: the DTD of {name} stands elsewhere, and the local Query Service reads none; "
                "leave the DOCTYPE out."
            )

    def _entity(self, name: str, *_: object) -> None:
        raise ValueError(
            f"Invalid XML document: the local Query Service expands no entities, seen {name!r}; write its text instead."
        )
