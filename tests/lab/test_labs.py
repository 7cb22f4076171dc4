"""Tests for labs: found by id, and refused with file, line and reason when their checks are written wrongly."""

import shutil

import pytest

from lab_harness.errors import LabError, UsageError
from lab_harness.lab.labs import Lab, all_labs, lab_ids, load_lab, unknown
from lab_harness.lab.modules import check_sources


@pytest.fixture
def refused(sample_course):
    """What is said of a sample lab's checks, after the path of its checks.py."""

    def of(name):
        lab = load_lab(name, sample_course(name))
        with pytest.raises(LabError) as caught:
            print(lab.all_checks)
        message = str(caught.value)
        assert message.startswith(str(lab.folder / "checks.py"))
        return message.removeprefix(str(lab.folder / "checks.py"))

    return of


@pytest.fixture
def with_checks(sample_course):
    """A lab with this text as its checks.py."""

    def make(text):
        lab = load_lab("queue", sample_course("queue"))
        (lab.folder / "checks.py").write_text(text, encoding="utf-8")
        return lab

    return make


def test_unknown_lab_names_the_nearest_and_all(sample_course):
    course = sample_course("queue", "outcomes")
    with pytest.raises(UsageError) as caught:
        load_lab("queu", course)
    assert str(caught.value) == "There is no lab 'queu'. Did you mean queue? The course has: outcomes, queue."


def test_unknown_lab_that_is_near_nothing_gets_no_guess(sample_course):
    with pytest.raises(UsageError, match=r"^There is no lab 'xyz'\. The course has: queue\.$"):
        load_lab("xyz", sample_course("queue"))


def test_path_is_no_lab_id(sample_course):
    course = sample_course("queue")
    for name in ("../labs/queue", "", ".", "queue/"):
        with pytest.raises(UsageError):
            load_lab(name, course)


def test_labs_are_in_the_order_of_their_notebooks(sample_course):
    course = sample_course("queue", "outcomes")
    path = course.labs / "queue" / "lab.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("01_queue", "02_queue"), encoding="utf-8")
    assert lab_ids(course) == ["outcomes", "queue"]
    assert [lab.id for lab in all_labs(course)] == ["outcomes", "queue"]
    path.write_text(path.read_text(encoding="utf-8").replace("02_queue", "00_queue"), encoding="utf-8")
    assert [lab.id for lab in all_labs(course)] == ["queue", "outcomes"]


def test_checks_are_read_in_the_order_written(sample_course):
    first, second = load_lab("queue", sample_course("queue")).all_checks
    assert (first.name, first.title, first.task, first.points) == (
        "queue_exists",
        "The queue sample-queue exists",
        "queue",
        2,
    )
    assert (first.needs, first.services) == ((), ("sqs",))
    assert (second.name, second.needs) == ("message_is_there", ("queue_exists",))


def test_check_is_called_directly_through_the_lab(sample_course, clients):
    lab = load_lab("queue", sample_course("queue"))
    lab.solve(clients)
    assert lab.checks.queue_exists(clients["sqs"]) is None


def test_parameters_name_services_with_keywords_and_hyphens(with_checks):
    lab = with_checks(
        "from lab_harness.authors import check\n\n"
        "@check('All there')\ndef all_there(lambda_, cognito_idp, s3, apigatewayv2, stepfunctions): ...\n"
    )
    assert lab.all_checks[0].parameters == {
        "lambda_": "lambda",
        "cognito_idp": "cognito-idp",
        "s3": "s3",
        "apigatewayv2": "apigatewayv2",
        "stepfunctions": "stepfunctions",
    }


def test_parameter_witness_is_no_service(with_checks):
    lab = with_checks(
        "from lab_harness.authors import check, no_witness\n\n"
        "@check('There')\ndef there(sqs, witness=no_witness): ...\n"
    )
    (check,) = lab.all_checks
    assert (check.parameters, check.services) == ({"sqs": "sqs", "witness": "witness"}, ("sqs",))


