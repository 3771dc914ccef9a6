"""A run's id and what it is made of."""

from __future__ import annotations

from datetime import date

import pytest

from runner.errors import SettingsError
from runner.run_ids import as_of_date, run_id_of, use_case_of


def test_an_id_gives_back_what_it_was_made_of() -> None:
    made = run_id_of("email-click", date(2026, 11, 9))
    assert (made, use_case_of(made), as_of_date(made)) == ("email-click-20261109", "email-click", date(2026, 11, 9))


@pytest.mark.parametrize("text", ["newsletter", "newsletter-2026", "newsletter-20261345", "", "newsletter-20261109-r2"])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"is no run id. It is a use case and an as-of date"):
        as_of_date(text)
