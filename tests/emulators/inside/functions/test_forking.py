"""Tests for functions that are forked: they find what a process that is started anew would, and nothing of others."""

import inspect
import io
import os
import queue
import re
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import jmespath
import psutil
import pytest

from lab_harness.aws import Clients
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.inside.functions import forking, zygote
from lab_harness.emulators.inside.functions.forking import WarmProcess, may_be_forked, uses_sdk
from lab_harness.emulators.process import free_port, read_process
from tests.emulators.inside.functions.test_memory import used
from tests.emulators.inside.functions.test_runtime import ROLE, create, functions, zipped
from tests.roles import ready
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="functions are forked on Linux alone")

STARTED_ANEW = {"Environment": {"Variables": {"PYTHONNODEBUGRANGES": "1"}}}


@pytest.fixture(scope="module")
def lambda_(embedded):
    embedded.reset()
    ready(embedded, ROLE)
    return Clients(embedded)["lambda"]


@pytest.fixture
def function(lambda_, request):
    """Creates functions that are removed behind the test."""
    names = []

    def make(source, **settings):
        names.append(re.sub(r"\W+", "-", f"{request.node.name[:60]}-{len(names)}"))
        return create(lambda_, names[-1], source, **{"Timeout": 30} | settings)

    yield make
    for name in names:
        lambda_.delete_function(FunctionName=name)


def answer(invoke, event=None):
    told = invoke(event)
    assert told.error is None, told.payload
    return told.payload


PARENT = "import os\ndef handler(event, context): return os.getppid()"


def test_functions_are_forked_from_one_process_that_is_not_the_emulator(function, embedded):
    parents = {answer(function(PARENT)) for _ in range(2)}
    assert len(parents) == 1
    assert parents != {read_process(embedded.home / "emulator.json").pid}


SURROUNDINGS = """
import json, locale, os, resource, signal, sys, threading

loaded = [name for name in sys.modules if name.partition(".")[0] not in sys.stdlib_module_names]
here = os.environ["LAMBDA_TASK_ROOT"].removesuffix("/code")
numbers = {name: value for name in dir(sys.flags) if isinstance(value := getattr(sys.flags, name), int)}
flags = numbers | {"safe_path": None}

def opened():
    links = [f"/proc/self/fd/{number}" for number in range(256)]
    return {link: os.readlink(link).partition(":")[0] for link in links if os.path.islink(link)}

def handler(event, context):
    found = {
        "modules": sorted(loaded), "path": sys.path, "arguments": sys.argv, "opened": opened(),
        "variables": sorted(os.environ), "folder": os.getcwd(), "mask": os.umask(0), "locale": locale.setlocale(0),
        "threads": threading.active_count(), "warnings": sys.warnoptions, "flags": flags,
        "signals": [repr(signal.getsignal(each)) for each in signal.valid_signals()],
        "limits": [resource.getrlimit(each) for each in range(10)], "finders": [repr(type(e)) for e in sys.meta_path],
        "streams": [(s.encoding, s.errors, s.line_buffering) for s in (sys.stdout, sys.stderr)],
        "main": [vars(sys.modules["__main__"])["__name__"], "LOADED_AHEAD" in vars(sys.modules["__main__"])],
        "log": [sys.stdout is sys.__stdout__, sys.stderr is sys.__stderr__], "bytecode": sys.dont_write_bytecode,
    }
    return json.loads(json.dumps(found).replace(here, "/here"))
"""


def test_forked_function_finds_what_one_that_is_started_anew_does(function):
    answer(function("import boto3\n" + PARENT))  # By now the warm process has loaded the SDK.
    forked, anew = answer(function(SURROUNDINGS)), answer(function(SURROUNDINGS, **STARTED_ANEW))
    forked["modules"].remove("__mp_main__")  # what multiprocessing calls the program once it is loaded
    anew["variables"].remove("PYTHONNODEBUGRANGES")
    assert forked["main"].pop() is True  # the SDK, until it is imported; empty in this function
    assert anew["main"].pop() is False
    assert forked == anew
    assert not [name for name in forked["modules"] if name.startswith(("boto", "lab_harness", "ministack", "wrapt"))]


