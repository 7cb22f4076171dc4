"""The boxes and arrows of an architecture, and a frame around what is in the account."""

from collections.abc import Callable, Sequence

from lab_harness.emulators.base import REGION
from lab_harness.lab.file import Arrow, Diagram, Node
from lab_harness.render.colours import NONE, PAPER, QUIET, Colour
from lab_harness.render.lettering import SMALL, text_width, wrapped
from lab_harness.render.svg import Drawing, Point, Style
from lab_harness.render.symbols import OUTSIDE, PATHS, symbol_of

LEAST_WIDTH, MOST_WIDTH = 118, 150  # pixels: a box
PADDING, SYMBOL, LINE = 9, 28, 15  # in a box; a symbol with what keeps it from its text; from line to line
LEAST_GAP, MOST_GAP, GAP_DOWN = 56, 92, 54  # between boxes, for arrows and what is written on them
BESIDE, ROOM = 8, 104  # between an arrow that goes down and its label, and how wide that may be
FRAME = Style("", "", QUIET, NONE, dash="2 4", width=1.3)
BEHIND = Style("", "", NONE, PAPER)  # a label that lies upon its arrow
AROUND, MARGIN = 13, 7  # between the frame and what is in it, and around the frame
CAPTION = ("your AWS account", f"region {REGION}")  # in one line if that fits

Look = Callable[[Sequence[str]], Style]


def drawn(diagram: Diagram, look: Look) -> Drawing:
    """A diagram drawn; `look` is how what these checks look at is shown."""
    grid = _Grid(diagram, look)
    drawing = Drawing(*grid.size)
    grid.draw_frame(drawing)
    grid.draw_boxes(drawing)
    grid.draw_arrows(drawing)
    return drawing


class _Box:
    """What is written in a box: what it is, beside its symbol, its name, and its state."""

    def __init__(self, node: Node, style: Style, width: float) -> None:
        room = width - 2 * PADDING
        self.node, self.style = node, style
        self.symbol = symbol_of(node.kind, node.label)
        self._kind = wrapped(node.kind, room - SYMBOL, SMALL)
        self._label = wrapped(node.label, room, bold=True)
        self._state = wrapped(f"{style.symbol} {style.word}", room, SMALL) if style.word else []
        self._head = max(SYMBOL - 2, len(self._kind) * LINE + 2)

    @property
    def height(self) -> float:
        """How high a box for it must be."""
        return self._head + (len(self._label) + len(self._state)) * LINE + 2 * PADDING

    def write(self, drawing: Drawing, corner: Point) -> None:
        """Write it into the box with this upper left corner."""
        x, y = corner[0] + PADDING, corner[1] + PADDING
        drawing.symbol((x, y), PATHS[self.symbol], self.style.stroke)
        middle = y + (SYMBOL - 6) / 2 if len(self._kind) == 1 else y + self._head / 2 - 2
        _write(drawing, (x + SYMBOL, middle), self._kind, QUIET, "start", on_line=False)
        down = y + self._head - 3
        for line in self._label:
            down += LINE
            drawing.text((x, down), line, bold=True, anchor="start")
        for line in self._state:
            down += LINE
            drawing.text((x, down + 1), line, SMALL, self.style.stroke, anchor="start")


