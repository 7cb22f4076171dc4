"""Tests for how the suite tells which lab a test is about, and shares the tests among workers."""

from types import SimpleNamespace

import pytest

from tests.per_lab import ByFileAndLab, lab_of


@pytest.mark.parametrize(
    ("nodeid", "lab"),
    [
        ("tests/labs/test_web_app.py::test_another_key_is_named", "web_app"),
        ("tests/labs/test_every_lab.py::test_untouched_it_fails[state_machine]", "state_machine"),
        ("tests/lab/test_quiz.py::test_quiz[pets_api]", "pets_api"),
        ("tests/render/test_state_machine.py::test_states_are_drawn", ""),
        ("tests/notebook/panel/test_panel.py::test_hello_lambda_is_shown", ""),
    ],
)
def test_a_test_is_about_the_lab_of_its_file_or_of_its_parameter(nodeid, lab):
    assert lab_of(nodeid) == lab


def scope(nodeid, emulator="embedded"):
    scheduler = ByFileAndLab.__new__(ByFileAndLab)
    scheduler.config = SimpleNamespace(getoption={"emulator": emulator}.get)
    return scheduler._split_scope(nodeid)


def test_each_labs_tests_of_a_file_may_run_elsewhere_but_not_where_they_share_a_jupyterlab():
    for file, shared in {"tests/lab/test_notebooks.py": False, "tests/notebook/test_jupyterlab.py": True}.items():
        one, other = (scope(f"{file}::test_solved[{lab}]") for lab in ("web_app", "pets_api"))
        assert (one == other) is shared


def test_on_localstack_which_all_workers_share_a_labs_tests_follow_each_other():
    files = ("tests/labs/test_every_lab.py::test_untouched[web_app]", "tests/labs/test_web_app.py::test_another")
    assert len({scope(nodeid, "localstack") for nodeid in files}) == 1
    assert len({scope(nodeid) for nodeid in files}) == 2