def test_function_that_uses_the_sdk_has_it_when_it_imports_it_and_not_before(function):
    source = """
import sys
before = [name for name in sys.modules if name.startswith("boto")]
import boto3.dynamodb.conditions, botocore.session, importlib
def handler(event, context):
    client = boto3.client("sts")
    moved = importlib.import_module("six.moves.queue").Queue
    specs = [sys.modules[name].__spec__.loader.__class__.__name__ for name in ("boto3", "botocore", "urllib3")]
    return before, client.get_caller_identity()["Account"], specs, moved.__module__, "certifi" in sys.modules
"""
    assert answer(function(source)) == [[], "000000000000", ["SourceFileLoader"] * 3, "queue", False]


@pytest.mark.parametrize("first", ["boto3", "botocore.exceptions", "dateutil.parser", "s3transfer.manager", "six"])
def test_whatever_part_of_the_sdk_is_imported_first_all_parts_are_of_one_whole(function, first):
    source = f"""
import {first}
import boto3, botocore.exceptions, sys
def handler(event, context):
    try:
        boto3.client("sqs").get_queue_url(QueueName="none")
    except botocore.exceptions.ClientError as error:
        return [type(error).__name__, boto3.session.botocore is botocore]
"""
    assert answer(function(source)) == ["QueueDoesNotExist", True]


def test_threads_that_import_the_sdk_at_once_get_the_same(function):
    source = """
import importlib, sys, threading
both = threading.Barrier(4)
def load(name):
    both.wait()
    importlib.import_module(name)
names = ["boto3", "botocore", "botocore.session", "urllib3"]
threads = [threading.Thread(target=load, args=[name]) for name in names]
[thread.start() for thread in threads], [thread.join() for thread in threads]
import boto3, botocore.session
def handler(event, context):
    return [boto3.session.botocore is botocore, boto3.client("sts").get_caller_identity()["Account"]]
"""
    assert answer(function(source)) == [True, "000000000000"]


