"""`python -m playhead.digest.send`: mails today's digest, once whoever asks; the watcher starts it in the morning."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime, timedelta

from playhead.deadlines.notices import Notice, Teller, claim, given_at, tell_sent
from playhead.digest.compose import Composed, compose_digest
from playhead.digest.gather import gather
from playhead.errors import PlayheadError
from playhead.io.delta_table import find_table
from playhead.io.mail import Mail, mail_server, send
from playhead.settings import Settings, get_settings

logger = logging.getLogger(__name__)

_ALL = "all tables"
_WITHIN = timedelta(hours=2)  # a digest that could not be sent for longer is old news
_TELLER: Teller = "watcher"


def todays_notice(settings: Settings, *, now: datetime) -> Notice:
    """The notice that today's digest is."""
    due = now.replace(hour=settings.digest_hour, minute=0, second=0, microsecond=0)
    return Notice("digest", _ALL, f"{due:%Y-%m-%d}", due, ", ".join(settings.recipients))


def is_due(settings: Settings, *, now: datetime) -> bool:
    """Whether today's digest is to be sent now: its hour has come, not long ago, nobody has sent it, and there is something to tell of."""
    notice = todays_notice(settings, now=now)
    if not settings.recipients or not notice.due_at <= now < notice.due_at + _WITHIN or find_table(settings.lake, "bronze.events") is None:
        return False
    return given_at(settings.lake, notice) is None


def send_once(settings: Settings, *, now: datetime) -> bool:
    """Mail today's digest unless somebody has or is about to; returns whether this call did.

    Raises:
        MailError: the mail server does not take it; it is free to be sent again after two minutes.
    """
    notice = todays_notice(settings, now=now)
    if not claim(settings.lake, [notice], told_by=_TELLER, now=now).mine:
        return False
    mail_digest(settings, compose_digest(gather(settings, now=now), airflow_url=settings.airflow_url, now=now), identity=notice.id)
    tell_sent(settings.lake, [notice], told_by=_TELLER, now=now)
    return True


def mail_digest(settings: Settings, composed: Composed, *, identity: str) -> None:
    """Hand a digest to the mail server.

    Raises:
        MailError: the mail server does not take it.
    """
    mail = Mail(settings.smtp_from, settings.recipients, composed.letter, identity, pictures=composed.pictures)
    send(mail_server(settings), mail)


def main() -> int:
    """Send today's digest."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        sent = send_once(get_settings(), now=datetime.now(UTC))
    except PlayheadError as error:
        logger.error("%s", error)  # noqa: TRY400  (one line says it all)
        return int(error.exit_code)
    logger.info("today's digest %s", "is sent" if sent else "was sent already")
    return 0


if __name__ == "__main__":
    sys.exit(main())
