"""`playhead digest`: the morning's mail, at any time."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from playhead.cli_output import json_option, print_json, words
from playhead.cli_start import settings

if TYPE_CHECKING:
    from playhead.digest.compose import Composed

_SHAPE = "an object: day, kpis, days, titles, experience, scores, restated, overdue, books, unread"


def digest(
    send: Annotated[bool, typer.Option("--send", help="Mail it to PLAYHEAD_ALERT_RECIPIENTS, also where today's was sent.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write it to this file, as its readers see it.")] = None,
    as_json: Annotated[bool, json_option(_SHAPE)] = False,
) -> None:
    """Show the daily digest.

    Yesterday's numbers, and how good the data is. The watcher mails it every morning (PLAYHEAD_DIGEST_HOUR, UTC).

    Examples:
      playhead digest
      playhead digest --html digest.html
      playhead digest --send
    """
    from dataclasses import asdict

    from playhead.digest.compose import compose_digest
    from playhead.digest.gather import gather
    from playhead.digest.send import mail_digest

    values, now = settings(), datetime.now(UTC)
    with words.status("reading the warehouse and the lake"):
        found = gather(values, now=now)
        composed = compose_digest(found, airflow_url=values.airflow_url, now=now)
    if as_json:
        print_json(asdict(found))
    elif html is None:
        typer.echo(f"{composed.letter.subject}\n\n{composed.letter.text}", nl=False)
    if html is not None:
        html.write_text(_standing_alone(composed), encoding="utf-8")
        words.print(f"{html} written", highlight=False)
    if send:
        mail_digest(values, composed, identity=f"digest:{now.isoformat()}")
        words.print(f"mailed to {', '.join(values.recipients)}", highlight=False)


def _standing_alone(composed: Composed) -> str:
    """The HTML with its pictures inside, for a browser."""
    page = composed.letter.html
    for name, picture in composed.pictures.items():
        page = page.replace(f"cid:{name}", f"data:image/png;base64,{b64encode(picture).decode()}")
    return page
