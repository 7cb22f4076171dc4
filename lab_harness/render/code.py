"""Python in colour, as JupyterLab's editor shows it, in light and dark themes."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, String

from lab_harness.render.markup import escaped

# By JupyterLab's own variables; where there is none, another colour.
COLOURS: dict[Any, str] = {
    Keyword: "var(--jp-mirror-editor-keyword-color,#00701a)",
    Operator.Word: "var(--jp-mirror-editor-keyword-color,#00701a)",
    String: "var(--jp-mirror-editor-string-color,#a31515)",
    Number: "var(--jp-mirror-editor-number-color,#0b5c3b)",
    Comment: "var(--jp-mirror-editor-comment-color,#356a6a)",
    Name.Builtin: "var(--jp-mirror-editor-builtin-color,#00701a)",
    Name.Function: "var(--jp-mirror-editor-def-color,#0000c0)",
}
# With some of the text's own black or white: the editor's colours alone have too little contrast on the panel's grey.
LEGIBLE = "color-mix(in srgb,{} 55%,var(--jp-ui-font-color0,#000))"
# The same for pages without JupyterLab's variables: the class of an element, whose colour a style sheet gives.
CLASSES = ("", "keyword", "keyword", "string", "digits", "comment", "builtin", "name")
Part = tuple[int, str]  # what colour a piece of code has, counted from 1 in COLOURS, or 0; and the piece


def highlighted(code: str) -> str:
    """Code as HTML in a `pre`, coloured."""
    colours = ("", *COLOURS.values())
    return "".join(
        _span("style", colours[kind] and f"color:{LEGIBLE.format(colours[kind])}", text) for kind, text in parts(code)
    )


def parts(code: str) -> list[Part]:
    """Code in pieces of one colour each."""
    tokens = PythonLexer(stripnl=False, ensurenl=False).get_tokens(code)
    coloured = ((_colour(kind), text) for kind, text in tokens)
    return [(colour, "".join(text for _, text in pieces)) for colour, pieces in groupby(coloured, lambda each: each[0])]


def in_classes(code: Iterable[Part]) -> str:
    """Code in pieces as HTML in a `pre`, coloured by the page's style sheet."""
    return "".join(_span("class", CLASSES[colour] if 0 <= colour < len(CLASSES) else "", text) for colour, text in code)


def _colour(kind: Any) -> int:
    return next((number for number, each in enumerate(COLOURS, 1) if kind in each), 0)


def _span(attribute: str, value: str, text: str) -> str:
    return f'<span {attribute}="{value}">{escaped(text)}</span>' if value else escaped(text)
