"""Renders templates in Velocity's language, so that none of them can harm the emulator or hold it up.

airspeed reads the language. It lets a template reach any attribute of Python's, by which it could run whatever it
liked, and bounds nothing. So how it reaches, calculates, repeats and writes is replaced: by `values`, which have a few
methods and no attributes, within a `budget`. What API Gateway bounds is bounded alike: a template has 300 KB, and a
`#foreach` goes round 1,000 times.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html (2026)
"""

import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import airspeed

from lab_harness.emulators.inside.apis.integrations import values
from lab_harness.emulators.inside.apis.integrations.budget import TemplateError, deeper, limited, spend, step

LONGEST_TEMPLATE = 300 * 1024  # characters
MOST_ROUNDS = 1000
LARGEST = 2**63


def render(template: str, names: Mapping[str, Any]) -> str:
    """What a template makes of these names; TemplateError where it is none, or does too much."""
    with limited():
        try:
            return str(_read(template).merge(dict(names)))
        except TemplateError:
            raise
        except Exception as error:  # whatever airspeed raises, and what Python does where a template is too deep
            raise TemplateError(_reason(error)) from error


def _reason(error: BaseException) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, TemplateError):
            return str(cause)
        cause = cause.__cause__
    return str(error)[:500]


@lru_cache(maxsize=256)
def _read(template: str) -> Any:
    if len(template) > LONGEST_TEMPLATE:
        raise TemplateError("the template has more than 300 KB")
    if template.rfind("#*") > template.rfind("*#"):
        raise TemplateError("a comment does not end")
    read = airspeed.Template(template)
    read.ensure_compiled()
    return read


def _begin(self: Any, filename: Any, text: str, start: int = 0) -> None:
    step()
    self.filename, self._full_text = filename, text
    self.start = self.end = start
    self.parse()


def _evaluate(self: Any, stream: Any, namespace: Any, loader: Any) -> Any:
    step()
    try:
        return self.evaluate_raw(stream, namespace, loader)
    except airspeed.TemplateExecutionError:
        raise
    except Exception as error:
        raise airspeed.TemplateExecutionError(self) from error


def _write(self: Any, written: str) -> None:
    spend(len(written))
    if not self.stop:
        super(airspeed.StoppableStream, self).write(written)


def _known(namespace: Any, name: str) -> tuple[bool, Any]:
    """Whether a name is known, and its value."""
    try:
        return True, namespace[name]
    except KeyError:
        return False, None


def _reach(self: Any, current: Any, loader: Any, top: Any) -> Any:
    """A name, a member, or what a method returns; with an index, what stands there."""
    if isinstance(current, airspeed.LocalNamespace):
        _, found = _known(current, self.name)
    elif self.parameters is not None:
        return values.call(current, self.name, self.parameters.calculate(top, loader))
    else:
        found = values.member(current, self.name)
    if isinstance(found, airspeed._FunctionDefinition):
        stream = airspeed.StoppableStream()
        found.execute_function(stream, top, (self.parameters and self.parameters.calculate(top, loader)) or [], loader)
        return stream.getvalue()
    return values.item(found, self.index.calculate(top, loader)) if self.index is not None else found


def _execute(self: Any, stream: Any, namespace: Any, arguments: Any, loader: Any) -> None:
    """Run a macro, or what #define has defined."""
    with deeper():
        _run_definition(self, stream, namespace, arguments, loader)


def _go_on(self: Any, current: Any, loader: Any, top: Any) -> Any:
    """What comes after a dot, or in brackets."""
    if not isinstance(self.expression, airspeed.ArrayIndex):
        return self.expression.calculate(current, loader, top)
    found = values.item(current, self.expression.calculate(top, loader))
    return self.subexpression.calculate(found, loader, top) if self.subexpression else found


def _write_reference(self: Any, stream: Any, namespace: Any, loader: Any) -> None:
    """A reference's value. One that is null is empty; one whose name is not known stays as it stands."""
    value = None if self.expression is None else self.expression.calculate(namespace, loader)
    if value is None and self.alternate is not None:
        value = self.alternate.calculate(namespace, loader)
    if value is None:
        named = self.expression is not None and (self.silent or _known(namespace, self.expression.part.name)[0])
        value = "" if named else self.my_text()
    stream.write(values.text(value))


def _set(self: Any, namespace: Any, loader: Any) -> None:
    value = self.value.calculate(namespace, loader)
    *way, last = self.terms
    if not way:
        namespace.set_inherited(last, value)
        return
    current: Any = namespace
    for name in way:
        current = _known(current, name)[1] if current is namespace else values.member(current, name)
    if not isinstance(current, dict):
        raise TemplateError(f"{'.'.join(way)} has no members that could be set")
    current[last] = value


