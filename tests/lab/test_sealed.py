"""Tests for sealed quizzes: they judge as the plain ones do, and tell nothing before the right answer is given."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab_harness.errors import LabError
from lab_harness.lab import sealed
from lab_harness.lab.labs import load_lab
from lab_harness.lab.quiz import Numeric, Quiz
from lab_harness.lab.sealed import quiz_in, seal
from tests.lab.test_quiz import GOOD

ANSWERS = [
    ("longest_run", ["15 minutes"]), ("longest_run", ["1 hour"]), ("longest_run", ["15 minutes", "1 hour"]),
    ("longest_run", []), ("longest_run", ["15 minutes", "15 minutes"]),
    ("polled", ["SQS", "Kinesis"]), ("polled", ["Kinesis", "SQS"]), ("polled", ["SQS"]),
    ("polled", ["SQS", "Kinesis", "SNS"]),
    ("life", ["sent", "received", "deleted"]), ("life", ["sent", "deleted", "received"]), ("life", ["sent"]),
    ("requests", ["10000"]), ("requests", [" 10,000.0 "]), ("requests", ["10001"]), ("requests", ["-10000"]),
    ("requests", ["many"]), ("requests", ["9" * 100]), ("requests", []),
    ("price", ["0.2"]), ("price", [".1"]), ("price", ["0.3"]), ("price", ["0.30001"]), ("price", ["0.0999"]),
    ("price", ["-0.2"]), ("price", ["9" * 100]),
]  # fmt: skip


@pytest.fixture(autouse=True)
def cheap(monkeypatch):
    monkeypatch.setattr(sealed, "COST", 1)


@pytest.fixture
def plain(tmp_path):
    (tmp_path / "quiz.toml").write_text(GOOD, encoding="utf-8")
    return quiz_in(tmp_path)


@pytest.fixture
def closed(plain, tmp_path):
    (tmp_path / "quiz.toml").unlink()
    (tmp_path / "quiz.sealed.json").write_text(seal(plain), encoding="utf-8")
    return quiz_in(tmp_path)


def test_sealed_quiz_shows_what_the_plain_one_shows(plain, closed):
    assert [(each.id, each.kind, each.text, each.options) for each in closed.questions] == [
        (each.id, each.kind, each.text, each.options) for each in plain.questions
    ]
    assert [each.unit for each in closed.questions if each.kind == "numeric"] == ["requests", "dollars"]


@pytest.mark.parametrize(("name", "answer"), ANSWERS)
def test_answer_is_judged_asked_for_and_explained_as_by_the_plain_quiz(plain, closed, name, answer):
    (question,) = (each for each in closed.questions if each.id == name)
    assert question.opened(answer) == plain.question(name).opened(answer)
    assert question.asks_for(answer) == plain.question(name).asks_for(answer)


def test_only_the_right_answer_opens_the_explanation(closed):
    single = closed.questions[0]
    assert single.explained is None
    assert single.opened(["1 hour"]) is None
    assert single.opened(["15 minutes"]).correction == "15 minutes"
    assert single.opened(["15 minutes"]).text == "It ends after 900 seconds."


def test_what_is_written_names_no_answer_and_no_explanation(plain):
    text = seal(plain)
    for question in plain.questions:
        assert question.explanation not in text
        assert not hasattr(question, "right") or json.dumps(list(question.right)) not in text
    assert "10000" not in text
    assert [each["options"] for each in json.loads(text)["questions"][:3]] == [
        list(question.options) for question in plain.questions[:3]
    ]


def test_same_quiz_sealed_twice_has_other_salts(plain):
    once, again = ({each["salt"] for each in json.loads(seal(plain))["questions"]} for _ in range(2))
    assert len(once | again) == 2 * len(plain.questions)


numbers = st.decimals(-1000, 1000, places=2).map(str)


@settings(max_examples=40, deadline=None)
@given(st.integers(-5000, 5000), st.sampled_from([0, 0.01, 0.1, 0.5, 3]), st.lists(numbers, max_size=5))
def test_number_is_near_enough_where_the_plain_question_says_so(hundredths, tolerance, tried):
    answer = hundredths / 100
    asked = Numeric(id="n", text="?", explanation="So.", answer=answer, tolerance=tolerance, unit="s")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealed, "COST", 1)
        (question,) = sealed.msgspec.json.decode(seal(Quiz(1, (asked,))), type=sealed.SealedQuiz).questions
    beside = [f"{answer + tolerance:.2f}", f"{answer - tolerance:.2f}", f"{answer + tolerance + 0.01:.2f}"]
    for text in [*tried, *beside, f"{answer:.2f}"]:
        assert (question.opened([text]) is not None) == asked.judge([text]), text


@pytest.mark.parametrize("text", ["", "{}", '{"format_version": 2, "questions": []}', "\0"])
def test_damaged_file_is_named_with_what_to_do(tmp_path, text):
    (tmp_path / "quiz.sealed.json").write_text(text, encoding="utf-8")
    with pytest.raises(LabError, match=r"quiz\.sealed\.json is damaged: .* Take it anew"):
        quiz_in(tmp_path)


def test_folder_without_a_quiz_has_none(tmp_path):
    assert quiz_in(tmp_path) is None


def test_lab_has_its_sealed_quiz_where_it_has_no_plain_one(sample_course):
    lab = load_lab("queue", sample_course("queue"))
    (lab.folder / "quiz.sealed.json").write_text(seal(lab.quiz), encoding="utf-8")
    (lab.folder / "quiz.toml").unlink()
    again = load_lab("queue", sample_course())
    assert [each.id for each in again.quiz.questions] == [each.id for each in lab.quiz.questions]
    assert again.quiz.questions[0].opened(["It keeps it until somebody asks"]).text.startswith("A queue is polled")
