"""The rules for what a lab says of AWS: its numbers are those of labs/facts.toml, and botocore's where it has them."""

import re
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from typing import Any

from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader

from lab_harness.course import Course
from lab_harness.lab.facts import FACT_TAG, FILE, MARKUP, Fact, Model, read_facts
from lab_harness.lab.labs import Lab
from lab_harness.lab.notebooks import read_notebook
from lab_harness.lab.quiz import Question, Quiz

UNITS = "seconds?|s|ms|minutes?|hours?|days?|years?|[KMG]B|requests|records|messages"
QUANTITY = re.compile(rf"(?<![\w.,$/:-])\d[\d,]*(?:\.\d+)? (?:{UNITS})\b")
# What says of a quantity that it is a limit or a default.
CLAIM = re.compile(r"\b(?:kept for|lasts?|default|unless set|at most|up to|billed once for each|tries .* again)\b")
SENTENCE = re.compile(r"(?<=[.:;?!])\s+|\n")
# What a sentence with a number of AWS's has: the year in which it holds, or a price.
DATED = re.compile(r"(?:\(|[;,] )20\d\d\)|\b(?:of|in) 20\d\d\b|\$\d")


def facts_are_those_of_the_file(course: Course, lab: Lab) -> Iterator[str]:
    """What says a year, a price, or a limit in a fact's words names its facts, each with the file's value."""
    facts = read_facts(course.labs)
    for place, text, names in _texts(course, lab):
        if not names and DATED.search(text):
            yield f"{place} states a number of AWS's that is no fact of labs/{FILE}: {_around(text)}"
        unknown = [name for name in names if name not in facts]
        for name in unknown:
            yield f"{place} names {name!r}, which is no fact of labs/{FILE}"
        for name in (name for name in names if name in facts):
            for wordings in facts[name].missing_from(text):
                yield f"{place} does not say {wordings}, the fact {name!r} of labs/{FILE}"
        if unknown:  # With its right name it may say what it does.
            continue
        for quantity in _unnamed(text, names, [fact for fact in facts.values() if fact.service in lab.file.services]):
            yield f"{place} says {quantity} and does not name its fact of labs/{FILE}"


def _unnamed(text: str, names: Collection[str], facts: Collection[Fact]) -> list[str]:
    """What a text claims, as a limit or a default, in the words of one of these facts, and does not name it."""
    known = _quantities(wording for fact in facts for wording in fact.wordings)
    named = [fact for fact in facts if fact.id in names]
    told = _quantities(wording for fact in named for wording in (*fact.wordings, *fact.exam_wordings))
    claims = [claim for claim in SENTENCE.split(MARKUP.sub("", text)) if CLAIM.search(claim)]
    found = dict.fromkeys(each for claim in claims for each in QUANTITY.findall(claim))
    return [quantity for quantity in found if quantity in known - told]


def _quantities(wordings: Iterable[str]) -> set[str]:
    return {quantity for wording in wordings for quantity in QUANTITY.findall(wording)}


def disagreements(fact: Fact) -> Iterator[str]:
    """Where botocore's models say something else than the file says that they do."""
    for model in fact.models:
        for found in _otherwise(model, _shapes(model.service).get(model.shape, {})):
            yield f"labs/{FILE}: {fact.id}: botocore's {_named(model)} {found}"


def _otherwise(model: Model, shape: Any) -> Iterator[str]:
    for bound, wanted in (("min", model.min), ("max", model.max)):
        if wanted is not None and shape.get(bound) != wanted:
            yield f"has the {bound} {shape.get(bound)}, not {wanted}"
    if model.says not in _documentation(shape, model.member):
        yield f"does not say {model.says!r} any more"


def stated(course: Course, lab: Lab) -> set[str]:
    """The ids of the facts that a lab's notebook and its quiz state."""
    return {name for _, _, names in _texts(course, lab) for name in names}


def _texts(course: Course, lab: Lab) -> Iterator[tuple[str, str, list[str]]]:
    """Each cell and each question of a lab: where it stands, what it says, and the facts that it names."""
    for cell in read_notebook(course.notebooks / lab.file.notebook).cells:
        tags = (FACT_TAG.fullmatch(tag) for tag in cell.metadata.get("tags", []))
        yield f"{lab.file.notebook}, cell {cell.id}:", cell.source, [tag[1] for tag in tags if tag]
    for question in lab.quiz.questions if isinstance(lab.quiz, Quiz) else ():
        yield f"quiz.toml: the question {question.id!r}", _told(question), list(question.facts)


def _told(question: Question) -> str:
    """All that a learner reads of a question, its answer included."""
    return "\n".join((question.text, *question.options, question.correction, question.explanation))


def _around(text: str) -> str:
    """The words before the first year or price in a text, and itself."""
    found = DATED.search(text)
    return " ".join(text[max(0, found.start() - 40) : found.end()].split()) if found else ""


@cache
def _shapes(service: str) -> Any:
    """The shapes of botocore's model of a service; none where it has no such service."""
    try:
        return Loader().load_service_model(service, "service-2")["shapes"]
    except UnknownServiceError:
        return {}


def _documentation(shape: Any, member: str) -> str:
    return str((shape.get("members", {}).get(member, {}) if member else shape).get("documentation", ""))


def _named(model: Model) -> str:
    return ".".join(filter(None, (model.service, model.shape, model.member)))
