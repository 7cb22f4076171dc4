"""Tests for quizzes: what quiz.toml may say, which answers are right, and the questions of every lab."""

import subprocess
import sys
from itertools import combinations, permutations

import pytest

from lab_harness.errors import LabError, UsageError
from lab_harness.lab.labs import all_labs, load_lab
from lab_harness.lab.quiz import read_quiz

GOOD = """\
format_version = 1

[[questions]]
id = "longest_run"
kind = "single"
text = "How long may one invocation take?"
right = ["15 minutes"]
wrong = ["30 seconds", "5 minutes", "1 hour"]
explanation = "It ends after 900 seconds."

[[questions]]
id = "polled"
kind = "multiple"
text = "Which are polled? Choose two."
right = ["SQS", "Kinesis"]
wrong = ["SNS"]
explanation = "SNS pushes."

[[questions]]
id = "life"
kind = "ordering"
text = "What happens to a message?"
order = ["sent", "received", "deleted"]
explanation = "It is hidden in between."

[[questions]]
id = "requests"
kind = "numeric"
text = "How many requests a second?"
answer = 10000
unit = "requests"
explanation = "In a Region, for all APIs."

[[questions]]
id = "price"
kind = "numeric"
text = "What does it cost?"
answer = 0.2
unit = "dollars"
tolerance = 0.1
explanation = "A million requests."
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "quiz.toml"


@pytest.fixture
def quiz(path):
    path.write_text(GOOD, encoding="utf-8")
    return read_quiz(path)


def test_good_file_is_read_as_written(quiz):
    assert [(question.id, question.kind) for question in quiz.questions] == [
        ("longest_run", "single"),
        ("polled", "multiple"),
        ("life", "ordering"),
        ("requests", "numeric"),
        ("price", "numeric"),
    ]
    assert quiz.questions[0].text == "How long may one invocation take?"
    assert quiz.questions[0].explanation == "It ends after 900 seconds."
    assert quiz.questions[3].unit == "requests"


def test_question_is_found_by_its_id(quiz):
    assert quiz.question("life") is quiz.questions[2]


def test_unknown_question_names_all(quiz):
    with pytest.raises(UsageError) as caught:
        quiz.question("live")
    assert str(caught.value) == (
        "There is no question 'live'. The quiz has: longest_run, polled, life, requests, price."
    )


# What is wrong in the file


def broken(path, old, new):
    """What is said, after the file's path, of the good file with one thing replaced."""
    assert GOOD.count(old) == 1
    path.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(LabError) as caught:
        read_quiz(path)
    return str(caught.value).removeprefix(str(path))


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "says"),
    [
        ("format_version = 1", "format_version = 2", 1, "format_version", "Invalid enum value 2"),
        (GOOD[GOOD.index("[[") :], "questions = []", 3, "questions", "length >= 1"),
        ('id = "longest_run"', 'id = "Longest run"', 4, "questions.0.id", "matching regex"),
        ('kind = "single"\n', "", 3, "questions.0.kind", "missing required field"),
        ('kind = "single"', 'kind = "essay"', 5, "questions.0.kind", "Invalid value 'essay'"),
        ('text = "How long may one invocation take?"', 'text = " "', 6, "questions.0.text", "matching regex"),
        ('right = ["15 minutes"]', 'right = ["15 minutes", "900 s"]', 7, "questions.0.right", "length <= 1"),
        ('right = ["15 minutes"]', "right = []", 7, "questions.0.right", "length >= 1"),
        ('"30 seconds", "5 minutes", "1 hour"', '"1 hour"', 8, "questions.0.wrong", "length >= 2"),
        ('"30 seconds"', '"15 minutes"', 3, "questions.0", "the option '15 minutes' stands here twice"),
        ('explanation = "SNS pushes."\n', "", 11, "questions.1.explanation", "missing required field"),
        ('right = ["SQS", "Kinesis"]', 'right = ["SQS"]', 15, "questions.1.right", "length >= 2"),
        ('wrong = ["SNS"]', "wrong = []", 16, "questions.1.wrong", "length >= 1"),
        ('wrong = ["SNS"]', 'wrong = ["SNS", "SQS"]', 11, "questions.1", "the option 'SQS' stands here twice"),
        ('id = "life"', 'id = "polled"', 20, "questions.2.id", "two questions have the id 'polled'"),
        (', "deleted"]', "]", 23, "questions.2.order", "length >= 3"),
        ('"deleted"]', '"3", "4", "5", "6", "7"]', 23, "questions.2.order", "length <= 6"),
        ('"deleted"]', '"sent"]', 19, "questions.2", "the option 'sent' stands here twice"),
        ('order = ["sent"', 'right = []\norder = ["sent"', 23, "questions.2.right", "contains unknown field"),
        ("answer = 10000", 'answer = "many"', 30, "questions.3.answer", "Expected `int | float`, got `str`"),
        ("answer = 10000", "answer = nan", 26, "questions.3", "answer and tolerance must be finite numbers"),
        ('unit = "requests"\n', "", 26, "questions.3.unit", "missing required field"),
        ("tolerance = 0.1", "tolerance = -0.1", 40, "questions.4.tolerance", "Expected `float` >= 0"),
        ("tolerance = 0.1", "tolerance = inf", 34, "questions.4", "answer and tolerance must be finite numbers"),
    ],
)
def test_wrong_field_is_named_with_its_line(path, old, new, line, field, says):
    message = broken(path, old, new)
    assert message.startswith(f", line {line}, field {field}: ")
    assert says in message
    assert " - at " not in message


