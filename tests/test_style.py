"""The rules of CONTRIBUTING.md that a program can check: sizes, exports, waiting, and what tests may reach into.

Each has a list of today's exceptions, with the reason. It may only shrink: what is no exception any more fails, too.
"""

import ast
import os
import re
import statistics
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from lab_harness.course import Course
from lab_harness.lab.labs import lab_ids
from tests.conftest import ROOT
from tests.grading import test_pool

LONGEST_MODULE, LONGEST_FUNCTION, USUAL_FUNCTION = 250, 50, 8  # lines

# By path, and the most lines that it may have until it is divided.
LONG_MODULES = {}
LONG_FUNCTIONS = {}
# What sleeps though it is a test: the function, by its file.
SLEEPERS = {
    "tests/waiting.py": {"wait_until"},  # all others wait by it
    "tests/labs/test_forgeries.py": {"alert"},  # an event that goes to nobody leaves no trace to wait for
    "tests/emulators/test_holding.py": {  # somebody ends a start after so long, whatever it has done by then
        "test_start_that_is_ended_at_any_moment_leaves_no_emulator_that_cannot_be_found"
    },
    "tests/authors/test_http.py": {"parts", "test_body_that_trickles_ends_in_time"},  # a server that is slow on purpose
    "tests/labs/test_pets_api.py": {"solved"},  # botocore's own waiter, with shorter pauses
    "tests/labs/test_lambda_under_load.py": {"solve"},  # the same
    "tests/sample_labs/sleepy/checks.py": {"wakes_up"},  # a check that is to be interrupted
}
# The private names that tests reach, by their file.
PRIVATE = {
    # What a browser, a kernel or the kernel's event loop calls: there is no other way in without them.
    "tests/notebook/panel/test_live.py": {"_handle_msg", "_page", "_received"},
    "tests/notebook/panel/test_quiz.py": {"_fragments", "_received", "_view"},
    "tests/notebook/panel/test_panel_on_either_emulator.py": {"_received"},
    "tests/notebook/panel/test_panel.py": {
        "_cell_ended", "_in_a_cell", "_received",
        # and when nothing is under way or due, which nobody but a test asks
        "_due", "_jobs", "_thread", "_watch", "_worker",
    },
    "tests/notebook/panel/test_background.py": {"_thread"},
    "tests/notebook/test_check_runs.py": {"_asking", "_turn"},
    # A part of a module that is tested by itself, for the whole is slow, or hides it.
    "tests/grading/results/test_gradebook.py": {"_database"},
    "tests/grading/room/test_sandbox.py": {"_environment", "_inside", "_shown", "_stop"},
    "tests/grading/room/test_escapes.py": {"_short"},
    "tests/grading/intake/test_fuzz.py": {"_explained"},
    "tests/test_per_lab.py": {"_split_scope"},
    "tests/render/test_layers.py": {"_increasing", "_order"},
    "tests/account/test_deleters.py": {"_made"},
    # What is made to fail, or is replaced, because it cannot be had in a test.
    "tests/grading/test_run.py": {"_python_folders"},
    "tests/grading/cluster/test_cluster.py": {"_begin", "_grade", "_longest_silence", "_look_at_workers"},
    "tests/grading/room/test_conditions.py": {"_begin", "_land", "_relieve"},
    "tests/grading/intake/test_reading.py": {"_environment", "_process"},
    "tests/emulators/inside/test_other_users.py": {"_knows_ourselves"},
    "tests/test_aws.py": {"_make"},
    "tests/emulators/test_embedded.py": {"_process"},
    # MiniStack's own names, which our additions wrap: the tests see that they are still there.
    "tests/emulators/inside/access/test_routes.py": {"_get_module", "_handle_iceberg_rest"},
    "tests/emulators/inside/test_bare_ministack.py": {"_invoke_target", "_refresh_auth_user"},
    "tests/emulators/inside/functions/test_loop_guard.py": {"_ms_install_invoke_depth"},
    # os._exit, by which a forked process ends without what its parent would do at its end.
    "tests/aws_cli.py": {"_exit"},
    "tests/warm/server.py": {"_exit"},
    # MiniStack's own, by which an account is put back while the emulator runs.
    "tests/labs/slips/server.py": {
        "_do", "_get_reset_lock", "_jwks_cache", "_load_persisted_data", "_load_persisted_state", "_reset_all_state",
        "_turn",
    },
    # botocore's, by which a test signs otherwise than its clients do.
    "tests/emulators/inside/access/test_signatures.py": {"_credentials", "_request_signer"},
    "tests/emulators/inside/apis/test_rest_apis.py": {
        "_apply_patch", "_create_rest_api", "_invoke_mock_v1", "_lambda_proxy_response", "_resources", "_rest_api_view",
    },
}  # fmt: skip
# Test files that are about no single module, beside those of labs.
ABOUT_MORE = {
    # of the project as a whole: its rules, what it installs and how its tests are run
    "tests/test_docker_compose.py", "tests/test_in_memory.py", "tests/test_leftovers.py", "tests/test_per_lab.py",
    "tests/test_requirements.py", "tests/test_style.py", "tests/test_package.py",
    # what viewers and makers of distributions may try, by way of all that serves them
    "tests/emulators/inside/edge/distributions/test_attacks.py",
    # what the modules of all services say, and all that writes a new lab
    "tests/account/test_deleters.py", "tests/authoring/scaffold/test_new_lab.py",
    # what others may do to the emulator, and what MiniStack does by itself
    "tests/emulators/inside/test_bare_ministack.py", "tests/emulators/inside/test_other_users.py",
    "tests/emulators/inside/test_security.py", "tests/emulators/inside/test_signature_fuzz.py",
    # the permissions of what several modules do: users by resources' policies, buckets to topics, stacks to functions
    "tests/emulators/inside/permissions/authorization/test_paths.py",
    # what several additions do together: an authorizer is asked, kept, flushed, named by a stage and tried
    "tests/emulators/inside/test_authorizers.py",
    # hostile submissions, by what they try
    "tests/grading/intake/test_fuzz.py", "tests/grading/intake/test_names.py", "tests/grading/room/test_attacks.py",
    "tests/grading/room/test_escapes.py", "tests/grading/room/test_neighbours.py",
    # in a browser, or on both emulators
    "tests/notebook/test_jupyterlab.py", "tests/notebook/panel/test_panel_in_jupyterlab.py",
    "tests/notebook/panel/test_panel_on_either_emulator.py", "tests/notebook/panel/test_live_in_chromium.py",
}  # fmt: skip
# IPython asks for names that end in an underscore, too: _repr_mimebundle_.
PRIVATE_NAME = re.compile(r"(?:.*\.)?_[a-z]\w*(?<!_)")


