"""Patterns of format_number that Java's DecimalFormat does not read are refused with the reason."""

from __future__ import annotations

import pytest

from local_platform.query_service.engine import decimalformat


@pytest.mark.parametrize(
    "pattern", ["0.0.0", "0#", "#.0#0", "0.0E", "0,", "%0%", "x", "0x0", "#.#,", "0;0;0", "0'", "0\u00a4"]
)
def test_a_malformed_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="Malformed pattern"):
        decimalformat.by_pattern(1.5, pattern)
    with pytest.raises(ValueError, match="Malformed pattern"):
        decimalformat.exactly_by_pattern("1.5", pattern)
