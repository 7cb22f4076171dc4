"""Tests for a quiz in a notebook: answering by clicks, what is said then, and what is remembered."""

import json

import msgspec
import pytest

from lab_harness.lab import sealed
from lab_harness.lab.labs import load_lab
from lab_harness.learner.progress import Progress
from lab_harness.notebook.panel.quiz import QuizView
from tests.pages import HOSTILE, assert_harmless, controls, read_page, words
from tests.per_lab import LABS
from tests.waiting import wait_until

RIGHT = {
    "what_it_does": ["It keeps it until somebody asks"],
    "polled": ["Kinesis Data Streams", "SQS"],
    "life": ["It is sent", "It is received", "It is deleted"],
    "longest_poll": ["20"],
    "bad_messages": ["Into the dead-letter queue"],
}
WRONG = {
    "what_it_does": ["It prints it"],
    "polled": ["SQS"],
    "life": ["It is deleted", "It is sent", "It is received"],
    "longest_poll": ["30"],
    "bad_messages": ["Back to the sender"],
}


@pytest.fixture
def progress(tmp_path):
    return Progress(tmp_path / "progress.sqlite")


@pytest.fixture
def quiz(sample_course, progress, outputs):
    """The sample lab's quiz."""
    sample_course("queue")
    lab = load_lab("queue")
    return QuizView(lab, lab.quiz, progress)


def act(quiz, do, question, **more):
    """What the browser sends when the learner does something."""
    quiz._view._received(quiz._view, {"do": do, "question": question, **more}, [])


def answer(quiz, question, *values):
    act(quiz, "answer", question, values=list(values))


def shown(quiz, question):
    """A question as the browser shows it."""
    return quiz._view.fragments[f"question {question}"]


def fields(quiz, question):
    """What can be chosen, moved or typed into: the values, and those which are chosen."""
    found = [each for each in controls(shown(quiz, question)) if each.tag == "input"]
    return [each.get("value") for each in found], [each.get("value") for each in found if "checked" in each.attrib]


def buttons(quiz, question):
    return [words(each) for each in controls(shown(quiz, question)) if each.tag == "button"]


def snapshot(quiz):
    """What the notebook's file keeps of the quiz."""
    return "".join(quiz._fragments(live=False).values())


def head(quiz):
    return words(quiz._view.fragments["head"])


def said(quiz):
    return words(quiz._view.fragments["said"])


def test_questions_stand_in_order_below_how_many_were_right(quiz):
    assert list(quiz._view.fragments) == ["head", *(f"question {name}" for name in RIGHT), "said"]
    assert "0 of 5 right" in head(quiz)
    assert words(shown(quiz, "what_it_does")).startswith("1. What does a queue do with a message?")
    assert words(shown(quiz, "bad_messages")).startswith("5. Where do messages go")


def test_each_kind_of_question_is_answered_in_its_way(quiz):
    def kinds(question):
        return {each.get("type") for each in controls(shown(quiz, question)) if each.tag == "input"}

    assert [kinds(question) for question in RIGHT] == [{"radio"}, {"checkbox"}, {"hidden"}, {"text"}, {"radio"}]
    for question in RIGHT:
        options = quiz.quiz.question(question).options
        assert fields(quiz, question) == (list(options) or [""], [])
        (form,) = (each for each in controls(shown(quiz, question)) if each.tag == "form")
        assert (form.get("data-do"), form.get("data-question")) == ("answer", question)


def test_nothing_tells_the_right_answer_before_it_is_given(quiz):
    page = "".join(quiz._view.fragments.values())
    for question in quiz.quiz.questions:
        assert question.explanation not in page
        assert question.correction not in words(shown(quiz, question.id)) or question.kind == "single"


@pytest.mark.parametrize("question", RIGHT)
def test_right_answer_is_said_explained_and_counted(quiz, progress, question):
    answer(quiz, question, *RIGHT[question])
    text = words(shown(quiz, question))
    assert "✓ Right." in text
    assert quiz.quiz.question(question).explanation in text
    assert quiz.quiz.question(question).correction in text
    assert "1 of 5 right" in head(quiz)
    assert said(quiz).endswith(": right.")
    assert buttons(quiz, question) == ["Answer again"]
    assert list(progress.of("queue").right) == [question]
    assert progress.of("queue").answered == {question: 1}


