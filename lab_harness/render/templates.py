"""Jinja's templates, as the panel and the pages use them: whatever is filled in is escaped."""

from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from lab_harness.render import plain
from lab_harness.render.code import highlighted
from lab_harness.render.markup import coded


@cache
def templates(folder: Path) -> jinja2.Environment:
    """The templates of a folder, each compiled once."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["coded"] = lambda text: Markup(coded(text))  # noqa: S704  it escapes
    environment.filters["highlighted"] = lambda code: Markup(highlighted(code))  # noqa: S704  it escapes
    return environment


def render(folder: Path, template: str, **values: Any) -> Markup:
    """A folder's template filled in; every text in `values` is escaped, unless it is Markup already.

    What no page, and no message to one, can carry is shown as �.
    """
    html = templates(folder).get_template(template).render(values)
    return Markup(plain(html))  # noqa: S704  the template escapes
