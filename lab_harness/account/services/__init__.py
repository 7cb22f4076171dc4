"""The AWS services that the labs know, a module each; `lab_harness/account/service.py` says what a module declares."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from lab_harness.account.service import Service


@cache
def known_services() -> Mapping[str, Service]:
    """Each service by boto3's name, from the modules of this package."""
    modules = (importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__))
    return {module.SERVICE.name: module.SERVICE for module in modules}


def known(name: str) -> Service:
    """What is known of a service; the least, where no module describes it."""
    return known_services().get(name) or Service(name)
