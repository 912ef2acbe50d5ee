"""Where churn models are kept: MLflow tracking and registry on SQLite, files beside it. The alias `champion` says which one scores, and
`challenger` which one scores in its shadow.

A model is text and JSON, never a pickle: loading it runs no code. The SHA-256 of every file is written to the registry's database when
the model is registered, and compared when it is loaded, so that files changed afterwards are refused.
"""

from __future__ import annotations

import hashlib
import logging
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from playhead.churn.card import CARD_FILE, RunRecord, write_card
from playhead.churn.model import ChurnModel
from playhead.errors import ModelError

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

MODEL_NAME = "churn"
CHAMPION, CHALLENGER = "champion", "challenger"
_EXPERIMENT = "churn"
_ARTIFACTS = "model"
_DIGEST_TAG = "sha256."


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A model with the version label that scores carry (`churn-3`), and its card."""

    version: str
    model: ChurnModel
    card: str = ""


class ChurnRegistry:
    """The registry of one home directory. Nothing is imported or created until it is needed."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._opened: MlflowClient | None = None

    @property
    def uri(self) -> str:
        """Tracking and registry address, for `mlflow ui --backend-store-uri`."""
        return f"sqlite:///{self.directory / 'mlflow.db'}"

    def champion(self) -> RegisteredModel | None:
        """The model in service, verified; None when no model has ever been promoted.

        Raises:
            ModelError: its files are not the ones that were registered.
        """
        return self._model(self._aliases().get(CHAMPION))

    def challenger(self) -> RegisteredModel | None:
        """The model in the shadow of the one in service, verified: the loser of the newest contest. None where nothing competed yet.

        Raises:
            ModelError: its files are not the ones that were registered.
        """
        aliases = self._aliases()
        return None if aliases.get(CHAMPION) in (None, aliases.get(CHALLENGER)) else self._model(aliases.get(CHALLENGER))

    def change_places(self) -> None:
        """Put the model in the shadow in service, and the one in service in the shadow; done again, it changes them back."""
        aliases = self._aliases()
        self._put(CHAMPION, aliases[CHALLENGER])
        self._put(CHALLENGER, aliases[CHAMPION])

    def _model(self, number: str | None) -> RegisteredModel | None:
        if number is None:
            return None
        version = self._client().get_model_version(MODEL_NAME, number)
        files = _verified(Path(self._download(version.source)), dict(version.tags), f"{MODEL_NAME}-{number}")
        return RegisteredModel(f"{MODEL_NAME}-{number}", ChurnModel.from_files(files), files[CARD_FILE].decode())

    def _aliases(self) -> dict[str, str]:
        """Numbers of versions by alias. Asking makes nothing."""
        if not (self.directory / "mlflow.db").is_file():
            return {}
        registered = next(iter(self._client().search_registered_models(f"name='{MODEL_NAME}'")), None)
        return {name: str(number) for name, number in registered.aliases.items()} if registered else {}

    def _put(self, alias: str, number: str) -> None:
        self._client().set_registered_model_alias(MODEL_NAME, alias, number)

    def register(self, model: ChurnModel, record: RunRecord, parameters: dict[str, Any]) -> str:
        """Keep a challenger with its run, card and verdict, and put it in service if it was promoted; returns its version label.

        Who lost, the challenger or the champion it took over from, is in the shadow from then on. The champion's alias moves last: a crash
        before that leaves the champion in service.
        """
        client = self._client()
        files = model.to_files() | {CARD_FILE: write_card(record).encode()}
        verdict = {"promoted": str(record.verdict.is_promoted).lower(), "reason": record.verdict.reason, "playhead_run_id": record.run_id}
        run = client.create_run(self._experiment(), run_name=record.run_id, tags=verdict)
        self._log(run.info.run_id, record, parameters)
        with TemporaryDirectory() as staging:
            for name, content in files.items():
                Path(staging, name).write_bytes(content)
            client.log_artifacts(run.info.run_id, staging, _ARTIFACTS)
        client.set_terminated(run.info.run_id)
        digests = {_DIGEST_TAG + name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        if not client.search_registered_models(f"name='{MODEL_NAME}'"):
            client.create_registered_model(MODEL_NAME, description="Churn of paid users; alias `champion` scores.")
        number = client.create_model_version(
            MODEL_NAME, source=f"{run.info.artifact_uri}/{_ARTIFACTS}", run_id=run.info.run_id, tags=verdict | digests
        ).version
        loser = self._aliases().get(CHAMPION) if record.verdict.is_promoted else str(number)
        if loser is not None:
            self._put(CHALLENGER, loser)
        if record.verdict.is_promoted:
            self._put(CHAMPION, str(number))
        logger.info("model=%s-%s promoted=%s: %s", MODEL_NAME, number, record.verdict.is_promoted, record.verdict.reason)
        return f"{MODEL_NAME}-{number}"

    def _log(self, tracking_id: str, record: RunRecord, parameters: dict[str, Any]) -> None:
        """Parameters and metrics of the run."""
        client = self._client()
        plan = {name: str(value) for name, value in asdict(record.plan).items()}
        rows = {f"rows_{name}": count for name, count in record.slice_rows.items()}
        for name, value in {**parameters, **plan, **rows}.items():
            client.log_param(tracking_id, name, value)
        judged = {"challenger": record.challenger, "baseline": record.baseline, "champion": record.champion}
        for who, evaluation in judged.items():
            for name, figure in evaluation.metrics(who).items() if evaluation is not None else ():
                client.log_metric(tracking_id, name, figure)

    def _experiment(self) -> str:
        """Id of the experiment, made at the first run."""
        found = self._client().get_experiment_by_name(_EXPERIMENT)
        if found is not None:
            return str(found.experiment_id)
        return str(self._client().create_experiment(_EXPERIMENT, artifact_location=(self.directory / "artifacts").as_uri()))

    def _client(self) -> MlflowClient:
        """MLflow's client, opened once; it sends nothing home."""
        if self._opened is None:
            os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
            os.environ.setdefault("DO_NOT_TRACK", "true")
            from mlflow import MlflowClient

            self.directory.mkdir(parents=True, exist_ok=True)
            self._opened = MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)
        return self._opened

    def _download(self, source: str) -> str:
        """A local directory with the files of a version; for the local store, the store's own."""
        from mlflow.artifacts import download_artifacts
        from mlflow.exceptions import MlflowException

        try:
            return str(download_artifacts(artifact_uri=source, tracking_uri=self.uri))
        except (MlflowException, OSError) as error:
            raise ModelError(f"a model's files at {source} cannot be read ({error}); restore them or run retrain_churn") from error


def _verified(directory: Path, tags: dict[str, str], version: str) -> dict[str, bytes]:
    """The files of a version, each compared with the digest that was registered.

    Raises:
        ModelError: a file is missing, was changed, or was not registered.
    """
    digests = {name.removeprefix(_DIGEST_TAG): value for name, value in tags.items() if name.startswith(_DIGEST_TAG)}
    files = {path.name: path.read_bytes() for path in sorted(directory.iterdir()) if path.is_file()}
    wrong = sorted(
        name
        for name in digests.keys() | files.keys()
        if name not in files or name not in digests or hashlib.sha256(files[name]).hexdigest() != digests[name]
    )
    if wrong or not digests:
        raise ModelError(
            f"model {version}: {', '.join(wrong) or 'its digests'} differ from what was registered, so it is not loaded; "
            f"restore the files in {directory}, or move the alias `{CHAMPION}` to another version"
        )
    return files
