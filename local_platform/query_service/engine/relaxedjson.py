"""JSON that is not quite JSON, made strict where Spark's options allow it: single quotes, bare names, comments."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

# Names of options in lower case; Spark reads them in any case. Single quotes are allowed unless told otherwise.
LENIENT: Mapping[str, str] = {}
_TOKEN = re.compile(
    r"""(?P<strict>"(?:[^"\\]|\\.)*") | (?P<single>'(?:[^'\\]|\\.)*') | (?P<comment>/\*.*?\*/|//[^\n]*)
    | (?P<zeros>(?<![\w.])-?0+\d[\w.+\-]*) | (?P<bare>(?<![\w.])[A-Za-z_$][\w$]*(?=\s*:))""",
    re.VERBOSE | re.DOTALL,
)
_ALLOWED_BY = {
    "single": "allowsinglequotes",
    "comment": "allowcomments",
    "zeros": "allownumericleadingzeros",
    "bare": "allowunquotedfieldnames",
}


def relaxed(text: str, options: Mapping[str, str]) -> str:
    """The document as strict JSON as far as the options allow; what they do not allow stays as it is."""

    def made(found: re.Match[str]) -> str:
        kind, token = str(found.lastgroup), found[0]
        default = "true" if kind == "single" else "false"
        if kind == "strict" or options.get(_ALLOWED_BY[kind], default) != "true":
            return token
        if kind == "single":
            inner = re.sub(r"(\\.)|\"", lambda part: part[1] or '\\"', token[1:-1], flags=re.DOTALL)
            return '"' + inner.replace("\\'", "'") + '"'
        if kind == "comment":
            return " "
        if kind == "zeros":
            return re.sub(r"^(-?)0+(?=\d)", r"\1", token)
        return json.dumps(token)

    return _TOKEN.sub(made, text)
