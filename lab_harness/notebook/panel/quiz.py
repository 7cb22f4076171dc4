"""`lab.quiz()`: a lab's exam questions, answered in the notebook."""

from dataclasses import dataclass, field, replace

from lab_harness.lab.labs import Lab
from lab_harness.lab.quiz import Explanation, Question, Quiz
from lab_harness.lab.sealed import SealedQuestion, SealedQuiz
from lab_harness.learner.progress import LabProgress, Progress
from lab_harness.notebook.panel.live import Action, LiveView, render
from lab_harness.render.markup import escaped

FIRST = "If the kernel was restarted since, the notebook's first cell comes before it."


@dataclass(frozen=True)
class QuestionView:
    """One question as it stands: `given` is the last answer, `right` what became of it, None before one is given."""

    number: int
    question: Question | SealedQuestion
    given: tuple[str, ...] = ()
    right: bool | None = None
    asks_for: str | None = None  # what is missing in the answer
    explained: Explanation | None = None
    right_before: bool = False

    @property
    def options(self) -> tuple[str, ...]:
        """What there is to choose from; what is to be put in order stands as the learner put it."""
        options = self.question.options
        return self.given if self.question.kind == "ordering" and sorted(self.given) == sorted(options) else options

    def __str__(self) -> str:
        title = f"{self.number}. {self.question.text}"
        options = [f"   - {option}" for option in self.options]
        explained = [f"   {_said(self.explained)}"] if self.explained else []
        return "\n".join([title, *options, *explained])


def _said(explained: Explanation) -> str:
    return f"{explained.correction}. {explained.text}"


@dataclass
class QuizView:
    """A quiz that displays itself. Answers are judged here, and noted in the progress."""

    lab: Lab
    quiz: Quiz | SealedQuiz
    progress: Progress
    _said: str = ""
    _questions: dict[str, QuestionView] = field(default_factory=dict)

    def __post_init__(self) -> None:
        before = self._before()
        for number, question in enumerate(self.quiz.questions, 1):
            self._questions[question.id] = QuestionView(number, question, right_before=question.id in before.right)
        self._view = LiveView(self._act, self._fragments, self.__str__, FIRST)

    def _ipython_display_(self) -> None:
        self._view.show()

    def __str__(self) -> str:
        return "\n\n".join([f"Questions on {self.lab.title}", *map(str, self._questions.values())])

    def _act(self, action: Action) -> None:
        acts = {"answer": self._answered, "explain": self._explained, "again": self._again}
        act, view = acts.get(action["do"]), self._questions.get(str(action.get("question")))
        if act and view:
            self._questions[view.question.id] = act(view, action)
            self._view.update()

    def _answered(self, view: QuestionView, action: Action) -> QuestionView:
        values = action.get("values")
        given = [str(value) for value in values] if isinstance(values, list) else []
        asks_for = view.question.asks_for(given)
        if asks_for:
            self._said = asks_for
            return replace(view, given=tuple(given), right=None, asks_for=asks_for)
        explained = view.question.opened(given)
        right = explained is not None
        self.progress.record_answer(self.lab.id, view.question.id, right)
        self._said = f"Question {view.number}: {'right' if right else 'not right'}."
        before = view.right_before or right
        return replace(view, given=tuple(given), right=right, asks_for=None, explained=explained, right_before=before)

    def _explained(self, view: QuestionView, _: Action) -> QuestionView:
        explained = view.question.explained
        self._said = _said(explained) if explained else "The right answer opens the explanation."
        return replace(view, explained=explained)

    def _again(self, view: QuestionView, _: Action) -> QuestionView:
        return QuestionView(view.number, view.question, right_before=view.right_before)

    def _before(self) -> LabProgress:
        return self.progress.of(self.lab.id)

    def _fragments(self, live: bool) -> dict[str, str]:
        views = self._questions.values()
        right = sum(view.right_before for view in views)
        head = {"right": right, "count": len(views), "notices": self.progress.notices}
        parts = {"head": render("quiz_head.html", **head)}
        for view in views:
            parts[f"question {view.question.id}"] = render("quiz_question.html", view=view, live=live)
        said = {"said": escaped(self._said)} if live else {}
        return {name: str(part) for name, part in parts.items()} | said
