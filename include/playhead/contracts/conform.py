"""The last step of every builder: a frame in exactly the shape its contract promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playhead.errors import ContractError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from playhead.contracts.shapes import Contract


def conform(frame: DataFrame, contract: Contract) -> DataFrame:
    """The contract's columns, in its order and types.

    A column that the contract does not know is as much a surprise as one that is missing: both stop the build, so that a renamed
    column cannot quietly become NULL or vanish.

    Raises:
        ContractError: columns are missing, surplus or named twice.
    """
    from pyspark.sql import functions as F  # here, because reading contracts must not cost an engine import

    found = frame.columns
    problems = {
        "lacks": [name for name in contract.column_names if name not in found],
        "has no place for": [name for name in found if name not in contract.column_names],
        "is given twice": sorted({name for name in found if found.count(name) > 1}),
    }
    told = "; ".join(f"{what} {', '.join(names)}" for what, names in problems.items() if names)
    if told:
        raise ContractError(
            f"{contract.name} {told}; correct {contract.layer}/{contract.table}.py, or contracts/{contract.layer}/{contract.table}.yaml"
        )
    return frame.select(*(F.col(f"`{column.name}`").cast(column.type).alias(column.name) for column in contract.columns))
