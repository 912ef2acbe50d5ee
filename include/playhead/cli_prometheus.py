"""`playhead prometheus`: what exporter, collector and serving tell Prometheus, and the page of the docs that lists it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from playhead.cli_output import answers, json_option, print_json, words

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_HEAD = """# What Prometheus reads

Written by `make contracts` from the code; do not edit. Exporter, collector and serving have `/metrics` on loopback; `playhead status`
prints the addresses. Rules are in `deploy/prometheus`, dashboards in `deploy/grafana`, what to do about an alert in
[runbooks.md](runbooks.md). [Metrics](metrics.md) of viewers, plays and money are those of the BI views.

## Exporter

The whole system, read when Prometheus scrapes. A source that cannot be read is `playhead_source_up` 0, and its metrics are absent.
"""
_COLLECTOR = """
## Collector

What it was given, and what became of it.
"""
_SERVING = """
## Serving

Lists and churn risks, as apps asked for them.
"""


_COLUMNS = ("metric", "kind", "labels", "meaning")


def prometheus(
    write: Annotated[Path | None, typer.Option(help="Write the list as a Markdown page to this file.")] = None,
    as_json: Annotated[bool, json_option(f"an array with an object for each metric: {', '.join(_COLUMNS)}")] = False,
) -> None:
    """List every metric that Prometheus reads.

    The exporter's, the collector's and those of serving. Those of the business `playhead metrics` lists.

    Examples:
      playhead prometheus
      playhead prometheus --write docs/prometheus.md
    """
    if write is not None:
        write.write_text(prometheus_page(), encoding="utf-8")
        words.print(f"{write} written", highlight=False, soft_wrap=True)
        return
    others = [*_collector_rows(), *_serving_rows()]
    rows = [*_exporter_rows(), *((name, kind, "", meaning) for name, kind, meaning in others)]
    if as_json:
        print_json([dict(zip(_COLUMNS, row, strict=True)) for row in rows])
        return
    table = Table(*_COLUMNS, box=None)
    for row in rows:
        table.add_row(*row)
    answers.print(table)


def prometheus_page() -> str:
    """docs/prometheus.md."""
    exporter = _markdown(_COLUMNS, _exporter_rows())
    collector, serving = (_markdown(("metric", "kind", "meaning"), rows) for rows in (_collector_rows(), _serving_rows()))
    return _HEAD + exporter + _COLLECTOR + collector + _SERVING + serving


def _exporter_rows() -> list[tuple[str, ...]]:
    from playhead.observability.metrics import METRICS

    return [(metric.name, metric.kind, ", ".join(metric.labels), metric.meaning) for metric in METRICS]


def _collector_rows() -> list[tuple[str, ...]]:
    from playhead.collector.metrics import Metrics

    return _rows(Metrics().registry)


def _serving_rows() -> list[tuple[str, ...]]:
    from playhead.serving.metrics import Metrics

    return _rows(Metrics().registry)


def _rows(registry: CollectorRegistry) -> list[tuple[str, ...]]:
    families = registry.collect()
    return [(f"{each.name}_total" if each.type == "counter" else each.name, each.type, each.documentation) for each in families]


def _markdown(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    head = f"\n| {' | '.join(columns)} |\n|{'-|' * len(columns)}\n"
    return head + "".join(f"| `{name}` | {' | '.join(rest)} |\n" for name, *rest in rows)
