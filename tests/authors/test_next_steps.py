"""Tests for the next steps that lead to a cell which builds the right thing from nothing."""

import re

import pytest

from lab_harness.authors import next_steps
from lab_harness.lab.labs import load_lab
from lab_harness.lab.modules import check_sources
from tests.grading.handing_in import COURSE
from tests.per_lab import LABS

ONLY_HERE = re.compile(  # what a cell can do only where something is there already
    r"(?i)\bdelete [^.;]*\b(?:create|make)\b|^(?:update|set)_\w+ (?:with|changes)\b"
)


def test_what_cannot_be_changed_is_built_by_the_cell_after_a_reset():
    assert next_steps.build_anew("A key", "create_table") == (
        "A key cannot be changed: correct it where your cell calls create_table, reset the lab (lab.reset()), and run "
        "the cells again."
    )


def test_setting_is_corrected_where_it_is_made_first():
    assert next_steps.change("Runtime", "create_function") == (
        "Correct Runtime where your cell calls create_function; update_function_configuration changes what is there "
        "already."
    )
    assert "; set_queue_attributes changes" in next_steps.change("DelaySeconds", "create_queue")
    assert "; set_subscription_attributes changes" in next_steps.change("RawMessageDelivery", "subscribe")
    assert "; update_table changes" in next_steps.change("BillingMode", "create_table")


@pytest.mark.parametrize("lab_id", LABS)
def test_no_advice_ends_in_a_cell_that_fails_in_an_empty_account(lab_id):
    """Neither "delete it, create it anew" nor "update_… changes it", which work only where it is there."""
    source = "".join(path.read_text(encoding="utf-8") for path in check_sources(load_lab(lab_id, COURSE).folder))
    assert [text for text in re.findall(r'"([^"\n]+)"', source) if ONLY_HERE.search(text)] == []
