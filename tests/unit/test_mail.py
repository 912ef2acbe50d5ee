"""Mail as a message: what readers with and without HTML see, and what a server's refusal becomes."""

from __future__ import annotations

import pytest

from playhead.errors import MailError
from playhead.io.mail import Letter, Mail, MailServer, mail_server, send
from playhead.settings import Settings

MAIL = Mail(
    sender="playhead@playhead.example",
    to=["owner@playhead.example"],
    letter=Letter("Größe", "text", "<p>html <img src='cid:plays'></p>"),
    identity="missed:a",
    cc=["operators@playhead.example"],
    pictures={"plays": b"\x89PNG"},
)


def test_a_message_has_text_html_and_the_pictures_that_it_shows() -> None:
    message = MAIL.message()
    assert message.get_content_type() == "multipart/alternative"
    plain, html = message.iter_parts()
    assert plain.get_content() == "text\n"
    related, picture = html.iter_parts()
    assert "cid:plays" in related.get_content()
    assert (picture["Content-ID"], picture.get_content()) == ("<plays>", b"\x89PNG")


def test_the_same_notice_has_the_same_message_id() -> None:
    assert MAIL.message()["Message-ID"] == MAIL.message()["Message-ID"]
    other = Mail(MAIL.sender, MAIL.to, MAIL.letter, "missed:b")
    assert MAIL.message()["Message-ID"] != other.message()["Message-ID"]


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    server = MailServer("127.0.0.1", 1, username="u", password=Settings(smtp_password="geheim").smtp_password)  # type: ignore[arg-type]
    with pytest.raises(MailError, match=r"127\.0\.0\.1:1 .*PLAYHEAD_SMTP_") as error:
        send(server, MAIL)
    assert "geheim" not in f"{error.value!r} {server!r}"


def test_the_embedded_stack_hands_mail_to_its_own_sink() -> None:
    assert mail_server(Settings(port_base=23000)) == MailServer("127.0.0.1", 23025)
    told = mail_server(Settings(smtp_host="mail.example", smtp_port=587, smtp_security="starttls"))
    assert (told.host, told.port, told.security) == ("mail.example", 587, "starttls")
