"""The model registry: MLflow over a SQLite file in the state directory, one registered model for each use case.

A version holds the published model and the judged one; its metrics are the judged one's, and its parameters say so.
It belongs to a run id, the data it was trained on and the published model's hash. Training the same run again on the
same data finds that version; it never registers a second one. The alias `champion` says which version scores.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from runner.errors import ModelError
from runner.gate import Verdict
from runner.model_card import read_card
from runner.training import Trained
from runner.training.model import CARD_FILE

CHAMPION = "champion"
EXPERIMENT = "propensity"
ARTIFACT = "model"


@dataclass(frozen=True)
class Version:
    """A registered model version. `model_dir` is its own copy, which later training does not touch."""

    name: str
    version: str
    run_id: str
    model_dir: str
    auc: float | None


@dataclass(frozen=True)
class Registered:
    """What registering did.

    Args:
        name, version: of the challenger. created: False when the same run, data and model were there already.
        promoted: it is the champion now. champion_version, champion_dir: which model scores from now on.
        previous_champion: version that was champion before, None where there was none.
    """

    name: str
    version: str
    created: bool
    promoted: bool
    champion_version: str
    champion_dir: str
    previous_champion: str | None


class Registry:
    """Versions and the champion of every use case.

    Args:
        state_dir: holds `mlflow.db` and `mlflow-artifacts/`. Nothing leaves this directory: no server, no telemetry.
    """

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir.resolve()

    def champion(self, use_case: str) -> Version | None:
        """The version that scores, or None."""
        from mlflow.exceptions import MlflowException

        try:
            found = self._client.get_model_version_by_alias(model_name(use_case), CHAMPION)
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise
        return _version(found)

    def versions(self, use_case: str) -> tuple[Version, ...]:
        """All versions, oldest first."""
        found = self._client.search_model_versions(f"name='{model_name(use_case)}'", max_results=1000)
        return tuple(sorted((_version(v) for v in found), key=lambda v: int(v.version)))

    def register(self, trained: Trained, verdict: Verdict) -> Registered:
        """Keep a trained model, and make it champion when the verdict lets it.

        Raises:
            ModelError: the gate refuses and there is no champion that could score instead.
        """
        with self._alone():
            before = self.champion(trained.use_case)
            found = self._find(trained)
            created = found is None
            version = found or self._create(trained, verdict)
            if verdict.promote:
                self._client.set_registered_model_alias(version.name, CHAMPION, version.version)
            elif before is None:
                raise ModelError(
                    f"The gate refuses the first model of {trained.use_case}: {'; '.join(verdict.failures)}.",
                    "There is no champion to score with. Improve the features or the amount of data; or, if you "
                    "accept the model as it is, set gate: dry_run in propensity.yml and train again.",
                )
            champion = version if verdict.promote else before
            assert champion is not None
            return Registered(
                version.name,
                version.version,
                created,
                verdict.promote,
                champion.version,
                champion.model_dir,
                before.version if before else None,
            )

    def _find(self, trained: Trained) -> Version | None:
        wanted = _tags(trained)
        for found in self._client.search_model_versions(f"name='{model_name(trained.use_case)}'", max_results=1000):
            if all(found.tags.get(key) == value for key, value in wanted.items()) and found.status == "READY":
                version = _version(found)
                if (Path(version.model_dir) / CARD_FILE).exists():
                    return version
        return None

    def _create(self, trained: Trained, verdict: Verdict) -> Version:
        from mlflow.exceptions import MlflowException

        client, name = self._client, model_name(trained.use_case)
        card = read_card(Path(trained.model_dir) / CARD_FILE)
        run = client.create_run(self._experiment, run_name=trained.run_id, tags={"use_case": trained.use_case})
        mlflow_id = run.info.run_id
        for key, value in _parameters(card).items():
            client.log_param(mlflow_id, key, value)
        for key, value in trained.metrics.items():
            client.log_metric(mlflow_id, key, value)
        client.log_dict(mlflow_id, verdict.as_json(), "gate.json")
        client.log_artifacts(mlflow_id, trained.model_dir, ARTIFACT)
        client.set_terminated(mlflow_id)
        try:
            client.create_registered_model(name, description=str(card["title"]))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        # The tags come with the version, so that a version cut short by a crash is never mistaken for another.
        made = client.create_model_version(
            name, source=f"{run.info.artifact_uri}/{ARTIFACT}", run_id=mlflow_id, tags=_tags(trained)
        )
        return _version(made)

    @cached_property
    def _client(self) -> Any:
        # Set before the import: MLflow reads them there.
        os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
        os.environ["DO_NOT_TRACK"] = "true"
        for noisy in ("mlflow", "alembic"):
            logging.getLogger(noisy).setLevel(logging.ERROR)
        from mlflow.tracking import MlflowClient

        self._state_dir.mkdir(parents=True, exist_ok=True)
        address = f"sqlite:///{self._state_dir / 'mlflow.db'}"
        return MlflowClient(tracking_uri=address, registry_uri=address)

    @cached_property
    def _experiment(self) -> str:
        found = self._client.get_experiment_by_name(EXPERIMENT)
        if found:
            return str(found.experiment_id)
        artifacts = (self._state_dir / "mlflow-artifacts").as_uri()
        return str(self._client.create_experiment(EXPERIMENT, artifact_location=artifacts))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Find-then-create must not run twice at once: one registration at a time on this machine."""
        self._state_dir.mkdir(parents=True, exist_ok=True)
        with (self._state_dir / "registry.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _parameters(card: Mapping[str, Any]) -> dict[str, Any]:
    """How the published model was grown, and which model the metrics are of."""
    grown, judged = card["boosting"], card["judged"]
    return {
        **grown["parameters"],
        "plan": grown["plan"],
        "trees": grown["trees"],
        "refitted_through": card["published"]["through"] or "not refitted",
        "judged_as_of": judged["as_of"],
        "judged_plan": judged["boosting"]["plan"],
        "judged_trees": judged["boosting"]["trees"],
        "judged_sha256": judged["model_sha256"],
    }


def model_name(use_case: str) -> str:
    """The registered model's name."""
    return f"propensity_{use_case}"


def _tags(trained: Trained) -> dict[str, str]:
    return {
        "run_id": trained.run_id,
        "fingerprint": trained.fingerprint,
        "contract_hash": trained.contract_hash,
        "model_sha256": trained.model_sha256,
        "auc": repr(trained.metrics["auc"]),
    }


def _version(found: Any) -> Version:
    path = unquote(urlparse(str(found.source)).path)
    auc = found.tags.get("auc")
    return Version(
        str(found.name), str(found.version), str(found.tags.get("run_id", "")), path, float(auc) if auc else None
    )
