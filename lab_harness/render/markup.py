"""HTML that every display shares: escaped text, and a frame for what may be wider than its place."""

from html import escape

from lab_harness.render import plain


def escaped(text: str) -> str:
    """A text of anybody's as HTML, in an element or in quotes; what no page can carry is shown as �."""
    return escape(plain(text))


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