def test_parameters_http_and_inbox_are_no_services(with_checks):
    lab = with_checks("from lab_harness.authors import check\n\n@check('There')\ndef there(http, sqs, inbox): ...\n")
    check = lab.all_checks[0]
    assert check.parameters == {"http": "http", "sqs": "sqs", "inbox": "inbox"}
    assert check.services == ("sqs",)


def test_check_uses_the_services_of_its_task_too(sample_course):
    checks = {check.name: check for check in load_lab("apart", sample_course("apart")).all_checks}
    assert {name: check.services for name, check in checks.items()} == {
        "queue_exists": ("sqs",),
        "job_ran": ("braket",),
        "queue_is_gone": ("sqs",),
    }
    assert [name for name, check in checks.items() if check.apart] == ["queue_is_gone"]


def test_tasks_left_out_are_those_apart_and_those_that_lack_a_service(sample_course):
    lab = load_lab("apart", sample_course("apart"))
    assert lab.tasks_left_out(lambda service: True) == {"clean_up"}
    assert lab.tasks_left_out(lambda service: service == "sqs") == {"job", "clean_up"}


def test_need_of_a_check_that_stands_apart_is_refused(sample_course):
    lab = load_lab("apart", sample_course("apart"))
    with (lab.folder / "checks.py").open("a", encoding="utf-8") as file:
        file.write("\n\n@check('Late', task='clean_up', needs=queue_is_gone)\ndef late(): ...\n")
        file.write("\n\n@check('Later', task='queue', needs=queue_is_gone)\ndef later(): ...\n")
    with pytest.raises(LabError) as caught:
        print(lab.all_checks)
    assert str(caught.value) == (
        f"{lab.folder / 'checks.py'}, line 27, check later: needs 'queue_is_gone', whose task stands apart, "
        "so the lab could not be completed"
    )


def test_unknown_parameter_names_the_nearest_as_it_is_written(refused):
    assert refused("unknown_service") == (
        ", line 4, check function_exists: parameter 'lamda' names no AWS service; did you mean lambda_?"
    )


def test_unknown_parameter_with_a_hyphenated_neighbour_is_guessed_with_an_underscore(with_checks):
    lab = with_checks("from lab_harness.authors import check\n\n@check('There')\ndef there(cognito_ipd): ...\n")
    with pytest.raises(LabError, match=r"did you mean cognito_idp\?"):
        print(lab.all_checks)


def test_unknown_task_is_named_with_those_that_exist(refused):
    assert refused("unknown_task") == (
        ", line 4, check message_exists: task 'mesage' is not in lab.toml; it has message, queue"
    )


def test_need_from_another_file_is_refused(refused):
    assert refused("foreign_need") == (
        ", line 5, check message_exists: needs 'queue_exists', which is no check above it"
    )


def test_need_that_is_no_check_is_refused(with_checks):
    lab = with_checks("from lab_harness.authors import check\n\n@check('There', needs='first')\ndef there(): ...\n")
    with pytest.raises(LabError, match="check there: needs 'first', which is no check above it"):
        print(lab.all_checks)


def test_need_that_is_written_below_is_refused(with_checks):
    checks = "@check('One', needs=two)\ndef one(): ...\n@check('Two')\ndef two(): ...\n"
    with pytest.raises(LabError, match="line 3: NameError: name 'two' is not defined"):
        print(with_checks(f"from lab_harness.authors import check\n\n{checks}").all_checks)


STANDARD = """from lab_harness.authors import check, standard_checks

role_exists = standard_checks.role_exists("worker", "Look.", task="queue")


@check("Another")
def another(sqs): ...


role_trusts_lambda = standard_checks.role_trusts_lambda("worker", task="message", needs=role_exists)
"""


