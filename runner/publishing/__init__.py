"""A run's scores on their way into profiles: checked, shaped, ingested exactly once, verified."""

from runner.publishing.publish import Published, publish
from runner.publishing.scores import Scores, read_scores
from runner.publishing.verification import Verification, verify
from runner.publishing.xdm import RunFacts, ScoreFields, fields_of

__all__ = [
    "Published",
    "RunFacts",
    "ScoreFields",
    "Scores",
    "Verification",
    "fields_of",
    "publish",
    "read_scores",
    "verify",
]