def packed(**files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


MARKED = Path(jmespath.__file__).read_text(encoding="utf-8") + "\n__version__ = 'mine'\n"
JMESPATH = {path.name: path.read_text(encoding="utf-8") for path in Path(jmespath.__file__).parent.glob("*.py")}
JMESPATH["__init__.py"] = MARKED
WHOSE = """
import boto3, botocore.session, jmespath
def handler(event, context): return [jmespath.__version__, botocore.session.jmespath.__version__]
"""


@pytest.mark.parametrize("folder", ["python", f"python/lib/python3.{sys.version_info.minor}/site-packages"])
def test_what_a_layer_brings_of_the_sdk_is_used_and_not_what_was_loaded_ahead(function, lambda_, folder):
    files = {f"{folder}/jmespath/{name}": text for name, text in JMESPATH.items()}
    layer = lambda_.publish_layer_version(LayerName="own", Content={"ZipFile": packed(**files)})["LayerVersionArn"]
    source = WHOSE.replace("botocore.session.jmespath", "__import__('botocore.paginate').paginate.jmespath")
    assert answer(function(source, Layers=[layer])) == ["mine", "mine"]
    assert answer(function(source)) == [jmespath.__version__] * 2


def test_boto3_that_a_layer_brings_is_the_functions(function, lambda_):
    files = {"python/boto3/__init__.py": "__version__ = 'mine'"}
    layer = lambda_.publish_layer_version(LayerName="own", Content={"ZipFile": packed(**files)})["LayerVersionArn"]
    source = "import boto3\ndef handler(event, context): return boto3.__version__"
    assert answer(function(source, Layers=[layer])) == "mine"


def test_sdk_that_a_function_finds_in_a_folder_of_its_own_is_used(function):
    source = """
import pathlib, sys, tempfile
folder = tempfile.mkdtemp()
pathlib.Path(folder, "boto3.py").write_text("mine = True")
sys.path.insert(0, folder)
import botocore.session, boto3
def handler(event, context): return boto3.mine
"""
    assert answer(function(source)) is True


def test_own_module_by_the_name_of_one_of_pythons_is_used(function, lambda_):
    source = "import boto3, colorsys, queue\ndef handler(event, context): return [colorsys.mine, queue.mine]"
    call = function(source)
    code = zipped(lambda_function=source, colorsys="mine = 1", queue=inspect.getsource(queue) + "\nmine = 2")
    name = "test_own_module_by_the_name_of_one_of_pythons_is_used-0"
    lambda_.update_function_code(FunctionName=name, ZipFile=code)
    assert answer(call) == [1, 2]


@pytest.mark.parametrize(
    ("variables", "source", "expected"),
    [
        ({"PYTHONOPTIMIZE": "1"}, "import sys\ndef handler(event, context): return sys.flags.optimize", 1),
        ({"TZ": "Asia/Tokyo"}, "import time\ndef handler(event, context): return time.localtime(0).tm_hour", 9),
    ],
    ids=["PYTHONOPTIMIZE", "TZ"],
)
def test_variables_that_tell_python_and_its_clock_something_are_heard(function, variables, source, expected):
    assert answer(function(source, Environment={"Variables": variables})) == expected


def test_functions_do_not_share_their_random_numbers(function):
    source = "import random, uuid\nfirst = random.random()\ndef handler(event, context): return first"
    assert answer(function(source)) != answer(function(source))


# Looks for a word in all of its memory without ever having it whole: the first half, and then the second one behind it.
SEARCH = """
import re
def handler(event, context):
    found = []
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb") as memory:
        for line in maps:
            begin, end, rights = re.match("([0-9a-f]+)-([0-9a-f]+) (\\\\S+)", line).groups()
            if not rights.startswith("rw"):
                continue
            memory.seek(int(begin, 16))
            try:
                held = memory.read(int(end, 16) - int(begin, 16))
            except OSError:
                continue
            for name, (first, second) in event.items():
                first, second, place = first.encode(), second.encode(), -1
                while (place := held.find(first, place + 1)) >= 0:
                    if held[place + len(first):place + len(first) + len(second)] == second:
                        found.append(name)
    return sorted(set(found))
"""
TELL = """
import os
NOTE = "a note in the code of " + "the first function"
def handler(event, context): return {name: os.environ[name] for name in event}
"""


def halves(word):
    return [word[: len(word) // 2], word[len(word) // 2 :]]


def test_nothing_of_another_functions_nor_of_the_emulators_is_in_a_functions_memory(function, embedded):
    variables = {"PASSWORD": "of-the-first-function-alone-4711"}
    names = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "PASSWORD"]
    secrets = answer(function(TELL, Environment={"Variables": variables}), names)
    secrets["token"] = read_process(embedded.home / "emulator.json").token
    secrets["learner"] = embedded.learner.secret_access_key
    secrets["code"] = "a note in the code of the first function"
    search = function(SEARCH, MemorySize=1024)
    assert answer(search, {name: halves(word) for name, word in secrets.items()}) == []
    own = function(SEARCH.replace("found = []", "found, own = [], 'found-' + 'by-me'"), MemorySize=1024)
    assert answer(own, {"own": halves("found-by-me")}) == ["own"]


def test_memory_counts_the_sdk_for_those_that_use_it(function):
    plain, sdk = (function(f"{first}\ndef handler(event, context): pass")().log for first in ("", "import boto3"))
    assert used(plain) < 45 < used(sdk)


LEAVES_A_PROGRAM = """
import subprocess, time
def handler(event, context):
    program = subprocess.Popen(["sleep", "600"])
    print("program", program.pid, flush=True)
    if event:
        time.sleep(600)
    raise SystemExit if False else __import__("os")._exit(1)
"""


@pytest.mark.parametrize("late", [True, False], ids=["at its timeout", "with its process"])
def test_programs_that_a_function_starts_end_with_it(function, late):
    told = function(LEAVES_A_PROGRAM, Timeout=2)(late)
    program = int(re.search(r"program (\d+)", told.log)[1])
    wait_until(lambda: not psutil.pid_exists(program) or psutil.Process(program).status() == psutil.STATUS_ZOMBIE)


def test_function_that_ends_the_warm_process_harms_no_later_one(function):
    end = function("import os, signal\ndef handler(event, context): os.kill(os.getppid(), signal.SIGKILL)")
    end()
    assert answer(function("def handler(event, context): return 'next'")) == "next"


def test_warm_process_and_functions_end_with_an_emulator_that_is_killed(home):
    emulator = Embedded(home, free_port())
    emulator.start()
    ready(emulator, ROLE)
    answer(create(Clients(emulator)["lambda"], "short", PARENT))
    family = functions(emulator)
    assert len(family) == 2
    os.kill(read_process(home / "emulator.json").pid, signal.SIGKILL)
    wait_until(lambda: not [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE])


def worker(tmp_path, **files):
    (tmp_path / "code").mkdir()
    (tmp_path / "_worker.py").write_text("print(input(), flush=True)")
    for name, text in files.items():
        (tmp_path / "code" / f"{name}.py").write_text(text)
    how = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return [sys.executable, str(tmp_path / "_worker.py")], how | {"cwd": tmp_path / "code", "env": dict(os.environ)}


def said(process):
    with process.stdin, process.stdout, process.stderr:
        process.stdin.write("hello\n")
        process.stdin.flush()
        told = process.stdout.readline()
    process.wait()
    return told


@pytest.fixture
def warm():
    made = WarmProcess()
    yield made
    made.end()


def test_process_is_forked_where_it_can_be(tmp_path, warm):
    command, how = worker(tmp_path)
    process = warm.start(command, **how)
    assert isinstance(process, forking.ForkedProcess)
    assert (said(process), process.returncode) == ("hello\n", 0)


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_process_is_started_anew_on_other_systems(tmp_path, monkeypatch, system):
    command, how = worker(tmp_path)
    monkeypatch.setattr(forking, "sys", type("sys", (), vars(sys) | {"platform": system}))
    process = WarmProcess().start(command, **how)
    assert isinstance(process, subprocess.Popen)
    assert said(process) == "hello\n"


def test_process_is_started_anew_where_the_warm_process_ends_at_once(tmp_path, monkeypatch):
    (tmp_path / "ends.py").write_text("")
    monkeypatch.setattr(zygote, "__file__", str(tmp_path / "ends.py"))
    command, how = worker(tmp_path)
    process = WarmProcess().start(command, **how)
    assert isinstance(process, subprocess.Popen)
    assert said(process) == "hello\n"


def test_another_program_than_python_is_started_as_always(tmp_path, warm):
    _, how = worker(tmp_path)
    process = warm.start(["cat"], **how)
    assert isinstance(process, subprocess.Popen)
    assert said(process) == "hello\n"


def test_process_can_be_ended_and_tells_so(tmp_path, warm):
    command, how = worker(tmp_path)
    process = warm.start(command, **how)
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    process.terminate()
    assert process.wait() == process.poll() == -signal.SIGKILL
    for stream in (process.stdin, process.stdout, process.stderr):
        stream.close()


@pytest.mark.parametrize(
    ("variables", "files", "forked"),
    [
        ({"TABLE": "Pets", "TZ": "UTC"}, ("orders",), True),
        ({"PYTHONPATH": "/mine"}, (), False),
        ({"LD_PRELOAD": "x.so"}, (), False),
        ({"LANG": "de_DE"}, (), False),
        ({}, ("queue",), False),
        ({}, ("boto3",), True),
    ],
)
def test_what_must_be_there_when_python_starts_is_not_forked(tmp_path, variables, files, forked):
    _, how = worker(tmp_path, **dict.fromkeys(files, ""))
    assert may_be_forked(tmp_path, how["env"] | variables) is forked


def test_layers_are_looked_at_too(tmp_path):
    _, how = worker(tmp_path)
    (tmp_path / "layer" / "python").mkdir(parents=True)
    (tmp_path / "layer" / "python" / "queue.py").write_text("")
    assert not may_be_forked(tmp_path, how["env"] | {zygote.LAYERS: str(tmp_path / "layer")})


def test_variable_of_the_emulators_that_a_function_lacks_is_noticed(tmp_path, monkeypatch):
    worker(tmp_path)
    monkeypatch.setenv("PYTHONUTF8", "1")
    assert not may_be_forked(tmp_path, {})


def test_code_that_names_the_sdk_uses_it(tmp_path):
    worker(tmp_path, plain="import json")
    assert not uses_sdk([tmp_path / "code"])
    (tmp_path / "code" / "deep").mkdir()
    (tmp_path / "code" / "deep" / "client.py").write_text("from botocore.config import Config")
    assert uses_sdk([tmp_path / "code"])