@pytest.mark.parametrize("question", WRONG)
def test_wrong_answer_is_said_and_stays_to_be_mended(quiz, progress, question):
    answer(quiz, question, *WRONG[question])
    text = words(shown(quiz, question))
    assert "✗ Not right. Try again, or have it explained." in text
    assert quiz.quiz.question(question).explanation not in text
    assert said(quiz).endswith(": not right.")
    assert buttons(quiz, question)[-2:] == ["Answer", "Explain"]
    values, chosen = fields(quiz, question)
    assert chosen == WRONG[question] if chosen else values == WRONG[question]
    assert (progress.of("queue").right, progress.of("queue").answered) == ({}, {question: 1})


@pytest.mark.parametrize("question", RIGHT)
def test_answer_that_says_nothing_is_asked_for_and_not_counted(quiz, progress, question):
    for values in ([], ["", ""]) if question == "longest_poll" else ([],):
        answer(quiz, question, *values)
        wanted = quiz.quiz.question(question).asks_for([])
        assert f"✗ {wanted}" in words(shown(quiz, question))
        assert wanted in said(quiz)
    assert progress.of("queue").answered == {}
    answer(quiz, question, *RIGHT[question])
    assert wanted not in words(shown(quiz, question))


def test_wrong_answer_can_be_explained_which_is_not_right(quiz, progress):
    answer(quiz, "polled", *WRONG["polled"])
    act(quiz, "explain", "polled")
    text = words(shown(quiz, "polled"))
    assert "SQS; Kinesis Data Streams The other two push." in text
    assert "SQS (your answer)" in text
    assert "Try again" not in text
    assert buttons(quiz, "polled") == ["Answer again"]
    assert "0 of 5 right" in head(quiz)
    assert progress.of("queue").answered == {"polled": 1}


def test_sealed_quiz_explains_by_the_right_answer_alone(quiz, progress, monkeypatch):
    monkeypatch.setattr(sealed, "COST", 1)
    plain = quiz.quiz
    closed = QuizView(quiz.lab, msgspec.json.decode(sealed.seal(plain), type=sealed.SealedQuiz), progress)
    for question, values in WRONG.items():
        answer(closed, question, *values)
        act(closed, "explain", question)  # which no button of its asks for
        text = words(shown(closed, question))
        assert "Not right. Try again: the right answer opens the explanation." in text
        assert plain.question(question).explanation not in text
        assert "Explain" not in buttons(closed, question)
    for question, values in RIGHT.items():
        answer(closed, question, *values)
        text = words(shown(closed, question))
        assert "✓ Right." in text
        assert plain.question(question).explanation in text
    assert "all of them" in head(closed)
    assert progress.of("queue").right.keys() == RIGHT.keys()


def test_question_answered_again_begins_anew_and_stays_right(quiz, progress):
    answer(quiz, "polled", *RIGHT["polled"])
    act(quiz, "again", "polled")
    assert "You have answered this right before." in words(shown(quiz, "polled"))
    assert fields(quiz, "polled")[1] == []
    answer(quiz, "polled", *WRONG["polled"])
    assert "Not right" in words(shown(quiz, "polled"))
    assert "1 of 5 right" in head(quiz)
    assert progress.of("queue").answered == {"polled": 2}


def test_all_right_is_said(quiz):
    for question, values in RIGHT.items():
        assert "all of them" not in head(quiz)
        answer(quiz, question, *values)
    assert "5 of 5 right · ✓ all of them" in head(quiz)


def test_progress_is_found_again_after_a_restart(quiz, progress):
    answer(quiz, "life", *RIGHT["life"])
    again = QuizView(quiz.lab, quiz.quiz, Progress(progress.path))
    assert "1 of 5 right" in head(again)
    assert "You have answered this right before." in words(shown(again, "life"))
    assert quiz.quiz.question("life").explanation not in words(shown(again, "life"))


def test_progress_that_cannot_be_kept_is_a_notice_and_the_quiz_goes_on(quiz, tmp_path):
    lost = QuizView(quiz.lab, quiz.quiz, Progress(tmp_path))
    assert "Your progress could not be saved" in head(lost)
    answer(lost, "polled", *RIGHT["polled"])
    assert "1 of 5 right" in head(lost)


def test_only_the_question_that_was_answered_changes(quiz):
    before = dict(quiz._view.fragments)
    answer(quiz, "polled", *WRONG["polled"])
    changed = {name for name, html in quiz._view.fragments.items() if before[name] != html}
    assert changed == {"said", "question polled"}


# In the notebook.


