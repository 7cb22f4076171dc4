"""Tests for the tab of mails."""

from lab_harness.emulators.base import Mail
from tests.waiting import wait_until

from .helpers import HOSTILE, Partly, look, words

LABS = ["termination_alert"]


class Sent:
    """An emulator that has sent so many mails."""

    name = "embedded"

    def __init__(self, count, probes=()):
        self.count, self.probes = count, probes

    def inbox(self):
        return [
            Mail("ada@example.com", f"Mail {number}", "A text.", 1.0 + number, probe=number in self.probes)
            for number in range(self.count)
        ]


def subjects(clients, **how):
    return [text for text in words(look("termination_alert", "inbox", clients, **how)) if text.startswith("✉")]


def test_mail_that_a_topic_sent_is_shown_with_html_in_it_as_text(account):
    sns = account["sns"]
    topic = sns.create_topic(Name="myEmailNotification")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ada@example.com")
    sns.publish(TopicArn=topic, Subject="An alert", Message=f"{HOSTILE} here")
    said = wait_until(lambda: [text for text in words(look("termination_alert", "inbox", account)) if HOSTILE in text])
    assert f"{HOSTILE} here" in said
    assert "To: ada@example.com" in words(look("termination_alert", "inbox", account))


def test_newest_mail_comes_first(account):
    assert subjects(Partly(account, Sent(3))) == ["✉ Mail 2", "✉ Mail 1", "✉ Mail 0"]


def test_mails_that_checks_have_caused_are_left_out_and_marked_where_they_are_asked_for(account):
    clients = Partly(account, Sent(3, {1}))
    assert subjects(clients) == ["✉ Mail 2", "✉ Mail 0"]
    assert subjects(clients, checks=True) == ["✉ Mail 2", "✉ Mail 1 (of a check)", "✉ Mail 0"]


def test_of_many_mails_the_newest_50_are_shown(account):
    clients = Partly(account, Sent(60))
    assert len(subjects(clients)) == 50
    assert subjects(clients)[0] == "✉ Mail 59"
    assert words(look("termination_alert", "inbox", clients))[-1] == "and 10 more"
