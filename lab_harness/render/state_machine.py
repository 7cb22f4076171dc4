"""A state machine as a picture, drawn from its definition; with an execution's path, coloured by what happened."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from lab_harness.account.execution_path import ExecutionPath, Fate, State, own_states, parts_of, rules_of
from lab_harness.render.colours import INK, PAPER, QUIET, Colour, hue, tint
from lab_harness.render.layers import Layout, lay_out
from lab_harness.render.lettering import SIZE, SMALL, text_width
from lab_harness.render.svg import Drawing, Picture, Point, Style

STYLES = {
    Fate.FAILED: Style("✗", "failed", hue("#b3261e"), tint("#b3261e"), width=3.5),
    Fate.CAUGHT: Style("↷", "caught", hue("#9a5b00"), tint("#9a5b00"), width=3),
    Fate.RUNNING: Style("…", "running", hue("#0b57d0"), tint("#0b57d0"), dash="8 3"),
    Fate.STOPPED: Style("–", "stopped", QUIET, tint("#5f6368")),
    Fate.SUCCEEDED: Style("✓", "succeeded", hue("#1a7f37"), tint("#1a7f37")),
}
PLAIN = Style("", "", QUIET, tint("#3c4043"), width=1.5)
UNTOUCHED = Style("", "", QUIET, PAPER, dash="4 4", width=1.2)
TAKEN, NOT_TAKEN = Style("", "", INK, PAPER, width=2.4), Style("", "", QUIET, PAPER, dash="4 4", width=1.2)
START, END = "\x02", "\x03"  # no state's name may hold a control character
DOT = 9.0  # pixels: the radius of a start and an end
LINE, PADDING, MARGIN = 17.0, 12.0, 16.0
LONGEST_LABEL = 44  # characters of an arrow's


def machine_picture(name: str, machine: dict[str, Any], path: ExecutionPath | None = None) -> Picture:
    """The picture of a machine's definition; where a path is given, with the fate of each state."""
    title = f"{name}: {path.status}" if path else name
    whole = _Part(machine, path)
    width = max(whole.width, text_width(title, bold=True))
    drawing = Drawing(width + 2 * MARGIN, whole.height + 2 * MARGIN + LINE)
    drawing.text((MARGIN, MARGIN + 6), title, bold=True, anchor="start")
    whole.draw(drawing, (MARGIN + (width - whole.width) / 2, MARGIN + LINE))
    return drawing.picture("\n".join([title, *_lines(machine, path, "  ")]))


def _lines(machine: dict[str, Any], path: ExecutionPath | None, indent: str) -> list[str]:
    """The same in words: a line for each state, those inside one below it."""
    lines = []
    for name, state in own_states(machine).items():
        ways = [target for target, _ in _ways(state)]
        onward = f" → {', '.join(dict.fromkeys(ways))}" if ways else ""
        fate = f": {_fate_text(path.fates.get(name)) or 'not entered'}" if path else ""
        lines.append(f"{indent}{name} ({_kind(state)}){onward}{fate}")
        for part in parts_of(state):
            lines += _lines(part, path, indent + "    ")
    return lines


def _fate_text(fates: Counter[Fate] | None) -> str:
    """The fates of a state: "✓ succeeded", or with a count, "✓ succeeded 2, ↷ caught 1"."""
    if not fates:
        return ""
    many = fates.total() > 1
    texts = [f"{STYLES[fate].symbol} {fate}" + (f" {fates[fate]}" if many else "") for fate in Fate if fates[fate]]
    return ", ".join(texts[::-1])


def _style(name: str, path: ExecutionPath | None) -> Style:
    """The look of a state: of its fates the worst."""
    if path is None:
        return PLAIN
    fates = path.fates.get(name)
    return next((STYLES[fate] for fate in Fate if fates and fates[fate]), UNTOUCHED)


def _kind(state: State) -> str:
    """A state's type, and what a Task calls."""
    kind = str(state.get("Type", "?"))
    called = _called(state) if kind == "Task" else ""
    return f"{kind}: {called}" if called else kind