def test_quiz_is_shown_and_its_snapshot_kept_up_to_date(quiz, outputs):
    quiz._ipython_display_()
    assert len(outputs) == 2
    answer(quiz, "polled", *RIGHT["polled"])
    data, how = wait_until(lambda: len(outputs) > 2 and outputs[-1])
    assert how["update"]
    assert "2. Which are polled? Choose two." in data["text/plain"]
    assert "SQS; Kinesis Data Streams. The other two push." in data["text/plain"]
    assert "✓ Right." in words(data["text/html"])


def test_quiz_in_words_has_its_questions_and_options(quiz):
    assert str(quiz).startswith("Questions on A queue\n\n1. What does a queue do with a message?\n   - ")
    assert "   - It prints it" in str(quiz)
    assert "A queue is polled; a topic pushes." not in str(quiz)


def states(quiz):
    """The quiz untouched, wrong, explained and right."""
    yield
    for values in (WRONG, RIGHT):
        for question in quiz.quiz.questions:
            answer(quiz, question.id, *values[question.id])
        yield
        for question in quiz.quiz.questions:
            act(quiz, "explain", question.id)
        yield
        for question in quiz.quiz.questions:
            act(quiz, "again", question.id)


def test_snapshot_has_no_controls_in_any_state_and_says_what_was_answered(quiz):
    for _ in states(quiz):
        assert controls(snapshot(quiz)) == []
        assert controls("".join(quiz._view.fragments.values()))
    answer(quiz, "longest_poll", "20")
    answer(quiz, "what_it_does", "It prints it")
    text = words(snapshot(quiz))
    assert "20 seconds" in text
    assert "● It prints it (your answer)" in text


def test_page_is_well_formed_in_every_state(quiz):
    for _ in states(quiz):
        for html in (*quiz._view.fragments.values(), *quiz._fragments(live=False).values()):
            assert_harmless(html)


def right_answer(question):
    """What is to be chosen, put in order or entered."""
    if question.kind == "numeric":
        return [str(question.answer)]
    return question.order if question.kind == "ordering" else question.right


@pytest.mark.parametrize("lab_id", LABS)
def test_every_labs_quiz_can_be_answered_right(lab_id, progress, outputs):
    lab = load_lab(lab_id)
    if lab.quiz is None:
        pytest.skip("has no quiz")
    quiz = QuizView(lab, lab.quiz, progress)
    for question in lab.quiz.questions:
        answer(quiz, question.id, *right_answer(question))
        assert_harmless(shown(quiz, question.id))
    assert "all of them" in head(quiz)


# What a browser would never send.


@pytest.mark.parametrize(
    "content",
    [
        {"do": "answer"}, {"do": "answer", "question": None}, {"do": "answer", "question": ["polled"]},
        {"do": "answer", "question": {"polled": 1}}, {"do": "answer", "question": "../../etc/passwd"},
        {"do": "answer", "question": "x" * 1_000_000}, {"do": "explain"}, {"do": "again", "question": 3},
        {"do": "nothing", "question": "polled"}, {"do": "__class__", "question": "polled"},
        {"do": "_answered", "question": "polled"}, {"do": "", "question": "polled"},
    ],
)  # fmt: skip
def test_message_that_makes_no_sense_changes_nothing(quiz, progress, content):
    before = dict(quiz._view.fragments)
    quiz._view._received(quiz._view, content, [])
    assert quiz._view.fragments == before
    assert progress.of("queue").answered == {}


@pytest.mark.parametrize(
    "values", [None, 7, "SQS", {"SQS": 1}, [None], [["SQS"]], ["x" * 1_000_000], ["9" * 2_000_000]]
)
@pytest.mark.parametrize("question", RIGHT)
def test_answer_of_no_sense_is_not_right_and_the_question_can_still_be_answered(quiz, progress, question, values):
    act(quiz, "answer", question, values=values)
    act(quiz, "answer", question)
    assert progress.of("queue").right == {}
    assert "Right." not in words(shown(quiz, question))
    options = quiz.quiz.question(question).options
    assert set(options) <= set(fields(quiz, question)[0])
    answer(quiz, question, *RIGHT[question])
    assert list(progress.of("queue").right) == [question]


@pytest.mark.parametrize("text", [HOSTILE, '"><script>', "{{ 7 * 7 }}", "a\x00\ud83d"])
@pytest.mark.parametrize("question", RIGHT)
def test_answer_is_shown_as_text(quiz, question, text):
    answer(quiz, question, text)
    act(quiz, "explain", question)
    for html in ("".join(quiz._view.fragments.values()), snapshot(quiz)):
        assert_harmless(html)
        assert "49" not in "".join(read_page(html).itertext())
    assert json.dumps([quiz._view.fragments, str(quiz)], ensure_ascii=False).encode("utf-8")
