"""A question is one statement over one BI view: values are bound, names of columns are allow-listed, rows are limited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MOST_ROWS = 1000
# What a filter calls the rows whose column nobody told.
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Filters:
    """What the reader chose.

    Attributes:
        days: how many whole days back from AS_OF, where a question goes by day; None for all there are.
        chosen: values by column; a column without values does not filter.
    """

    days: int | None = None
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


NONE = Filters()


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a view, written in the code and nowhere else; only values come from the reader.

    Attributes:
        view: a view of the schema BI.
        columns: what is selected; the view is called V where a sum has the name of its column.
        filters: the columns that a filter may name here; others that the reader chose do not apply.
        by_day: whether rows are days, told without the day AS_OF, which is still under way.
        group_by: columns that rows are added up by.
        having: a condition on the sums.
        order_by: the order that the limit cuts.
        limit: most rows that are read.
    """

    view: str
    columns: str
    filters: tuple[str, ...] = ()
    by_day: bool = False
    group_by: str = ""
    having: str = ""
    order_by: str = ""
    limit: int = MOST_ROWS

    def statement(self, filters: Filters = NONE) -> tuple[str, tuple[str | int, ...]]:
        """The SQL, and the values that are bound to its question marks."""
        conditions: list[str] = []
        values: list[str | int] = []
        if self.by_day:
            conditions.append("V.EVENT_DATE < V.AS_OF")
            if filters.days is not None:
                conditions.append("DATEDIFF(DAY, V.EVENT_DATE, V.AS_OF) <= ?")
                values.append(filters.days)
        for column in self.filters:
            chosen = filters.chosen.get(column, ())
            if chosen:
                conditions.append(f"COALESCE(V.{column}, '{UNKNOWN}') IN ({', '.join('?' * len(chosen))})")
                values.extend(chosen)
        clauses = {"WHERE": " AND ".join(conditions), "GROUP BY": self.group_by, "HAVING": self.having, "ORDER BY": self.order_by}
        told = [f"{word} {clause}" for word, clause in clauses.items() if clause]
        return " ".join([f"SELECT {self.columns} FROM BI.{self.view} AS V", *told, f"LIMIT {self.limit}"]), tuple(values)  # noqa: S608