def _range(self: Any, namespace: Any, loader: Any) -> list[int]:
    first, last = (each.calculate(namespace, loader) for each in (self.value1, self.value2))
    if not isinstance(first, int) or not isinstance(last, int) or abs(last - first) >= MOST_ROUNDS:
        raise TemplateError("a range has more than 1,000 numbers")
    return list(range(first, last + 1) if last >= first else range(first, last - 1, -1))


def _repeat(self: Any, stream: Any, namespace: Any, loader: Any) -> None:
    found = self.value.calculate(namespace, loader)
    each_of = list(found.values()) if isinstance(found, dict) else found if isinstance(found, list) else []
    if len(each_of) > MOST_ROUNDS:
        raise TemplateError("a #foreach goes round more than 1,000 times")
    for number, each in enumerate(list(each_of), 1):
        more = number < len(each_of)
        inner = airspeed.LocalNamespace(namespace)
        inner["velocityCount"], inner["velocityHasNext"] = number, more
        inner["foreach"] = {
            "count": number,
            "index": number - 1,
            "hasNext": more,
            "first": number == 1,
            "last": not more,
        }
        inner[self.loop_var_name] = each
        self.block.evaluate(stream, inner, loader)


def _numbers(calculate: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """What is calculated of two numbers; null where they are none, or where it is divided by nothing."""

    def of(one: Any, other: Any) -> Any:
        if any(isinstance(each, bool) or not isinstance(each, int | float) for each in (one, other)):
            return None
        try:
            result = calculate(one, other)
        except ZeroDivisionError:
            return None
        if abs(result) > LARGEST:
            raise TemplateError("a number is too large")
        return result

    return of


def _plus(one: Any, other: Any) -> Any:
    if isinstance(one, str) or isinstance(other, str):
        return values.text(one) + values.text(other)
    return _numbers(operator.add)(one, other)


def _order(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def of(one: Any, other: Any) -> bool:
        if isinstance(one, str) and isinstance(other, str):
            return compare(one, other)
        return bool(_numbers(compare)(one, other))

    return of


def _divided(one: Any, other: Any) -> Any:
    return int(one / other) if isinstance(one, int) and isinstance(other, int) else one / other


def _condition(self: Any) -> None:
    expression = self.next_element(airspeed.ParenthesizedExpression)
    self.optional_match(airspeed.WHITESPACE_TO_END_OF_LINE)
    self.calculate = lambda namespace, loader: values.truth(expression.calculate(namespace, loader))


BY_SIGN: Mapping[str, Callable[[Any, Any], Any]] = {
    ">": _order(operator.gt), "gt": _order(operator.gt), ">=": _order(operator.ge), "ge": _order(operator.ge),
    "<": _order(operator.lt), "lt": _order(operator.lt), "<=": _order(operator.le), "le": _order(operator.le),
    "==": values.equal, "eq": values.equal,
    "!=": lambda one, other: not values.equal(one, other), "ne": lambda one, other: not values.equal(one, other),
    "||": lambda one, other: values.truth(one) or values.truth(other),
    "or": lambda one, other: values.truth(one) or values.truth(other),
    "&&": lambda one, other: values.truth(one) and values.truth(other),
    "and": lambda one, other: values.truth(one) and values.truth(other),
    "+": _plus, "-": _numbers(operator.sub), "*": _numbers(operator.mul),
    "/": _numbers(_divided), "%": _numbers(operator.mod),
}  # fmt: skip
NOT: Mapping[str, Callable[[Any], bool]] = {sign: lambda value: not values.truth(value) for sign in ("!", "not")}

# A backslash in a text is one, as in Velocity: AWS's own example is replaceAll("\\'","'").
airspeed.StringLiteral.STRING = re.compile(r"'([^']*)'")
airspeed.InterpolatedStringLiteral.STRING = re.compile(r'"([^"]*)"')
airspeed.StringLiteral.ESCAPED_CHAR = airspeed.InterpolatedStringLiteral.ESCAPED_CHAR = re.compile(r"(?!)")
airspeed._Element.__init__, airspeed._Element.evaluate = _begin, _evaluate
_run_definition = airspeed._FunctionDefinition.execute_function
airspeed._FunctionDefinition.execute_function = _execute
airspeed.StoppableStream.write = _write
airspeed.NameOrCall.calculate, airspeed.SubExpression.calculate = _reach, _go_on
airspeed.FormalReference.evaluate_raw = _write_reference
airspeed.SetDirective.evaluate_raw = lambda self, _stream, namespace, loader: _set(self, namespace, loader)
airspeed.Range.calculate, airspeed.ForeachDirective.evaluate_raw = _range, _repeat
airspeed.Condition.parse = _condition
airspeed.BinaryOperator.OPERATORS, airspeed.UnaryOperatorValue.OPERATORS = BY_SIGN, NOT