def _called(state: State) -> str:
    resource = str(state.get("Resource", ""))
    parameters = state.get("Parameters") or state.get("Arguments") or {}
    function = parameters.get("FunctionName", "") if isinstance(parameters, dict) else ""
    if ":function:" in resource:
        return f"Lambda {resource.split(':function:')[1]}"
    if resource.startswith("arn:aws:states:::lambda:invoke") and function:
        waits = ", waits for a token" if resource.endswith(".waitForTaskToken") else ""
        return f"Lambda {str(function).split(':function:')[-1].removesuffix(':$LATEST')}{waits}"
    called = resource.rpartition(":::")[2].replace(":", " ").removeprefix("aws-sdk ")
    return called.replace(".waitForTaskToken", ", waits for a token")


def _ways(state: State) -> list[tuple[str, str]]:
    """The states that may follow a state, each with what must be for that."""
    ways = [(choice.get("Next"), _condition(choice)) for choice in rules_of(state, "Choices")]
    ways += [(state.get("Default"), "otherwise"), (state.get("Next"), "")]
    ways += [(catcher.get("Next"), f"catch {_errors(catcher)}") for catcher in rules_of(state, "Catch")]
    return [(target, condition) for target, condition in ways if isinstance(target, str)]


def _errors(rule: dict[str, Any]) -> str:
    """The errors that a rule of Retry or Catch is for."""
    errors = rule.get("ErrorEquals")
    return ", ".join(map(str, errors)) if isinstance(errors, list) else "?"


def _condition(rule: dict[str, Any]) -> str:
    """A choice rule, shortened: `$.status = "open"`."""
    if "Condition" in rule:
        return str(rule["Condition"])
    for word in ("And", "Or"):
        if word in rule:
            return f" {word.lower()} ".join(map(_condition, rules_of(rule, word)))
    if isinstance(rule.get("Not"), dict):
        return f"not {_condition(rule['Not'])}"
    operator = next((key for key in rule if key not in ("Variable", "Next", "Comment", "Output", "Assign")), "?")
    for ending, sign in (("GreaterThanEquals", "≥"), ("LessThanEquals", "≤"), ("GreaterThan", ">"), ("LessThan", "<"),
                         ("Equals", "=")):  # fmt: skip
        if operator.removesuffix("Path").endswith(ending):
            return f"{rule.get('Variable', '')} {sign} {json.dumps(rule[operator], ensure_ascii=False)}"
    return f"{rule.get('Variable', '')} {operator} {json.dumps(rule.get(operator))}".strip()


@dataclass
class _Box:
    """A state to be drawn: its lines of text, its look, and the machines inside it."""

    lines: Sequence[tuple[str, float, Colour, bool]]  # text, size, colour, bold
    style: Style
    parts: "list[_Part]"

    @property
    def size(self) -> Point:
        text = max(text_width(line, size, bold) for line, size, _, bold in self.lines)
        inside = sum(part.width for part in self.parts) + PADDING * max(0, len(self.parts) - 1)
        height = PADDING + LINE * len(self.lines)
        if self.parts:
            height += max(part.height for part in self.parts) + PADDING
        return max(text, inside) + 2 * PADDING, height

    def draw(self, drawing: Drawing, centre: Point) -> None:
        width, height = self.size
        left, top = centre[0] - width / 2, centre[1] - height / 2
        # Paper behind what is inside, so that its colours show.
        drawing.box((left, top), (width, height), replace(self.style, fill=PAPER) if self.parts else self.style)
        for number, (line, size, colour, bold) in enumerate(self.lines, 1):
            drawing.text((centre[0], top + LINE * number), line, size, colour, bold)
        across = centre[0] - (sum(part.width for part in self.parts) + PADDING * (len(self.parts) - 1)) / 2
        for part in self.parts:
            part.draw(drawing, (across, top + PADDING + LINE * len(self.lines)))
            across += part.width + PADDING


