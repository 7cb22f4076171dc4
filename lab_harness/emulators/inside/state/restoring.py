"""Loads the saved state when the emulator starts, instead of MiniStack, which would begin anew after an error.

A damaged file is renamed, its copy (see `saving`) is loaded instead, and an incident says what happened. Whatever is in
the files, the emulator starts, and nothing readable is overwritten.
"""

import copy
import hashlib
import json
import logging
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import wrapt

from lab_harness.emulators.incidents import Incidents, moment_of, set_aside
from lab_harness.emulators.inside.state.saving import LARGEST, Saver, copy_of, follow_port, state_file, state_text
from lab_harness.emulators.inside.state.seals import unsealed
from lab_harness.emulators.inside.state.stored_objects import check_objects
from lab_harness.emulators.process import read_port

REFERENCE = re.compile(rb"[0-9a-f]{64}")

log = logging.getLogger("lab_harness.restoring")


class Damaged(Exception):
    """A file's content cannot be used. The message says why, as a phrase."""


def load_state(home: Path, port: int, saver: Saver, incidents: Incidents) -> None:
    """Prepare that MiniStack, when it starts, loads the state in a course's home, for an emulator at this port."""
    from ministack import app

    folder, mark = home / "state", home / "state" / "port"
    check_objects(home / "s3", home / "damaged", incidents)
    try:
        if not follow_port(folder, port, read_port(home / "port")):
            incidents.add(
                f"{mark} was damaged: addresses that were saved, of queues for example, may name another port."
            )
    except OSError as error:
        log.error("%s cannot be written: %s", mark, error)
    app.save_all = lambda _: saver.save(
        last=True
    )  # MiniStack's own keeps no copy, and tells nobody what it could not save.
    Restorer(folder, saver, incidents).install()


class Restorer:
    """Loads each service's state from a folder. It tells the saver which files are good, and reports damaged ones."""

    def __init__(self, folder: Path, saver: Saver, incidents: Incidents) -> None:
        self._folder, self._saver, self._incidents = folder, saver, incidents
        self._lost_code: list[str] = []

    def install(self) -> None:
        """Replace MiniStack's own loading, and protect the functions' code."""
        from ministack import app

        app._load_persisted_state = self.restore
        wrapt.register_post_import_hook(self._guard_code, "ministack.services.lambda_svc")

    def restore(self) -> None:
        """Load all saved states."""
        from ministack import app

        for service, module in app._state_map.items():
            file = state_file(self._folder, service)
            if os.path.lexists(file) or os.path.lexists(copy_of(file)):
                self._restore(service, module, file)
        if self._lost_code:
            self._tell_of_lost_code()

    def _restore(self, service: str, module: str, file: Path) -> None:
        """Load a service's file or, if that fails, its copy."""
        try:
            self._load(service, module, file)
            return
        except Exception as error:
            told = self._put_away(service, file, error)
        older = copy_of(file)
        try:
            self._load(service, module, older)
            told += f" The copy of {moment_of(older)} was loaded; what was changed in {service} after that is lost."
        except Exception as error:
            if os.path.lexists(older):
                told += f" {self._put_away(service, older, error)}"
            told += f" No copy could be loaded, so {service} begins empty."
        self._incidents.add(told)
        log.error(told)

    def _load(self, service: str, module: str, file: Path) -> None:
        """Load one file. If this raises, the service is unchanged."""
        from ministack import app

        content = read(file)
        payload = payload_of(content, service)
        service_module = app._get_module(module)
        if service_module.get_state() is None:
            return  # MiniStack could not load the service itself; then it is not saved either.
        with _undone_if_it_fails(service_module):
            _compare(payload, service_module.get_state() or {})
            if payload:
                service_module.load_persisted_state(payload)
            state_text(service, service_module.get_state)  # What cannot be saved again was not right.
        if file == state_file(self._folder, service):
            self._saver.loaded(service, content)

    def _put_away(self, service: str, file: Path, error: Exception) -> str:
        """Rename a damaged file; returns a sentence that says so."""
        what = f"The saved state of {service}" if file == state_file(self._folder, service) else "Its copy"
        if not os.path.lexists(file):
            return f"{what}, {file.name}, was missing."
        why = reason(error)
        try:
            aside = set_aside(file)
        except OSError as problem:
            self._saver.left_alone.add(service)
            return f"{what} is damaged ({why}), and {file} cannot be set aside: {problem.strerror or problem}."
        return f"{what} was damaged ({why}); it was set aside as state/{aside.name}."

    def _guard_code(self, functions: Any) -> None:
        """Keep the code of functions that only a copy or a renamed file names, and note code that is missing."""

        @wrapt.patch_function_wrapper(functions, "_prune_orphan_code_blobs")
        def prune(original: Any, _instance: Any, args: Any, _kwargs: Any) -> None:
            there = {file.stem for file in Path(functions.CODE_BLOB_DIR).glob("*.zip")}
            if there - args[0]:
                original(args[0] | self._known_code())

        @wrapt.patch_function_wrapper(functions, "_read_code_blob")
        def read_blob(original: Any, _instance: Any, args: Any, _kwargs: Any) -> bytes | None:
            content: bytes | None = original(*args)
            if content is not None and hashlib.sha256(content).hexdigest() == args[0]:
                return content
            self._lost_code.append(args[0])
            with suppress(OSError):
                set_aside(Path(functions.CODE_BLOB_DIR) / f"{args[0]}.zip")
            return None

    def _tell_of_lost_code(self) -> None:
        from ministack.services import lambda_svc

        lost = sorted(key[-1] for key, each in lambda_svc._functions._data.items() if not each.get("code_zip"))
        told = f"The code of {', '.join(lost) or 'an older version'} was damaged or missing in state/lambda-blobs"
        self._incidents.add(f"{told}; what was damaged was set aside there. Deploy what you need again.")

    def _known_code(self) -> set[str]:
        files = [file for file in self._folder.glob("lambda.*") if file.is_file()]
        return {found.decode() for file in files for found in REFERENCE.findall(file.read_bytes())}


