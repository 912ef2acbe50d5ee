"""Contracts held against earlier commits: what `playhead contracts check` lets pass and what it names."""

from __future__ import annotations

import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from playhead import cli_contracts
from playhead.cli import app
from playhead.contracts.compatibility import Mode
from playhead.contracts.history import check_contracts
from playhead.contracts.model import Contracts
from playhead.errors import ContractError

CONTRACTS = Path(str(files("playhead.contracts")))


class Repository:
    """The contracts of this package in a repository of their own."""

    def __init__(self, root: Path) -> None:
        self.directory = root / "contracts"
        shutil.copytree(CONTRACTS, self.directory, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        self._git("init", "--quiet")
        self._commit("--allow-empty")
        self.commit()

    def change(self, file: str, old: str, new: str) -> None:
        path = self.directory / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def commit(self) -> None:
        self._git("add", "--all")
        self._commit()

    def check(self, against: str = "HEAD", mode: Mode | None = None) -> dict[str, list[str]]:
        return {each.name: [str(broken) for broken in each.breaks] for each in check_contracts(self.directory, against, mode)}

    def _commit(self, *options: str) -> None:
        author = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
        self._git(*author, "commit", "--quiet", "--message", "change", *options)

    def _git(self, *arguments: str) -> None:
        subprocess.run(["git", "-C", str(self.directory), *arguments], check=True)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


AD_ID = "- {name: ad_id, required: true}"
CREATIVE = "- {name: ad_creative_id}"
PLAYS = "- {name: plays_count, required: true}"


def test_check__nothing_changed_and_what_is_added_as_optional_passes(repository: Repository) -> None:
    assert repository.check() == {}
    repository.change("events/ad.yaml", CREATIVE, f"{CREATIVE}\n      - {{name: region}}")
    repository.change("gold/content_daily.yaml", PLAYS, f"{PLAYS}\n      - {{name: region}}")
    assert repository.check() == {}


def test_check__a_required_field_that_is_added_or_left_out_is_named(repository: Repository) -> None:
    repository.change("events/ad.yaml", CREATIVE, "- {name: ad_creative_id, required: true}")
    repository.change("gold/content_daily.yaml", f"      {PLAYS}\n", "")
    found = repository.check()
    assert found["events.ad_click"] == ["ad_creative_id is required now, and need not be there in older data"]
    assert found["gold.content_daily"] == ["plays_count is required for readers of the older version, and is not there any more"]


def test_check__a_field_that_means_something_else_in_the_dictionary_is_named_wherever_it_is_used(repository: Repository) -> None:
    repository.change("fields.yaml", "{name: ad_duration, physicalType: double", "{name: ad_duration, physicalType: string")
    found = repository.check()
    assert {"events.ad_impression", "bronze.events"} <= found.keys()
    assert all("ad_duration" in broken for named in found.values() for broken in named)


def test_check__a_higher_major_version_says_that_it_breaks(repository: Repository) -> None:
    repository.change("gold/content_daily.yaml", f"      {PLAYS}\n", "")
    repository.change("gold/content_daily.yaml", "version: 1.1.0", "version: 2.0.0")
    assert repository.check() == {}
    assert "gold.content_daily" not in repository.check(mode=Mode.FULL_TRANSITIVE)


def test_check__a_table_that_is_gone_is_named_and_mode_none_lets_all_pass(repository: Repository) -> None:
    (repository.directory / "gold" / "content_daily.yaml").unlink()
    assert repository.check() == {"gold.content_daily": ["the contract is not there any more"]}
    assert repository.check(mode=Mode.NONE) == {}


def test_check__only_transitive_modes_look_further_back_than_the_last_version(repository: Repository) -> None:
    """A field is left out in two steps: made optional, which a forward mode forbids, and then removed, which it allows."""
    repository.change("events/ad.yaml", AD_ID, "- {name: ad_id}")
    repository.commit()
    repository.change("events/ad.yaml", "      - {name: ad_id}\n", "")
    assert repository.check(mode=Mode.FORWARD) == {}
    assert "events.ad_click" in repository.check(mode=Mode.FORWARD_TRANSITIVE)
    assert "events.ad_click" in repository.check(), "events are FULL_TRANSITIVE"


def test_check__an_unknown_commit_and_one_without_contracts_are_refused(repository: Repository) -> None:
    with pytest.raises(ContractError, match="rev-parse"):
        repository.check("nonsense")
    with pytest.raises(ContractError, match="rev-parse"):
        repository.check("--all")
    with pytest.raises(ContractError, match="holds no contracts"):
        repository.check("HEAD~1")


def test_command__prints_the_field_and_fails(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_contracts, "files", lambda _package: repository.directory)
    passed = CliRunner().invoke(app, ["contracts", "check", "--against", "HEAD"])
    assert (passed.exit_code, passed.output) == (0, "All contracts are compatible with HEAD.\n")
    repository.change("events/ad.yaml", AD_ID, "- {name: ad_id}")
    failed = CliRunner().invoke(app, ["contracts", "check", "--against", "HEAD"])
    assert failed.exit_code != 0
    assert "events.ad_click: ad_id is required for readers of the older version, and need not be there any more" in failed.output


def test_check__contracts_that_told_no_dimension_of_quality_are_read(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    with_dimension = (repository.directory / "events" / "envelope.yaml").read_text(encoding="utf-8")
    repository.change("events/envelope.yaml", " dimension: consistency,", "")
    repository.commit()
    (repository.directory / "events" / "envelope.yaml").write_text(with_dimension, encoding="utf-8")

    assert check_contracts(repository.directory, "HEAD") == []


def test_every_rule_of_the_contracts_tells_a_dimension_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    for path in CONTRACTS.rglob("*.yaml"):
        rules = [rule for schema in yaml.safe_load(path.read_text(encoding="utf-8"))["schema"] for rule in schema.get("quality", ())]
        assert all("dimension" in rule for rule in rules), path.name
    repository = Repository(tmp_path)
    repository.change("fields.yaml", "dimension: uniqueness", "dimension: beauty")
    with pytest.raises(ContractError, match=r"the rule unique tells of the dimension 'beauty'"):
        _ = Contracts(repository.directory).rule_dimensions
