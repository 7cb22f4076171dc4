"""What a learner calls in a cell: what cannot be meant, a name or an argument, is one message, which shows what can."""

import difflib
import functools
import inspect
import reprlib
from collections.abc import Callable
from numbers import Integral, Real
from types import NoneType
from typing import Any, ParamSpec, TypeVar

from lab_harness.errors import NoSuchName, UsageError

Asked = ParamSpec("Asked")
Returned = TypeVar("Returned")
Kind = TypeVar("Kind", bound=type)

# What a parameter takes that is declared so, and that in words. What is declared otherwise is not judged.
TYPES: dict[Any, tuple[tuple[type, ...], str]] = {
    str: ((str,), "a text"),
    str | None: ((str, NoneType), "a text"),
    int: ((Integral,), "a whole number"),  # NumPy's, too
    float: ((Real,), "a number"),
    bool: ((bool,), "True or False"),
}


def checked_methods(owner: str) -> Callable[[Kind], Kind]:
    """Have each public method of a class refuse, by a UsageError, what it cannot take; cells call it `owner.method`.

    A name that the class does not have is a UsageError, too.
    """

    def check(kind: Kind) -> Kind:
        for name, method in list(vars(kind).items()):
            if inspect.isfunction(method) and not name.startswith("_"):
                setattr(kind, name, checked(f"{owner}.{name}")(method))
        kind.__getattr__ = functools.partialmethod(_refuse_name, owner)  # type: ignore[attr-defined]
        return kind

    return check


def _refuse_name(asked: object, owner: str, name: str) -> Any:
    """Say what there is in place of a name that there is not."""
    if name.startswith("_") or hasattr(type(asked), name):  # Python's own, or a property's own trouble
        return object.__getattribute__(asked, name)
    there = [each for each in dir(asked) if not each.startswith("_")]
    near = difflib.get_close_matches(name, there, n=1)
    guess = f" Did you mean {owner}.{near[0]}?" if near else ""
    raise NoSuchName(f"There is no {owner}.{name}.{guess} There are {', '.join(there)}.")


def checked(name: str) -> Callable[[Callable[Asked, Returned]], Callable[Asked, Returned]]:
    """Have a function, which cells call by this name, refuse by a UsageError what it cannot take."""

    def check(function: Callable[Asked, Returned]) -> Callable[Asked, Returned]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def call(*args: Asked.args, **named: Asked.kwargs) -> Returned:
            if wrong := _wrong(signature, args, named):
                raise UsageError(f"{name}: {wrong}. Call it as {name}{_shown(signature)}. {_first_line(function)}")
            return function(*args, **named)

        return call

    return check


def _wrong(signature: inspect.Signature, args: Any, named: Any) -> str:
    """What of the arguments cannot be meant, in words; empty where all can."""
    try:
        given = signature.bind(*args, **named).arguments
    except TypeError as error:
        return str(error)
    for name, value in given.items():
        parameter = signature.parameters[name]
        types, word = TYPES.get(parameter.annotation, ((object,), ""))
        for each in value if parameter.kind is parameter.VAR_POSITIONAL else (value,):
            if not isinstance(each, types):
                return f"{name!r} must be {word}, and is {reprlib.repr(each)}"
    return ""


def _shown(signature: inspect.Signature) -> str:
    """The parameters as a cell gives them."""
    shown = [each.replace(annotation=each.empty) for each in signature.parameters.values() if each.name != "self"]
    return str(inspect.Signature(shown))


def _first_line(function: Callable[..., Any]) -> str:
    return (inspect.getdoc(function) or "").partition("\n")[0]
