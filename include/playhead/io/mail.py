"""Mail: a message with text, HTML and pictures, handed to a mail server."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.utils import formatdate
from hashlib import sha256
from typing import Literal, cast

from pydantic import SecretStr
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_fixed

from playhead.errors import MailError
from playhead.settings import Settings

Security = Literal["none", "starttls", "tls"]
_TIMEOUT_S = 15
_ON_ONE_LINE = policy.SMTP.clone(max_line_length=200)  # subjects: some readers show where a folded one was broken
_DOMAIN = "playhead.invalid"  # of Message-IDs: no host of anybody's


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in. Without a user name nobody signs in."""

    host: str
    port: int
    security: Security = "none"
    username: str = ""
    password: SecretStr = field(default_factory=lambda: SecretStr(""))


def mail_server(settings: Settings) -> MailServer:
    """The mail server of the settings; by default the sink of the embedded stack."""
    port = settings.smtp_port or settings.port("smtp")
    return MailServer(settings.smtp_host or "127.0.0.1", port, settings.smtp_security, settings.smtp_username, settings.smtp_password)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail's words: its subject, and the same content as text and as HTML."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Mail:
    """A message. `pictures` are PNG files that the HTML shows as `cid:<name>`; the same `identity` gives the same Message-ID."""

    sender: str
    to: Sequence[str]
    letter: Letter
    identity: str
    cc: Sequence[str] = ()
    pictures: Mapping[str, bytes] = field(default_factory=dict)

    def message(self) -> EmailMessage:
        """As it goes over the wire: readers without HTML show the text."""
        message = EmailMessage(_ON_ONE_LINE)
        message["From"], message["To"], message["Subject"] = self.sender, ", ".join(self.to), self.letter.subject
        if self.cc:
            message["Cc"] = ", ".join(self.cc)
        message["Date"] = formatdate()
        message["Message-ID"] = f"<{sha256(self.identity.encode()).hexdigest()[:32]}@{_DOMAIN}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(self.letter.text)
        message.add_alternative(self.letter.html, subtype="html")
        _, html = cast(Iterable[EmailMessage], message.iter_parts())
        for name, picture in self.pictures.items():
            html.add_related(picture, "image", "png", cid=f"<{name}>", filename=f"{name}.png", disposition="inline")
        return message


def send(server: MailServer, mail: Mail) -> None:
    """Hand a mail to the server; what fails for the moment is tried three times. Certificates are verified.

    Raises:
        MailError: the server cannot be reached, or refuses the mail.
    """
    try:
        _deliver(server, mail.message())
    except OSError as error:
        raise MailError(
            f"the mail {mail.letter.subject!r} could not be handed to {server.host}:{server.port} ({error}); correct PLAYHEAD_SMTP_*, "
            "or start the mail server"
        ) from error


def _is_passing(error: BaseException) -> bool:
    """Whether trying again may help: a server that has answered with a refusal will do so again."""
    refused = isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPNotSupportedError | ssl.SSLCertVerificationError)
    final = isinstance(error, smtplib.SMTPResponseException) and error.smtp_code >= 500
    return isinstance(error, OSError) and not refused and not final


@retry(retry=retry_if_exception(_is_passing), stop=stop_after_attempt(3), wait=wait_fixed(1), reraise=True)
def _deliver(server: MailServer, message: EmailMessage) -> None:
    with _connect(server) as client:
        if server.security == "starttls":
            client.starttls(context=ssl.create_default_context())
        if server.username:
            client.login(server.username, server.password.get_secret_value())
        client.send_message(message)


def _connect(server: MailServer) -> smtplib.SMTP:
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=_TIMEOUT_S, context=ssl.create_default_context())
    return smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT_S)
