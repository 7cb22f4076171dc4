"""What the parameters of checks name: services of AWS, and what else a check may ask for."""

import difflib
import importlib.util
import keyword
from functools import cache
from pathlib import Path

from lab_harness.errors import LabError

PROBES = ("http", "inbox")  # behind which any service of AWS may stand
NO_SERVICES = (*PROBES, "witness", "clock")


def named_by(parameter: str, where: str) -> str:
    """What a check's parameter names: `lambda_` → "lambda", `cognito_idp` → "cognito-idp", `http`, `clock`.

    Raises LabError, which says `where`, where it names nothing.
    """
    if parameter in NO_SERVICES:
        return parameter
    bare = parameter.rstrip("_")
    service = (bare if keyword.iskeyword(bare) else parameter).replace("_", "-")
    known = _services()
    if service not in known:
        near = difflib.get_close_matches(service, sorted(known), n=1)
        guess = f"; did you mean {_parameter(near[0])}?" if near else ""
        raise LabError(f"{where}: parameter {parameter!r} names no AWS service{guess}")
    return service


def _parameter(service: str) -> str:
    return service + "_" if keyword.iskeyword(service) else service.replace("-", "_")


@cache
def _services() -> frozenset[str]:
    """boto3's services: the folders of botocore's data, read without importing botocore."""
    spec = importlib.util.find_spec("botocore")
    assert spec and spec.origin
    return frozenset(path.name for path in (Path(spec.origin).parent / "data").iterdir() if path.is_dir())
