"""Tests for what commands share in a terminal: how Ctrl-C ends a run of checks, and that notices are cleaned."""

import os
import signal

import pytest

from lab_harness.authors.checks import Failure, cancellable, eventually
from lab_harness.cli.terminal import say, stoppable
from tests.waiting import PATIENCE


def test_ctrl_c_ends_a_check_where_it_waits_and_lets_it_put_back_what_it_changed():
    done = []

    def look():
        os.kill(os.getpid(), signal.SIGINT)
        done.append("not interrupted")
        raise Failure(expected="x", found="y", next_step="z")

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), stoppable() as stopped, cancellable(stopped):
        eventually(look, within=60)
    assert done == ["not interrupted"]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_ends_it_at_once():
    with pytest.raises(KeyboardInterrupt), stoppable() as stopped:
        os.kill(os.getpid(), signal.SIGINT)
        assert stopped.wait(PATIENCE)
        os.kill(os.getpid(), signal.SIGINT)
        pytest.fail("it went on")


def test_a_notice_moves_no_cursor_and_turns_no_letters(capsys):
    say(["saved in \x1b[2Jhere", "from \u202eereht", "two\nlines"])
    assert capsys.readouterr() == ("", "saved in �[2Jhere\nfrom �ereht\ntwo\nlines\n")
