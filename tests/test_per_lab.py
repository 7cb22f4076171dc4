"""Tests for how the suite tells which lab a test is about, and shares the tests among workers."""

from types import SimpleNamespace

import pytest

from tests.conftest import ROOT
from tests.per_lab import LABS, ByFileAndLab, lab_of, may_be_about, pytest_runtest_setup


@pytest.mark.parametrize(
    ("nodeid", "lab"),
    [
        ("tests/labs/test_web_app.py::test_another_key_is_named", "web_app"),
        ("tests/labs/test_web_app_more.py::test_another_key_is_named", "web_app"),
        ("tests/labs/test_every_lab.py::test_untouched_it_fails[state_machine]", "state_machine"),
        ("tests/lab/test_quiz.py::test_quiz[pets_api]", "pets_api"),
        ("tests/render/test_state_machine.py::test_states_are_drawn", ""),
        ("tests/notebook/panel/test_panel.py::test_hello_lambda_is_shown", ""),
    ],
)
def test_a_test_is_about_the_lab_of_its_file_or_of_its_parameter(nodeid, lab):
    assert lab_of(nodeid) == lab


def test_each_test_about_a_lab_stands_in_a_file_that_is_loaded_when_that_lab_is_asked_for(request):
    """Of those that are run now, which are all where all are."""
    about = {(lab_of(item.nodeid), item.path) for item in request.session.items}
    assert [(lab, path.name) for lab, path in about if lab and not may_be_about(lab, path)] == []
    assert {lab for lab in LABS if may_be_about(lab, ROOT / "tests" / "test_spans.py")} == set()


def scope(nodeid, emulator="embedded"):
    scheduler = ByFileAndLab.__new__(ByFileAndLab)
    scheduler.config = SimpleNamespace(getoption={"emulator": emulator}.get)
    return scheduler._split_scope(nodeid)


@pytest.mark.parametrize(
    ("file", "parts"),
    [
        ("tests/lab/test_notebooks.py", len(LABS)),
        ("tests/notebook/test_jupyterlab.py", 2),
        ("tests/notebook/panel/test_panel_in_jupyterlab.py", 1),
    ],
)
def test_each_labs_tests_of_a_file_may_run_elsewhere_but_where_they_need_jupyterlab_a_few_share_one(file, parts):
    scopes = {scope(f"{file}::test_solved[{lab}]") for lab in LABS}
    assert len(scopes) == parts
    assert (scope(f"{file}::test_dollars") in scopes) is (parts < len(LABS))


def test_the_labs_notebooks_and_the_panel_need_not_wait_for_each_other():
    files = ("tests/notebook/test_jupyterlab.py", "tests/notebook/panel/test_panel_in_jupyterlab.py")
    assert len({scope(f"{file}::test_dollars") for file in files}) == 2


def test_on_localstack_which_all_workers_share_a_labs_tests_follow_each_other():
    files = ("tests/labs/test_every_lab.py::test_untouched[web_app]", "tests/labs/test_web_app.py::test_another")
    assert len({scope(nodeid, "localstack") for nodeid in files}) == 1
    assert len({scope(nodeid) for nodeid in files}) == 2


@pytest.mark.embedded_only("LocalStack lacks this")
def test_what_is_for_the_embedded_emulator_alone_is_skipped_on_localstack_before_its_fixtures(request):
    def begins(emulator):
        config = SimpleNamespace(getoption={"emulator": emulator}.get)
        pytest_runtest_setup(SimpleNamespace(config=config, get_closest_marker=request.node.get_closest_marker))

    begins("embedded")
    with pytest.raises(pytest.skip.Exception, match="LocalStack lacks this"):
        begins("localstack")