def _box(name: str, state: State, path: ExecutionPath | None) -> _Box:
    style = _style(name, path)
    lines = [(_kind(state), SMALL, QUIET, False), (name, SIZE, INK, True)]
    for retrier in rules_of(state, "Retry"):
        often = f"at most {retrier.get('MaxAttempts', 3)} times"
        lines.append((f"↻ retry {_shortened(_errors(retrier))}, {often}", SMALL, QUIET, False))
    if path:
        lines.append((_fate_text(path.fates.get(name)) or "not entered", SMALL, style.stroke, False))
    return _Box(lines, style, [_Part(part, path) for part in parts_of(state)])


class _Part:
    """A machine, or one inside a Map or a Parallel, laid out."""

    def __init__(self, machine: dict[str, Any], path: ExecutionPath | None) -> None:
        self._path = path
        self._states = own_states(machine)
        self._start = str(machine.get("StartAt", ""))
        self._boxes = {name: _box(name, state, path) for name, state in self._states.items()}
        self._edges = self._ways_between()
        sizes: dict[Any, Point] = {START: (2 * DOT, 2 * DOT)} | {name: box.size for name, box in self._boxes.items()}
        if any(target == END for _, target in self._edges):
            sizes[END] = (2 * DOT, 2 * DOT)
        self._edges = {edge: label for edge, label in self._edges.items() if edge[0] in sizes and edge[1] in sizes}
        # A label is laid out as a node of its own, halfway, so that none lies on another or on a box.
        labels = {edge: (text_width(label, SMALL), LINE) for edge, label in self._edges.items() if label}
        halves = [half for edge in self._edges for half in _halves(edge, edge in labels)]
        self._layout: Layout = lay_out(sizes | labels, halves)

    @property
    def width(self) -> float:
        return self._layout.width

    @property
    def height(self) -> float:
        return self._layout.height

    def _ways_between(self) -> dict[tuple[str, str], str]:
        """The arrows from state to state, each with its condition."""
        edges: dict[tuple[str, str], str] = {(START, self._start): ""}
        for name, state in self._states.items():
            ways = _ways(state)
            if state.get("End") or state.get("Type") in ("Succeed", "Fail"):
                ways = [(END, ""), *ways]
            for target, condition in ways:
                known = edges.get((name, target))
                both = condition if known is None else f"{known or 'next'}; {condition or 'next'}"
                edges[name, target] = _shortened(both)
        return edges

    def draw(self, drawing: Drawing, corner: Point) -> None:
        """Draw it with its upper left corner here."""
        for edge, label in self._edges.items():
            halves = [self._layout.routes[half] for half in _halves(edge, bool(label))]
            points = [(x + corner[0], y + corner[1]) for route in halves for x, y in route]
            drawing.arrow(points, self._edge_style(*edge), curved=True)
            if label:
                x, y = self._layout.centres[edge]
                drawing.text((x + corner[0], y + corner[1] + 4), label, SMALL, QUIET, on_line=True)
        for node, box in self._boxes.items():
            x, y = self._layout.centres[node]
            box.draw(drawing, (x + corner[0], y + corner[1]))
        for node in (START, END) if END in self._layout.centres else (START,):
            x, y = self._layout.centres[node]
            style = Style("", "", QUIET, QUIET if node == START else PAPER)
            drawing.circle((x + corner[0], y + corner[1]), DOT, style)

    def _edge_style(self, source: str, target: str) -> Style:
        if self._path is None:
            return PLAIN
        entered = self._path.fates
        if source == START:
            taken = target in entered
        elif target == END:
            ended = Fate.FAILED if self._states[source].get("Type") == "Fail" else Fate.SUCCEEDED
            taken = source in entered and entered[source][ended] > 0
        else:
            taken = (source, target) in self._path.steps
        return TAKEN if taken else NOT_TAKEN


def _halves(edge: tuple[str, str], labelled: bool) -> list[tuple[Any, Any]]:
    """The arrows that the layout knows instead of this one: to its label and on from there, where it has one."""
    return [(edge[0], edge), (edge, edge[1])] if labelled else [edge]


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"
