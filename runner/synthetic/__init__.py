"""Step 1: synthetic customers whose true probability of converting is known.

    spec = SyntheticSpec.ending(default_end(today))
    data = generate(spec)
    files = write_population(data, folder, tenant)
    limit = best_possible_auc(truth(data, spec.end - timedelta(days=14), horizon_days=14))
    tomorrow = next_day(data)

Rooms: model (rates and effects), streams (vectorised events), generator, reference (the published generator),
profiles, paths and truth (simulated futures), auc, files, method (how it was done, for method.json).
"""

from runner.synthetic.auc import BestPossible, auc, best_possible_auc, expected_auc
from runner.synthetic.files import ATTRIBUTE_PATHS, DayFiles, SyntheticFiles, write_day, write_population
from runner.synthetic.generator import NextDay, SyntheticData, generate, next_day
from runner.synthetic.spec import SyntheticSpec, default_end
from runner.synthetic.truth import Truth, truth

__all__ = [
    "ATTRIBUTE_PATHS",
    "BestPossible",
    "DayFiles",
    "NextDay",
    "SyntheticData",
    "SyntheticFiles",
    "SyntheticSpec",
    "Truth",
    "auc",
    "best_possible_auc",
    "default_end",
    "expected_auc",
    "generate",
    "next_day",
    "truth",
    "write_day",
    "write_population",
]
