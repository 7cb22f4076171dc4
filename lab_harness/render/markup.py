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