@cache
def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def files(folder):
    return [path for path in sorted((ROOT / folder).rglob("*.py")) if "__pycache__" not in path.parts]


def named(path):
    return path.relative_to(ROOT).as_posix()


def functions(path):
    return [node for node in ast.walk(parsed(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def lines(node):
    return node.end_lineno - node.lineno + 1


def assert_within(sizes, limit, exceptions):
    """No size is over the limit, unless it is an exception, and then not over what that one may be."""
    over = {name: size for name, size in sizes.items() if size > limit}
    assert over.keys() == exceptions.keys()
    assert {name: size for name, size in over.items() if size > exceptions[name]} == {}


def test_modules_are_short():
    sizes = {named(path): len(path.read_text(encoding="utf-8").splitlines()) for path in files("lab_harness")}
    assert_within(sizes, LONGEST_MODULE, LONG_MODULES)


def test_functions_are_short_and_half_of_them_very_short():
    sizes = {f"{named(path)}::{node.name}": lines(node) for path in files("lab_harness") for node in functions(path)}
    assert statistics.median(sizes.values()) < USUAL_FUNCTION
    assert_within(sizes, LONGEST_FUNCTION, LONG_FUNCTIONS)


@pytest.mark.parametrize("package", ["lab_harness", "lab_harness.authors"])
def test_every_name_that_is_exported_can_be_used(package):
    """In a process of its own: here other tests have imported the modules."""
    program = f"import {package} as package; [getattr(package, name) for name in package.__all__]"
    subprocess.run([sys.executable, "-c", program], check=True, env=os.environ | {"PYTHONPATH": str(ROOT)})


def test_every_lab_is_graded_by_a_test():
    assert sorted({*test_pool.BOTH_WAYS, *test_pool.OTHERS}) == lab_ids(Course(ROOT))


def module_of(path):
    """What a test file mirrors: a/test_b.py has lab_harness/a/b.py, the package a/b, or the package a where b is a."""
    folder, name = Path("lab_harness", path.parent.relative_to(ROOT / "tests")), path.stem.removeprefix("test_")
    found = [ROOT / folder / f"{name}.py", ROOT / folder / name / "__init__.py"]
    found += [ROOT / folder / "__init__.py"] if folder.name == name else []
    return next((each for each in found if each.exists()), None)


def test_each_test_file_has_the_name_of_its_module():
    tests = [path for path in files("tests") if path.name.startswith("test_") and path.parent.name != "labs"]
    assert {named(path) for path in tests if module_of(path) is None} == ABOUT_MORE


def sleepers(path):
    """The functions of a test file that sleep. What stands in a text is run by somebody else: a student, a function."""
    calls = {
        node: {ast.unparse(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)}
        for node in functions(path)
    }
    return {node.name for node, called in calls.items() if called & {"time.sleep", "sleep"}}


def test_tests_wait_for_what_they_expect_and_never_just_sleep():
    found = {named(path): names for path in files("tests") if (names := sleepers(path))}
    assert found == SLEEPERS


def private_names(path):
    """The names with an underscore that a test file takes from another object than its own, or sets there."""
    names = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ImportFrom):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) not in {"self", "cls"}:
            names.add(node.attr)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("attr"):  # monkeypatch.setattr and kin
            names |= {
                each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
            }
    return {name.rpartition(".")[2] for name in names if PRIVATE_NAME.fullmatch(name)}


def test_tests_use_what_is_public():
    found = {named(path): names for path in files("tests") if (names := private_names(path))}
    assert found == PRIVATE
