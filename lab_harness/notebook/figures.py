"""Figures of Matplotlib in a lab's notebook: pictures in one style. Where there are none, Matplotlib is not loaded."""

import sys
import warnings
from typing import Any

from lab_harness.render.figure import STYLE, plot

FIGURE = ("matplotlib.figure", "Figure")
BACKEND = "matplotlib_inline.backend_inline"


def show_figures(shell: Any) -> None:
    """Show figures in this shell as SVG, and no PNG beside it; those to come have the course's style."""
    shell.display_formatter.mimebundle_formatter.for_type_by_name(*FIGURE, _bundle)
    # Matplotlib's backend takes this up when a cell brings it in.
    shell.config.InlineBackend.figure_formats = set()
    shell.config.InlineBackend.rc = STYLE
    if BACKEND in sys.modules:
        _tell_backend(shell)


def _tell_backend(shell: Any) -> None:
    """Let a backend that was there before the lab was opened have the same."""
    import matplotlib
    from matplotlib_inline.config import InlineBackend

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of how the backend itself hears of a setting
        backend = InlineBackend.instance(parent=shell)
        backend.shell = shell
        backend.figure_formats = set()
    matplotlib.rcParams.update(STYLE)  # type: ignore[arg-type]


def _bundle(figure: Any) -> dict[str, str]:
    return plot(figure)._repr_mimebundle_()
