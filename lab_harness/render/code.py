"""Python in colour, as JupyterLab's editor shows it, in light and dark themes."""

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
LEGIBLE = "color-mix(in srgb,{} 60%,var(--jp-ui-font-color0,#000))"


def highlighted(code: str) -> str:
    """Code as HTML in a `pre`, coloured."""
    lexer = PythonLexer(stripnl=False, ensurenl=False)
    return "".join(_coloured(kind, text) for kind, text in lexer.get_tokens(code))


def _coloured(kind: Any, text: str) -> str:
    colour = next((colour for each, colour in COLOURS.items() if kind in each), None)
    return f'<span style="color:{LEGIBLE.format(colour)}">{escaped(text)}</span>' if colour else escaped(text)
