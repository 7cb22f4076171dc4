"""HTML that every display shares: escaped text, and a frame for what may be wider than its place."""

import re
from collections.abc import Iterator
from html import escape

from lab_harness.render import plain

# What is code in a sentence without being marked: what stands in backticks, an ARN, an action of a policy, snake_case
# with the brackets behind it, a method with its brackets, and camelCase, unless it is the name of a product.
CODE = re.compile(
    r"`(?P<marked>[^`\n]+)`|(?P<bare>\barn:[\w:/*.$-]*[\w/*]"
    r"|\b[a-z][a-z0-9-]*:(?:[A-Z][A-Za-z]+\*?|\*)"
    r"|\b[a-z][a-z0-9]*(?:\.\w+)*(?:_[a-z0-9…]+)+(?:\([^()\n]*\))?"
    r"|\b[a-z]\w*(?:\.\w+)+\([^()\n]*\)"
    r"|\b(?:[a-z]+[A-Z]\w*|[A-Z][a-z]+(?:[A-Z][a-z]+)+)\b)"
)
PRODUCTS = frozenset({
    "CloudFormation", "CloudFront", "CloudShell", "CloudTrail", "CloudWatch", "CodeDeploy", "EventBridge", "GitHub",
    "JavaScript", "JupyterLab", "LocalStack", "MiniStack", "SnapStart", "TypeScript", "macOS",
})  # fmt: skip


def escaped(text: str) -> str:
    """A text of anybody's as HTML, in an element or in quotes; what no page can carry is shown as �."""
    return escape(plain(text))


def coded(text: str) -> str:
    """A sentence of ours as HTML, what is code in it monospaced; a text of several lines is shown as it is."""
    if "\n" in text:
        return escaped(text)
    return "".join(_coded(text))


def _coded(text: str) -> Iterator[str]:
    end = 0
    for found in CODE.finditer(text):
        code = found["marked"] or found["bare"]
        if code in PRODUCTS:
            continue
        yield f"{escaped(text[end : found.start()])}<code>{escaped(code)}</code>"
        end = found.end()
    yield escaped(text[end:])


def scrolling(label: str, inner: str) -> str:
    """A frame in which wide HTML scrolls, by keyboard too, so that the page around it does not."""
    name = escaped(label)
    named = f'role="region" aria-label="{name}" data-scroll="{name}"'
    return f'<div style="overflow-x:auto" tabindex="0" {named}>{inner}</div>'


def bundle(text: str, html: str) -> dict[str, str]:
    """What a notebook shows: HTML, or the same as plain text.

    JupyterLab makes mathematics of what stands between two dollars, $LATEST and $LATEST, unless a class forbids it.
    """
    return {"text/plain": text, "text/html": f'<div class="mathjax_ignore">{html}</div>'}