def test_text_that_is_no_toml_is_named_with_its_line(path):
    assert "line 30" in broken(path, "answer = 10000", "answer 10000")


def test_missing_file_is_a_lab_error(path):
    with pytest.raises(LabError, match=r"quiz\.toml: .*No such file"):
        read_quiz(path)


# What is shown


def test_options_are_all_there_is_to_choose_from(quiz):
    single, multiple, ordering, number, _ = quiz.questions
    assert sorted(single.options) == ["1 hour", "15 minutes", "30 seconds", "5 minutes"]
    assert sorted(multiple.options) == ["Kinesis", "SNS", "SQS"]
    assert sorted(ordering.options) == ["deleted", "received", "sent"]
    assert number.options == ()


def test_options_are_in_this_order_in_every_process_and_every_version_of_python(path, quiz):
    expected = [
        ("1 hour", "15 minutes", "30 seconds", "5 minutes"),
        ("SQS", "Kinesis", "SNS"),
        ("deleted", "received", "sent"),
    ]
    assert [question.options for question in quiz.questions[:3]] == expected
    program = "import sys; from pathlib import Path; from lab_harness.lab.quiz import read_quiz\n"
    program += "print([question.options for question in read_quiz(Path(sys.argv[1])).questions[:3]])"
    said = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert said.stdout == f"{expected}\n"


def test_entries_to_order_never_stand_in_the_right_order(path):
    for number in range(60):  # one in six shuffles of three entries would leave them as they are
        path.write_text(GOOD.replace('id = "life"', f'id = "life_{number}"'), encoding="utf-8")
        question = read_quiz(path).questions[2]
        assert sorted(question.options) == sorted(question.order)
        assert question.options != question.order


def test_correction_is_the_right_answer_in_words(quiz):
    assert [question.correction for question in quiz.questions] == [
        "15 minutes",
        "SQS; Kinesis",
        "sent → received → deleted",
        "10,000 requests",
        "0.2 dollars",
    ]


# What is right


@pytest.mark.parametrize(
    ("question", "given", "right"),
    [
        ("longest_run", ["15 minutes"], True),
        ("longest_run", ["1 hour"], False),
        ("longest_run", ["15 minutes", "1 hour"], False),
        ("longest_run", ["900 s"], False),
        ("longest_run", [], False),
        ("polled", ["SQS", "Kinesis"], True),
        ("polled", ["Kinesis", "SQS"], True),
        ("polled", ["SQS"], False),
        ("polled", ["SQS", "Kinesis", "SNS"], False),
        ("polled", [], False),
        ("life", ["sent", "received", "deleted"], True),
        ("life", ["sent", "deleted", "received"], False),
        ("life", ["sent", "received"], False),
        ("life", ["sent", "received", "deleted", "deleted"], False),
        ("requests", ["10000"], True),
        ("requests", [" 10,000 "], True),
        ("requests", ["10 000"], True),
        ("requests", ["10000.0"], True),
        ("requests", ["+10000."], True),
        ("requests", ["-10000"], False),
        ("requests", ["10,00"], False),
        ("requests", ["1,0000"], False),
        ("requests", ["10.000"], False),
        ("requests", ["10001"], False),
        ("requests", ["1e4"], False),
        ("requests", ["nan"], False),
        ("requests", ["many"], False),
        ("requests", [""], False),
        ("requests", [], False),
        ("requests", ["10000", "10000"], False),
        ("price", ["0.20"], True),
        ("price", [".2"], True),
        ("price", ["0.1"], True),
        ("price", ["0.3"], True),
        ("price", ["0.31"], False),
        ("price", ["0,2"], False),
    ],
)
def test_answer_is_judged(quiz, question, given, right):
    assert quiz.question(question).judge(given) is right


