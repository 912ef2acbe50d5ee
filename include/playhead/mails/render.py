"""Mails from templates: each has an HTML and a text, which say the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from playhead.io.mail import Letter


def write_letter(name: str, subject: str, told: Mapping[str, Any]) -> Letter:
    """The templates of `name` filled in. What goes into HTML is escaped, and a value that is missing is an error."""
    filled = {"title": subject[0].upper() + subject[1:], **told}
    text, html = (_templates().get_template(f"{name}.{kind}.j2").render(filled) for kind in ("txt", "html"))
    return Letter(f"[Playhead] {subject}", text, html)


def told_span(span: timedelta) -> str:
    """A span in the words of people: `42 s`, `17 min`, `3 h 05 min`, `2 d 4 h`."""
    seconds = max(0, int(span.total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60:02d} min"
    return f"{minutes} min" if minutes else f"{seconds} s"


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("playhead.mails"),
        autoescape=select_autoescape(enabled_extensions=["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
