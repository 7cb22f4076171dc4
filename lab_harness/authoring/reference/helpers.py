"""What a lab's checks may use, read from `lab_harness.authors`: each helper's name, signature and docstring."""

import ast
import inspect
import textwrap
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

PACKAGE = "lab_harness.authors"
# What `@check` gives by a parameter's name, where that is no client of boto3's.
PARAMETERS = {
    "http": f"{PACKAGE}.http.Http",
    "witness": f"{PACKAGE}.witness.Witness",
    "clock": f"{PACKAGE}.clock.Clock",
}


@dataclass(frozen=True)
class Helper:
    """One helper: `signature` as an author writes it, `members` the fields and methods of what it is."""

    full: str
    signature: str
    text: str
    members: tuple[tuple[str, str], ...] = ()

    @property
    def explains_itself(self) -> bool:
        """Whether there is an example in its docstring, or it is what helpers answer with."""
        return bool(self.members) or any(map(self.is_code, self.text.split("\n\n")))

    @staticmethod
    def is_code(paragraph: str) -> bool:
        """Whether a paragraph of a docstring is Python: something is called in it, and it can be read."""
        try:
            tree = ast.parse(Helper.dedented(paragraph))
        except SyntaxError:
            return False
        return any(isinstance(node, ast.Call | ast.Import | ast.ImportFrom) for node in ast.walk(tree))

    @staticmethod
    def dedented(paragraph: str) -> str:
        """A paragraph without the blanks that all its lines begin with."""
        return textwrap.dedent(paragraph).strip("\n")


@dataclass(frozen=True)
class Section:
    """The helpers of one module."""

    title: str
    text: str
    helpers: tuple[Helper, ...]


def sections(used: Collection[str]) -> list[Section]:
    """The package's own names, then its modules by name; of modules that it does not export what labs use."""
    package = import_module(PACKAGE)
    exported = {name: getattr(package, name) for name in package.__all__}
    own = [name for name, what in exported.items() if inspect.isroutine(what) or inspect.isclass(what)]
    found = [_section(package, own, "`lab_harness.authors` itself")]
    named = {*used, *PARAMETERS.values()}
    for name in sorted(each.name for each in iter_modules(package.__path__)):
        module = import_module(f"{PACKAGE}.{name}")
        is_exported = isinstance(exported.get(name), ModuleType)
        wanted = [each for each in _public(module) if is_exported or f"{module.__name__}.{each}" in named]
        if wanted:
            found.append(_section(module, wanted, f"`{name}`"))
    return found


def _public(module: ModuleType) -> list[str]:
    """The functions and classes that a module exports, or else that it defines, in the order written."""
    if hasattr(module, "__all__"):
        return [str(name) for name in module.__all__]
    own = [name for name, what in vars(module).items() if getattr(what, "__module__", "") == module.__name__]
    kinds = [name for name in own if inspect.isroutine(vars(module)[name]) or inspect.isclass(vars(module)[name])]
    return [name for name in kinds if not name.startswith("_")]


def _section(module: ModuleType, names: Collection[str], title: str) -> Section:
    text = "" if module.__name__ == PACKAGE else inspect.getdoc(module) or ""
    prefix = "" if module.__name__ == PACKAGE else module.__name__.removeprefix(f"{PACKAGE}.") + "."
    helpers = tuple(_helper(f"{module.__name__}.{name}", f"{prefix}{name}", getattr(module, name)) for name in names)
    return Section(title, text, helpers)


def _helper(full: str, name: str, what: Any) -> Helper:
    tree = _tree(what)
    text = inspect.getdoc(what) or ""
    if isinstance(tree, ast.FunctionDef):
        return Helper(full, name + _arguments(tree), text)
    parameter = next((each for each, of in PARAMETERS.items() if of == full), None)
    methods = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    signature = name + _arguments(methods["__init__"]) if issubclass(what, Exception) else name
    members = [] if issubclass(what, Exception) else [*_fields(tree), *_methods(methods)]
    return Helper(full, f"{parameter}: {signature}" if parameter else signature, text, tuple(members))


def _tree(what: Any) -> ast.FunctionDef | ast.ClassDef:
    tree = ast.parse(textwrap.dedent(inspect.getsource(what))).body[0]
    assert isinstance(tree, ast.FunctionDef | ast.ClassDef)
    return tree


def _fields(tree: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and not ast.unparse(node.target).startswith("_"):
            yield f"{ast.unparse(node.target)}: {ast.unparse(node.annotation)}", ""


def _methods(methods: dict[str, ast.FunctionDef]) -> Iterator[tuple[str, str]]:
    for name, node in methods.items():
        text = (ast.get_docstring(node) or "").split("\n\n")[0].replace("\n", " ")
        is_property = any(ast.unparse(each).endswith("property") for each in node.decorator_list)
        if not name.startswith("_") and text:
            yield f".{name}" + ("" if is_property else _arguments(node)), text


def _arguments(node: ast.FunctionDef) -> str:
    """A function's parameters and what it returns, as they are written; a type that says nothing is left out."""
    text = ast.unparse(node.args).replace(": Any", "")
    text = text.removeprefix("self").removeprefix(", ")
    returned = ast.unparse(node.returns) if node.returns else "None"
    return f"({text})" + ("" if returned in ("None", "Any") else f" -> {returned}")
