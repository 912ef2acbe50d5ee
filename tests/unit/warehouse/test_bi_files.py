"""`playhead bi-files`: what Power BI and Tableau are told, and that no secret is among it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from playhead.cli import app
from playhead.errors import SettingsError
from playhead.settings import get_settings
from playhead.warehouse.bi_files import tableau_file
from playhead.warehouse.schema import view_names


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    told = {"PROFILE": "production", "WAREHOUSE_ACCOUNT": "org-acc", "WAREHOUSE_USER": "somebody", "WAREHOUSE_PASSWORD": "hidden"}
    for name, value in told.items():
        monkeypatch.setenv(f"PLAYHEAD_{name}", value)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.mark.usefixtures("production")
def test_bi_files__one_for_power_bi_and_one_for_each_view_and_no_secret(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["bi-files", str(tmp_path / "bi")])
    assert done.exit_code == 0, done.output
    files = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "bi").iterdir()}
    assert set(files) == {"playhead.pbids"} | {f"{view.removeprefix('BI.').lower()}.tds" for view in view_names()}
    assert not [name for name, text in files.items() if "hidden" in text or "somebody" in text]

    (connection,) = json.loads(files["playhead.pbids"])["connections"]
    place = {"server": "org-acc.snowflakecomputing.com", "warehouse": "PLAYHEAD_BI"}
    assert connection["details"] == {"protocol": "snowflake", "address": place}

    source = ElementTree.fromstring(files["v_top_content.tds"])
    _, told = source.iter("connection")
    assert told.attrib == place | {"class": "snowflake", "dbname": "PLAYHEAD", "schema": "BI", "service": "PLAYHEAD_BI"}
    (relation,) = source.iter("relation")
    assert relation.attrib["table"] == "[PLAYHEAD].[BI].[V_TOP_CONTENT]"


def test_bi_files__the_embedded_warehouse_is_not_for_them(tmp_path: Path) -> None:
    get_settings.cache_clear()
    done = CliRunner().invoke(app, ["bi-files", str(tmp_path / "bi")])
    assert isinstance(done.exception, SettingsError)
    assert not (tmp_path / "bi").exists()


def test_tableau_file__names_are_escaped() -> None:
    text = tableau_file("BI.V_TOP_CONTENT", 'a"<b>', "W", "D", "R")
    (named,) = ElementTree.fromstring(text).iter("named-connection")
    assert named.attrib["caption"] == 'a"<b>.snowflakecomputing.com'
