"""Tests for mails as a mail program shows them."""

from xml.etree import ElementTree

from lab_harness.emulators.base import Mail
from lab_harness.render.mails import Mails
from lab_harness.render.markup import bundle

HOSTILE = "<img src=x onerror=alert(1)> [bold]text[/bold] :smile:"
FIRST = Mail("ada@example.com", "Hello", "Dear Ada,\n\n  a text.", 1_700_000_000.9)
SECOND = Mail("bob@example.com", "Bye", "The end.")


def words(block):
    return list(ElementTree.fromstring(block.html()).itertext())


def test_mail_has_sender_recipient_subject_time_and_text():
    mails = Mails([FIRST])
    assert str(mails) == (
        "✉ Hello\n"
        "From: AWS Notifications <no-reply@sns.amazonaws.com>\n"
        "To: ada@example.com\n"
        "At: 22:13:20 UTC\n"
        "  Dear Ada,\n"
        "\n"
        "    a text."
    )
    assert words(mails) == [
        "✉ Hello",
        "From: AWS Notifications <no-reply@sns.amazonaws.com>",
        "To: ada@example.com",
        "At: 22:13:20 UTC",
        FIRST.text,
    ]


def test_mails_are_articles_in_the_order_given_and_the_note_stands_below():
    mails = Mails([FIRST, SECOND], "and 3 more")
    root = ElementTree.fromstring(mails.html())
    assert [article.find("strong").text for article in root.iter("article")] == ["✉ Hello", "✉ Bye"]
    assert words(mails)[-1] == "and 3 more"
    assert str(mails).endswith("  The end.\n\nand 3 more")


def test_mail_without_a_time_says_none():
    assert "At:" not in str(Mails([SECOND]))


def test_html_in_a_mail_is_shown_as_it_is():
    mails = Mails([Mail(HOSTILE, HOSTILE, HOSTILE)], HOSTILE)
    assert "<img" not in mails.html()
    assert sum(HOSTILE in text for text in words(mails)) == 4
    assert str(mails).count(HOSTILE) == 4


def test_mails_display_as_text_and_html():
    mails = Mails([FIRST])
    assert mails._repr_mimebundle_(include=None) == bundle(str(mails), mails.html())
