"""Makes docs/authoring.md: the guide, which is written by hand in guide.md beside this module, and the reference.

The reference says of each helper what its docstring says, and shows how a lab of the course uses it.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from lab_harness.authoring.reference.examples import Example, examples
from lab_harness.authoring.reference.helpers import Helper, Section, sections
from lab_harness.course import Course
from lab_harness.errors import CourseError

GUIDE = Path(__file__).parent / "guide.md"
MARK = "<!-- reference -->"  # in the guide: where the reference stands
BEGIN = "<!-- From here on made by `lab docs` from the docstrings of lab_harness.authors and the labs' checks. -->"
END = "<!-- End of what `lab docs` makes. The rest is written in lab_harness/authoring/reference/guide.md. -->"


def write_page(course: Course) -> Path:
    """Write docs/authoring.md anew; returns its path."""
    path = course.root / "docs" / "authoring.md"
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_text(page(course), encoding="utf-8")
    except OSError as error:
        raise CourseError(f"{path} cannot be written: {error.strerror}.") from error
    return path


def page(course: Course) -> str:
    """The text of docs/authoring.md as it ought to be now."""
    shown = examples(course)
    parts = [BEGIN, *(part for section in sections(shown.keys()) for part in _section(section, shown)), END]
    return GUIDE.read_text(encoding="utf-8").replace(MARK, "\n\n".join(parts))


def _section(section: Section, shown: dict[str, Example]) -> Iterator[str]:
    yield f"### {section.title}"
    yield from _paragraphs(section.text, with_code=True)
    for helper in section.helpers:
        example = _example(helper, shown)
        if not example and not helper.explains_itself:
            continue  # what only other helpers use
        yield f"#### `{helper.signature}`"
        yield from _paragraphs(helper.text, with_code=example is None)
        if helper.members:
            yield "\n".join(f"* `{name}`: {text}" if text else f"* `{name}`" for name, text in helper.members)
        if example:
            yield f"In [`{example.lab}`](../labs/{example.lab}/{example.file}):"
            yield f"```python\n{example.code}\n```"


def _example(helper: Helper, shown: dict[str, Example]) -> Example | None:
    """A lab's use of a helper; of an object rather a use of one of its methods."""
    of_methods = [example for name, example in shown.items() if name.startswith(f"{helper.full}.")]
    return min(of_methods, default=None) or shown.get(helper.full)


def _paragraphs(docstring: str, with_code: bool) -> Iterator[str]:
    """A docstring as Markdown; what is Python in it is code."""
    for part in filter(None, re.split(r"\n{2,}", docstring)):
        if not Helper.is_code(part):
            yield part
        elif with_code:
            yield f"```python\n{Helper.dedented(part)}\n```"