@pytest.mark.parametrize(
    ("question", "given", "missing"),
    [
        ("longest_run", [], "Choose an answer."),
        ("longest_run", ["1 hour"], None),
        ("polled", [], "Choose an answer."),
        ("polled", ["SNS"], None),
        ("life", [], "Put all entries in order."),
        ("life", ["sent", "received"], "Put all entries in order."),
        ("life", ["sent", "sent", "deleted"], "Put all entries in order."),
        ("life", ["deleted", "received", "sent"], None),
        ("requests", [], "Enter a number, such as 1,000 or 0.5."),
        ("requests", [" "], "Enter a number, such as 1,000 or 0.5."),
        ("requests", ["1,5"], "Enter a number, such as 1,000 or 0.5."),
        ("requests", ["1"], None),
    ],
)
def test_what_is_missing_is_asked_for(quiz, question, given, missing):
    assert quiz.question(question).asks_for(given) == missing


# The labs


def test_lab_has_its_quiz_and_none_without_the_file(sample_course):
    lab = load_lab("queue", sample_course("queue"))
    assert [question.id for question in lab.quiz.questions] == [
        "what_it_does", "polled", "life", "longest_poll", "bad_messages"
    ]  # fmt: skip
    (lab.folder / "quiz.toml").unlink()
    assert load_lab("queue", sample_course()).quiz is None


QUESTIONS = [(lab.id, question) for lab in all_labs() if lab.quiz for question in lab.quiz.questions]
NAMES = [f"{lab}-{question.id}" for lab, question in QUESTIONS]


def answers(question):
    """The right answer in a form's words, and all the wrong ones that its options allow."""
    if question.kind == "single":
        return [*question.right], [[option] for option in question.wrong]
    if question.kind == "multiple":
        choices = [c for size in range(len(question.options) + 1) for c in combinations(question.options, size)]
        return [*question.right], [[*c] for c in choices if {*c} != {*question.right}]
    if question.kind == "ordering":
        return [*question.order], [[*p] for p in permutations(question.order) if p != question.order]
    beside = question.answer + question.tolerance + 1
    return [str(question.answer)], [[str(beside)], [str(-beside)], [f"{question.answer} {question.unit}"]]


@pytest.mark.parametrize("lab", all_labs(), ids=lambda lab: lab.id)
def test_quiz_of_each_lab_has_five_to_ten_questions_and_one_to_order_or_to_compute(lab):
    kinds = [question.kind for question in lab.quiz.questions]
    assert 5 <= len(kinds) <= 10
    assert {"ordering", "numeric"} & set(kinds)


@pytest.mark.parametrize(("lab", "question"), QUESTIONS, ids=NAMES)
def test_right_answer_of_each_question_is_right_and_every_other_is_wrong(lab, question):
    right, wrong = answers(question)
    assert question.asks_for(right) is None
    assert question.judge(right)
    assert len(wrong) >= 2
    assert not any(question.judge(given) for given in wrong)


@pytest.mark.parametrize(("lab", "question"), QUESTIONS, ids=NAMES)
def test_each_question_is_plain_text_that_asks_and_explains(lab, question):
    texts = [question.text, question.explanation, *question.options]
    assert all(text == text.strip() and "`" not in text and "**" not in text for text in texts)
    assert "?" in question.text
    assert question.explanation.endswith(".")
    assert not any("of the above" in text.lower() for text in texts)
