"""Patterns beyond RE2: what Java refuses is refused, and none holds the server up."""

from __future__ import annotations

import threading

import pytest

from local_platform.query_service.engine import regex


@pytest.mark.parametrize(
    "pattern",
    [
        "a{e<=1}(?=b)",
        "a{b}(?=c)",
        "(?|a|b)(?=c)",
        "(?P<y>a)(?=b)",
        "(*FAIL)|a(?=b)",
        r"\Ka(?=b)",
        r"\ma(?=b)",
        "(?r)a(?=b)",
    ],
)
def test_what_java_cannot_read_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="Java"):
        regex.compiled(pattern)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"[{]a(?=b)", "{ab"),
        (r"\Q{a\E(?=b)", "{ab"),
        (r"\{a(?=b)", "{ab"),
        (r"a{2,3}+b", "aaab"),
        (r"a{2,}(?=b)", "aab"),
        (r"(?i)A(?=B)", "ab"),
        (r"\\K(?=a)", r"\Ka"),
        (r"\p{Lower}+(?=B)", "aB"),
        (r"[a-f&&[^bd]](?=x)", "cx"),
        (r"(?<y>\d)\k<y>", "11"),
    ],
)
def test_what_java_reads_matches(pattern: str, text: str) -> None:
    assert regex.matches(text, pattern)


def test_a_pattern_without_end_is_given_up_and_others_run_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(regex._LIMITS, "timeout", 0.5)
    ended, ran = threading.Event(), 0

    def work() -> None:
        nonlocal ran
        while not ended.wait(0.01):
            ran += 1

    other = threading.Thread(target=work)
    other.start()
    try:
        for ask in (
            lambda: regex.matches("a" * 60, "(a|aa)+(?!a)b"),
            lambda: regex.split("a" * 60, "(a|aa)+(?!a)b", -1),
            lambda: regex.replace("a" * 60, "(a|aa)+(?!a)b", "x"),
        ):
            before = ran
            with pytest.raises(ValueError, match=r"one value.*one way only"):
                ask()
            assert ran > before + 5
    finally:
        ended.set()
        other.join()
