"""Tables as the batch engine reads them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from playhead.contracts.model import load_contract
from playhead.io.delta import read_table
from playhead.io.delta_table import open_table
from playhead.io.staged_files import stage_rows

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark

CONTRACT = load_contract("silver.interactions")


def test_read_table__a_column_that_a_version_does_not_have_yet_is_null(spark: SparkSession, lake: str) -> None:
    older = replace(CONTRACT, columns=CONTRACT.columns[:-1])
    version = int(open_table(lake, older).version())
    open_table(lake, CONTRACT)
    assert read_table(spark, lake, CONTRACT.name, version).schema == read_table(spark, lake, CONTRACT.name).schema


def test_read_table__a_table_whose_first_rows_were_staged_and_refused_is_empty(spark: SparkSession, lake: str) -> None:
    stage_rows(read_table(spark, lake, CONTRACT.name), lake, CONTRACT, "run")
    assert read_table(spark, lake, CONTRACT.name).count() == 0
