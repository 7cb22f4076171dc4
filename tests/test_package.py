"""Tests for what `pip` installs: the wheel, and the source archive that one can be built from."""

import tarfile
import zipfile
from pathlib import PurePosixPath

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def package():
    """The files of the package, by their paths in the course."""
    paths = (path.relative_to(ROOT) for path in (ROOT / "lab_harness").rglob("*") if path.is_file())
    return {path.as_posix() for path in paths if "__pycache__" not in path.parts}


def test_wheel_holds_the_whole_package(package, tmp_path):
    [built] = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(built) as wheel:
        names = set(wheel.namelist())
    assert package <= names
    assert {PurePosixPath(name).name for name in names if "/licenses/" in name} == {"LICENSE"}
    assert sum("/licenses/" in name for name in names) == 2, "the course's and Idiomorph's"


def test_source_archive_holds_the_whole_package(package, tmp_path):
    [built] = SdistBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with tarfile.open(built) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert package | {"LICENSE", "README.md", "pyproject.toml"} <= names