class _Grid:
    """Where the boxes are: in columns of one width, and in rows that are as high as what is in them."""

    def __init__(self, diagram: Diagram, look: Look) -> None:
        self._look, self._arrows = look, diagram.arrows
        self._width = min(max([LEAST_WIDTH, *map(_width, diagram.nodes)]), MOST_WIDTH)
        self._boxes = {node.id: _Box(node, look(node.checks), self._width) for node in diagram.nodes}
        self._heights = dict.fromkeys(range(1 + max(node.at[1] for node in diagram.nodes)), 0.0)
        for box in self._boxes.values():
            self._heights[box.node.at[1]] = max(self._heights[box.node.at[1]], box.height)
        labels = [text_width(self._label(arrow), SMALL) + 18 for arrow in diagram.arrows]
        self._gap = min(max([LEAST_GAP, *labels]), MOST_GAP)
        self._inside = [box.node.at for box in self._boxes.values() if box.symbol not in OUTSIDE]
        columns = {column for column, _ in self._inside} or {0}
        across = (max(columns) - min(columns)) * (self._width + self._gap) + self._width
        self._caption = _caption(across + 2 * (AROUND - 6)) if self._inside else []

    @property
    def size(self) -> Point:
        """How large the paper is."""
        corners = [self._corners(box.node.at)[1] for box in self._boxes.values()]
        right, bottom = (max(corner[axis] for corner in corners) for axis in (0, 1))
        for arrow in self._arrows:  # the label beside one that goes down may reach further than the boxes
            (x1, _), (x2, _) = self._centre(arrow.source), self._centre(arrow.target)
            if x1 == x2:
                right = max(right, x1 + BESIDE + max(text_width(line, SMALL) for line in self._written(arrow, ROOM)))
        return right + AROUND + MARGIN, bottom + AROUND + MARGIN

    def _label(self, arrow: Arrow) -> str:
        return f"{self._look(arrow.checks).symbol} {arrow.label}".strip()

    def _written(self, arrow: Arrow, room: float) -> list[str]:
        return wrapped(self._label(arrow), room, SMALL)

    def _corners(self, at: tuple[int, int]) -> tuple[Point, Point]:
        """The upper left and the lower right corner of the box in this column and row."""
        column, row = at
        left = MARGIN + AROUND + column * (self._width + self._gap)
        above = sum(self._heights[each] + GAP_DOWN for each in range(row))
        top = MARGIN + AROUND + LINE * len(self._caption) + above
        return (left, top), (left + self._width, top + self._heights[row])

    def _centre(self, name: str) -> Point:
        (left, top), (right, bottom) = self._corners(self._boxes[name].node.at)
        return (left + right) / 2, (top + bottom) / 2

    def draw_frame(self, drawing: Drawing) -> None:
        """Draw a frame around what is in the account, unless something else stands among it."""
        columns, rows = ([place[axis] for place in self._inside] for axis in (0, 1))
        if not self._inside or any(
            min(columns) <= column <= max(columns) and min(rows) <= row <= max(rows)
            for column, row in (box.node.at for box in self._boxes.values() if box.symbol in OUTSIDE)
        ):
            return
        (left, top), _ = self._corners((min(columns), min(rows)))
        _, (right, bottom) = self._corners((max(columns), max(rows)))
        head = AROUND + LINE * len(self._caption)
        corner = left - AROUND, top - head
        drawing.box(corner, (right - left + 2 * AROUND, bottom - top + AROUND + head), FRAME, radius=10)
        _write(drawing, (corner[0] + 8, top - head / 2 - 3), self._caption, QUIET, "start")

    def draw_boxes(self, drawing: Drawing) -> None:
        """Draw each box, with what is written in it."""
        for box in self._boxes.values():
            (left, top), (right, bottom) = self._corners(box.node.at)
            drawing.box((left, top), (right - left, bottom - top), box.style)
            box.write(drawing, (left, top))

    def draw_arrows(self, drawing: Drawing) -> None:
        """Draw each arrow between the edges of two boxes, and what goes along it."""
        for arrow in self._arrows:
            style = self._look(arrow.checks)
            first, last = self._edge(arrow.source, arrow.target), self._edge(arrow.target, arrow.source)
            drawing.arrow((first, last), style)
            x, y = (first[0] + last[0]) / 2, (first[1] + last[1]) / 2
            lines = self._written(arrow, ROOM if first[0] == last[0] else abs(last[0] - first[0]) - 8)
            if first[0] == last[0]:
                _write(drawing, (x + BESIDE, y), lines, style.stroke, "start")
            elif first[1] == last[1]:
                _write(drawing, (x, y - LINE * len(lines) / 2 - 4), lines, style.stroke, "middle")
            else:
                wide = max(text_width(line, SMALL) for line in lines) * 0.95
                high = LINE * len(lines)
                drawing.box((x - wide / 2, y - high / 2), (wide, high), BEHIND)
                _write(drawing, (x, y), lines, style.stroke, "middle")

    def _edge(self, name: str, other: str) -> Point:
        """Where the line from a box's middle to that of another leaves the box."""
        (left, top), (right, bottom) = self._corners(self._boxes[name].node.at)
        (x, y), (to_x, to_y) = self._centre(name), self._centre(other)
        dx, dy = to_x - x, to_y - y
        sides = ((right - left) / 2, dx), ((bottom - top) / 2, dy)
        # The part of the way between the middles at which the line meets the nearer of the box's sides.
        part = min((half / abs(way) for half, way in sides if way), default=0.0)
        return x + dx * part, y + dy * part


def _caption(room: float) -> Sequence[str]:
    line = ", ".join(CAPTION)
    return [line] if text_width(line, SMALL) < room else CAPTION


def _width(node: Node) -> float:
    """How wide a box would be in which nothing is broken into lines."""
    return max(text_width(node.label, bold=True), text_width(node.kind, SMALL) + SYMBOL) + 2 * PADDING


def _write(
    drawing: Drawing, at: Point, lines: Sequence[str], colour: Colour, anchor: str, on_line: bool = True
) -> None:
    """Lines of small text, one below the other, around a height."""
    for number, line in enumerate(lines):
        down = at[1] + 4 + (number - (len(lines) - 1) / 2) * LINE
        drawing.text((at[0], down), line, SMALL, colour, anchor=anchor, on_line=on_line)