def read(file: Path) -> bytes:
    """The content of a file. Raises Damaged if it is not a file, or larger than any saved one."""
    about = file.stat()
    if not stat.S_ISREG(about.st_mode):
        raise Damaged("it is no file")
    if about.st_size > LARGEST:
        raise Damaged(f"it is larger than {LARGEST // 1024 // 1024} MiB")
    return file.read_bytes()


def payload_of(content: bytes, service: str) -> dict[str, Any]:
    """A service's state in a file's content. Raises Damaged if MiniStack could not read all of it."""
    from ministack.core import persistence

    text, good = unsealed(content)
    wrapped = json.loads(text.decode("utf-8"), object_hook=persistence._json_object_hook)
    if not good:
        raise Damaged("it is not what was saved")
    if not isinstance(wrapped, dict) or "__ministack_format__" not in wrapped:
        raise Damaged("it is no saved state")
    version, known = wrapped["__ministack_format__"], persistence._state_format_version(service)
    if not isinstance(version, int) or version > known:
        raise Damaged(f"its format is {version}, and {known} is the newest that is known here")
    payload = wrapped.get("payload")
    if not isinstance(payload, dict):
        raise Damaged("what it holds is no state of a service")
    return payload


def _compare(payload: dict[str, Any], empty: dict[str, Any]) -> None:
    """Raise Damaged unless the state has parts of an empty service's state, and each has the same kind."""
    shared = payload.keys() & empty.keys()
    if payload and empty and not shared:
        raise Damaged("nothing that the service keeps is in it")
    for name in sorted(shared):
        if empty[name] is not None and _kind(payload[name]) != _kind(empty[name]):
            raise Damaged(f"its {name} is of another kind")


def _kind(value: Any) -> str:
    from ministack.core.responses import AccountRegionScopedDict, AccountScopedDict

    if isinstance(value, (dict, AccountScopedDict, AccountRegionScopedDict)):
        return "mapping"
    return "list" if isinstance(value, (list, tuple, set, frozenset)) else "one value"


@contextmanager
def _undone_if_it_fails(module: ModuleType) -> Iterator[None]:
    """Restore a module's variables if the code within fails: a part of the state may be loaded already."""
    from ministack.core.responses import AccountRegionScopedDict, AccountScopedDict

    scoped = (AccountScopedDict, AccountRegionScopedDict)
    held = {name: value for name, value in vars(module).items() if isinstance(value, (dict, list, set, *scoped))}
    stores = {name: value._data if isinstance(value, scoped) else value for name, value in held.items()}
    before = {name: copy.copy(store) for name, store in stores.items() if not name.startswith("__")}
    try:
        yield
    except BaseException:
        for name, content in before.items():
            setattr(module, name, held[name])
            stores[name].clear()
            _fill(stores[name], content)
        raise


def _fill(store: Any, content: Any) -> None:
    store.extend(content) if isinstance(store, list) else store.update(content)


def reason(error: Exception) -> str:
    """What is wrong with a file, as a phrase."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    if isinstance(error, json.JSONDecodeError):
        return "it is no JSON" if error.doc.strip() else "it is empty"
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    if isinstance(error, OSError):
        return f"it cannot be read: {error.strerror}"
    return str(error) if isinstance(error, Damaged) else f"it cannot be loaded: {type(error).__name__}: {error}"
