"""Tests for the author API as a whole: what it exports is there, and says what it gives."""

import inspect

import pytest

from lab_harness import authors


def public_functions():
    """The functions that a lab may use, by the name it uses: `expect.queue`, `check`."""
    for name in authors.__all__:
        exported = getattr(authors, name)
        if inspect.isfunction(exported):
            yield name, exported
        elif inspect.ismodule(exported):
            names = getattr(exported, "__all__", None) or [
                each
                for each, function in vars(exported).items()
                if each[0] != "_" and inspect.isfunction(function) and function.__module__ == exported.__name__
            ]
            found = ((f"{name}.{each}", getattr(exported, each)) for each in names)
            yield from (each for each in found if inspect.isfunction(each[1]))


FUNCTIONS = dict(public_functions())


def test_names_are_exported_in_order():
    assert authors.__all__ == sorted(authors.__all__)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_helper_has_an_example_of_its_use(name):
    first, *rest = FUNCTIONS[name].__doc__.splitlines()
    assert first.strip()
    assert any(f"{name}(" in line for line in rest)


def test_names_that_are_not_exported_are_the_packages_own():
    with pytest.raises(AttributeError, match="has no attribute 'run_checks'"):
        print(authors.run_checks)