def test_standard_checks_are_the_labs_own_where_they_stand(with_checks):
    lab = with_checks(STANDARD)
    assert [(each.name, each.title, each.task, each.needs) for each in lab.all_checks] == [
        ("role_exists", "The role worker exists", "queue", ()),
        ("another", "Another", None, ()),
        ("role_trusts_lambda", "Lambda may assume the role", "message", ("role_exists",)),
    ]
    assert lab.check_names == ("role_exists", "another", "role_trusts_lambda")


def test_mistake_in_a_standard_check_is_named_with_its_line_in_the_lab(with_checks):
    lab = with_checks(STANDARD.replace('task="message"', 'task="mesage"'))
    with pytest.raises(LabError, match=r"checks\.py, line 10, check role_trusts_lambda: task 'mesage'"):
        print(lab.all_checks)


def test_imported_checks_are_not_the_labs_own(sample_course):
    lab = load_lab("imported_check", sample_course("imported_check"))
    assert [check.name for check in lab.all_checks] == ["message_exists"]


MORE = """
from lab_harness.authors import check

from . import queue_exists


@check("A message is there", needs=queue_exists)
def message_exists(sqs): ...
"""


def test_checks_go_on_in_a_second_file(with_checks):
    lab = with_checks("from lab_harness.authors import check\n\n@check('A queue')\ndef queue_exists(sqs): ...\n")
    (lab.folder / "more_checks.py").write_text(MORE, encoding="utf-8")
    assert [(check.name, check.needs) for check in lab.all_checks] == [
        ("queue_exists", ()),
        ("message_exists", ("queue_exists",)),
    ]
    assert lab.check_names == ("queue_exists", "message_exists")


def test_a_lab_that_is_loaded_twice_has_checks_of_its_own_in_the_second_file(with_checks):
    first = with_checks("from lab_harness.authors import check\n\n@check('A queue')\ndef queue_exists(sqs): ...\n")
    (first.folder / "more_checks.py").write_text(MORE, encoding="utf-8")
    second = Lab(first.id, first.folder, first.file)
    assert [lab.checks.queue_exists.check_mark.title for lab in (first, second)] == ["A queue"] * 2
    assert [len(lab.all_checks) for lab in (first, second)] == [2, 2]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("(sqs)", "(sks)", r"more_checks\.py, line 7, check message_exists"),
        ("from .", "from . .", "line 4"),
        ("def message_exists", "def queue_exists", "line 7, check queue_exists: checks.py has a check of this name"),
    ],
)
def test_mistake_in_the_second_file_is_named_with_its_line(with_checks, old, new, told):
    lab = with_checks("from lab_harness.authors import check\n\n@check('A queue')\ndef queue_exists(sqs): ...\n")
    (lab.folder / "more_checks.py").write_text(MORE.replace(old, new), encoding="utf-8")
    with pytest.raises(LabError, match=told):
        print(lab.all_checks)


def test_file_without_checks_is_refused(refused):
    assert refused("no_checks") == " has no checks: mark functions with @check(...)"


def test_exception_at_import_is_named_with_its_line(refused):
    assert refused("import_error").startswith(", line 3: ValueError: invalid literal for int()")


def test_syntax_error_is_named_with_its_line(with_checks):
    lab = with_checks("from lab_harness.authors import check\n\ndef queue_exists(sqs:\n    ...\n")
    with pytest.raises(LabError, match=r"checks\.py, line 3: '\(' was never closed"):
        print(lab.all_checks)
    with pytest.raises(LabError, match=r"checks\.py, line 3: '\(' was never closed"):
        print(lab.check_names)


def test_check_mark_without_a_title_is_named_with_its_line(with_checks):
    lab = with_checks("from lab_harness.authors import check\n\n@check\ndef queue_exists(sqs): ...\n")
    with pytest.raises(LabError, match=r"line 3: TypeError: @check wants a title"):
        print(lab.all_checks)


