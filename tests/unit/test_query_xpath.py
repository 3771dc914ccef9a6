"""XPath over hostile documents and paths: refused in words, without reading a file or outgrowing the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_platform.query_service.engine import xpath
from local_platform.query_service.engine.xpath import document


def refused(xml: str, path: str) -> str:
    with pytest.raises(ValueError, match=r"Invalid X|visits more") as caught:
        xpath.text(xml, path)
    return str(caught.value)


def test_no_entity_is_expanded_and_no_file_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("<!ENTITY e 'secret'>")
    for doctype in (
        "[<!ENTITY e 'aaaa'>]",
        f"[<!ENTITY e SYSTEM '{secret.as_uri()}'>]",
        f"[<!ENTITY % e SYSTEM '{secret.as_uri()}'> %e;]",
        f"SYSTEM '{secret.as_uri()}'",
        f"PUBLIC 'p' '{secret.as_uri()}'",
    ):
        message = refused(f"<!DOCTYPE a {doctype}><a>&e;</a>", "a")
        assert "secret" not in message.replace(str(secret), ""), doctype


def test_deep_and_wide_documents_are_read() -> None:
    assert xpath.whole("<a>" * 50_000 + "</a>" * 50_000, "count(//a)", 32) == 50_000
    assert xpath.text("<a>" * 50_000 + "x" + "</a>" * 50_000, "/") == "x"
    assert xpath.whole("<a>" + "<b/>" * 50_000 + "</a>", "count(a/b)", 32) == 50_000


def test_a_document_of_too_many_characters_is_refused() -> None:
    assert f"{document.LONGEST:,}" in refused("<a>" + "x" * document.LONGEST + "</a>", "a")


@pytest.mark.parametrize(
    "path",
    [
        "count(//*[count(//*) > 0])",
        "//*[string-length(/) > 0]",
        "count(//*/following::*)",
        "count(//*/preceding::*)",
        "//*[following-sibling::c]",
    ],
)
def test_a_path_that_goes_over_the_document_again_and_again_is_stopped(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "MOST_WORK", 50_000)
    assert "visits more than" in refused("<a>" + "<b>x</b>" * 500 + "</a>", path)


def test_predicates_and_calls_may_not_stand_in_each_other_without_end() -> None:
    for path in ("a[" * 41 + "1" + "]" * 41, "concat(1," * 5_000 + ")" * 5_000, "-" * 5_000 + "1", "a/" * 5_000):
        refused("<a/>", path)
    assert xpath.text("<a/>", "concat(1," * 39 + "1" + ")" * 39) == "1" * 40
    assert xpath.text("<a>1</a>", "a" + "/." * 5_000) == "1"
