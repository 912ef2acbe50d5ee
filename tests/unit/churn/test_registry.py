"""The registry: champion, challenger, and files that nobody may change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from urllib.parse import urlparse

import pytest

from playhead.churn.card import RunRecord
from playhead.churn.cutoffs import plan_cutoffs
from playhead.churn.promote import Contest, decide
from playhead.churn.reference import FeatureBins, Reference
from playhead.churn.registry import ChurnRegistry
from playhead.churn.train import PARAMETERS, evaluate, train_model
from playhead.errors import ModelError


@pytest.fixture(scope="module")
def model(slices):
    reference = Reference(date(2026, 2, 4), (FeatureBins("tier_rank", (1.0, 2.0), (5, 7, 9, 0)),))
    return replace(train_model(slices["train"], slices["calibration"], 7), reference=reference)


def _record(model, slices, *, run_id: str = "run-1", champion: float | None = None) -> RunRecord:
    held_out = slices["held_out"]
    labels = held_out["churned"].to_numpy(dtype="float64")
    challenger, baseline = evaluate(labels, model.predict(held_out)), evaluate(labels, held_out["rule_score"].to_numpy())
    return RunRecord(
        run_id=run_id,
        plan=plan_cutoffs(date(2026, 1, 1), date(2026, 2, 4), 7),
        slice_rows={name: len(rows) for name, rows in slices.items()},
        challenger=challenger,
        baseline=baseline,
        champion=None if champion is None else challenger,
        champion_version=None if champion is None else "churn-1",
        verdict=decide(Contest(challenger.pr_auc, baseline.pr_auc, champion)),
    )


@pytest.fixture(scope="module")
def registry(tmp_path_factory, model, slices) -> ChurnRegistry:
    """One registry for the module (SQLite migrations take seconds): churn-1 was promoted, churn-2 was not."""
    registry = ChurnRegistry(tmp_path_factory.mktemp("home") / "mlflow")
    assert registry.champion() is None
    assert not registry.directory.exists()  # asking creates nothing
    assert registry.register(model, _record(model, slices), PARAMETERS) == "churn-1"
    assert registry.register(model, _record(model, slices, run_id="run-2", champion=0.999), PARAMETERS) == "churn-2"
    return registry


def _files(registry: ChurnRegistry, version: int):

    source = registry._client().get_model_version("churn", str(version)).source

    return Path(urlparse(source).path)


def test_registry__promoted_model_is_in_service_and_the_refused_one_is_not(registry, model):
    champion = registry.champion()

    assert champion is not None
    assert champion.version == "churn-1"
    assert champion.model == model


def test_registry__another_process_finds_the_same_champion(registry, model):
    champion = ChurnRegistry(registry.directory).champion()

    assert champion is not None
    assert champion.model == model


def test_registry__the_loser_is_in_the_shadow(registry, model):
    challenger = registry.challenger()

    assert (challenger.version, challenger.model) == ("churn-2", model)


def test_registry__models_change_places_and_back(registry):
    registry.change_places()
    assert (registry.champion().version, registry.challenger().version) == ("churn-2", "churn-1")
    registry.change_places()
    assert (registry.champion().version, registry.challenger().version) == ("churn-1", "churn-2")


def test_registry__who_takes_over_leaves_the_champion_in_the_shadow(tmp_path, model, slices):
    registry = ChurnRegistry(tmp_path / "mlflow")
    registry.register(model, _record(model, slices), PARAMETERS)
    assert registry.challenger() is None  # the first has nobody beside it
    registry.register(model, _record(model, slices, champion=0.01), PARAMETERS)

    assert (registry.champion().version, registry.challenger().version) == ("churn-2", "churn-1")


def test_registry__the_reason_is_tagged(registry):
    tags = registry._client().get_model_version("churn", "2").tags

    assert tags["promoted"] == "false"
    assert tags["reason"].startswith("does not beat the champion")
    assert tags["playhead_run_id"] == "run-2"


def test_registry__card_is_written_from_the_run(registry):
    card = (_files(registry, 1) / "model_card.md").read_text()

    assert registry.champion().card == card
    assert "`run-1`" in card
    assert "Decision: promoted; first model in service" in card
    assert "| rule baseline | 3000 |" in card


def test_registry__no_file_can_run_code(registry):
    kept = [path for path in registry.directory.rglob("*") if path.is_file()]

    assert {path.suffix for path in kept} == {".db", ".txt", ".json", ".md"}
    assert not [path for path in kept if path.read_bytes()[:2] in {b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK"}]


@pytest.mark.parametrize("name", ["model.txt", "calibration.json", "features.json", "reference.json", "model_card.md"])
def test_registry__changed_file_is_refused(registry, name):
    path = _files(registry, 1) / name
    original = path.read_bytes()
    path.write_bytes(original + b" ")
    try:
        with pytest.raises(ModelError, match=f"churn-1: {name} differ"):
            registry.champion()
    finally:
        path.write_bytes(original)
    assert registry.champion() is not None


def test_registry__added_and_removed_files_are_refused(registry):
    directory = _files(registry, 1)
    stray = directory / "model.pkl"
    stray.write_bytes(b"\x80\x05")
    with pytest.raises(ModelError, match=r"model\.pkl"):
        registry.champion()
    stray.unlink()
    moved = (directory / "model.txt").rename(directory.parent / "model.txt")
    try:
        with pytest.raises(ModelError, match=r"model\.txt"):
            registry.champion()
    finally:
        moved.rename(directory / "model.txt")