def test_checks_may_import_what_stands_beside_them_each_course_its_own(sample_course, tmp_path):
    def with_probes(course, text):
        lab = load_lab("queue", course)
        (lab.folder / "probes.py").write_text(text, encoding="utf-8")
        checks = lab.folder / "checks.py"
        checks.write_text(
            f"from . import probes\nfrom .probes import NAME\n{checks.read_text(encoding='utf-8')}", encoding="utf-8"
        )
        return lab

    first = with_probes(sample_course("queue"), "NAME = 'one'")
    assert (first.checks.NAME, first.checks.probes.NAME) == ("one", "one")
    shutil.copytree(first.folder.parent, tmp_path / "another" / "labs")
    second = Lab("queue", tmp_path / "another" / "labs" / "queue", first.file)
    (second.folder / "probes.py").write_text("NAME = 'another'", encoding="utf-8")
    assert second.checks.NAME == "another"
    (second.folder / "probes.py").write_text("NAME =", encoding="utf-8")
    with pytest.raises(LabError, match=r"checks\.py, line 1: SyntaxError: invalid syntax \(probes\.py, line 1\)"):
        print(Lab("queue", second.folder, first.file).checks)


def test_what_checks_act_with_may_be_several_files_of_one_folder(sample_course):
    lab = load_lab("queue", sample_course("queue"))
    probes, checks = lab.folder / "probes", lab.folder / "checks.py"
    probes.mkdir()
    (probes / "__init__.py").write_text("NAME = 'one'", encoding="utf-8")
    (probes / "mails.py").write_text("from . import NAME\nMAIL = NAME + ' mail'", encoding="utf-8")
    text = f"from .probes import mails\n{checks.read_text(encoding='utf-8')}"
    checks.write_text(text, encoding="utf-8")
    assert lab.checks.mails.MAIL == "one mail"
    assert check_sources(lab.folder) == [checks, probes / "__init__.py", probes / "mails.py"]


def test_what_a_check_comes_after_is_among_its_needs(with_checks):
    mark = "@check({!r}{})\ndef {}(sqs): ...\n\n"
    first, last = mark.format("One", "", "one"), mark.format("Two", ", after=one", "two")
    two = with_checks(f"from lab_harness.authors import check\n\n{first}{last}").all_checks[1]
    assert (two.needs, two.after) == (("one",), ("one",))


def test_missing_checks_file_is_a_lab_error(sample_course):
    lab = load_lab("queue", sample_course("queue"))
    (lab.folder / "checks.py").unlink()
    for read in (lambda: lab.all_checks, lambda: lab.check_names):
        with pytest.raises(LabError, match=r"checks\.py is missing"):
            read()


def test_check_names_are_those_of_the_score_without_running_them(course, sample_course):
    for lab in all_labs(course):
        assert lab.check_names == tuple(check.name for check in lab.all_checks if not check.apart)
    for name in ("imported_check", "outcomes"):
        lab = load_lab(name, sample_course(name))
        assert lab.check_names == tuple(check.name for check in lab.all_checks)
    assert load_lab("apart", sample_course("apart")).check_names == ("queue_exists", "job_ran")
    assert load_lab("import_error", sample_course("import_error")).check_names == ("nothing",)


def test_task_is_found_by_its_id_and_an_unknown_one_names_the_nearest(sample_course):
    lab = load_lab("queue", sample_course("queue"))
    assert lab.task("message").title == "Send a message"
    with pytest.raises(UsageError, match=r"no task 'massage'\. Did you mean message\? The lab queue has: queue"):
        lab.task("massage")


def test_where_there_is_nothing_no_nearest_name_is_guessed():
    assert (
        unknown("function", "nothing", [], "The account has")
        == "There is no function 'nothing'. The account has: none."
    )


def test_selection_is_a_task_or_a_check(sample_course):
    lab = load_lab("queue", sample_course("queue"))
    assert lab.selection("message") == ("message",)
    assert lab.selection("queue_exists") == ("queue_exists",)
    with pytest.raises(UsageError, match=r"no task or check 'queue_exist'\. Did you mean queue_exists\?"):
        lab.selection("queue_exist")
