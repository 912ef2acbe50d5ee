"""`playhead metrics`: what exporter and collector tell Prometheus, and the page of the docs that lists it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from playhead.collector.metrics import Metrics
from playhead.observability.metrics import METRICS

_HEAD = """# Metrics

Written by `make contracts` from the code; do not edit. Exporter and collector serve `/metrics` on loopback; `playhead status` prints the
addresses. Rules are in `deploy/prometheus`, dashboards in `deploy/grafana`, what to do about an alert in [runbooks.md](runbooks.md).

## Exporter

The whole system, read when Prometheus scrapes. A source that cannot be read is `playhead_source_up` 0, and its metrics are absent.
"""
_COLLECTOR = """
## Collector

What it was given, and what became of it.
"""


def metrics(write: Annotated[Path | None, typer.Option(help="Write the list as a Markdown page to this file.")] = None) -> None:
    """List every metric: exporter's and collector's."""
    console = Console()
    if write is not None:
        write.write_text(metrics_page(), encoding="utf-8")
        console.print(f"{write} written", highlight=False, soft_wrap=True)
        return
    table = Table("metric", "kind", "labels", "meaning", box=None)
    for row in (*_exporter_rows(), *((name, kind, "", meaning) for name, kind, meaning in _collector_rows())):
        table.add_row(*row)
    console.print(table)


def metrics_page() -> str:
    """docs/metrics.md."""
    exporter = _markdown(("metric", "kind", "labels", "meaning"), _exporter_rows())
    return _HEAD + exporter + _COLLECTOR + _markdown(("metric", "kind", "meaning"), _collector_rows())


def _exporter_rows() -> list[tuple[str, ...]]:
    return [(metric.name, metric.kind, ", ".join(metric.labels), metric.meaning) for metric in METRICS]


def _collector_rows() -> list[tuple[str, ...]]:
    families = Metrics().registry.collect()
    return [(f"{each.name}_total" if each.type == "counter" else each.name, each.type, each.documentation) for each in families]


def _markdown(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    head = f"\n| {' | '.join(columns)} |\n|{'-|' * len(columns)}\n"
    return head + "".join(f"| `{name}` | {' | '.join(rest)} |\n" for name, *rest in rows)
