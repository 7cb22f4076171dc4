"""Contract tests for the runtime: Python functions on the embedded emulator behave as on AWS's own runtime."""

import base64
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import zipfile
from types import SimpleNamespace

import psutil
import pytest

from lab_harness.aws import Clients
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.inside.functions import worker as function_worker
from lab_harness.emulators.process import free_port, read_process
from tests.log_lines import log_lines
from tests.roles import ready
from tests.waiting import PATIENCE, in_thread, wait_until

ROLE = "arn:aws:iam::000000000000:role/functions"
REPORT = re.compile(
    r"REPORT RequestId: (?P<id>\S+)\tDuration: (?P<duration>[\d.]+) ms\tBilled Duration: (?P<billed>\d+) ms\t"
    r"Memory Size: (?P<size>\d+) MB\tMax Memory Used: (?P<memory>\d+) MB(\tInit Duration: (?P<init>[\d.]+) ms)?"
)


def zipped(**files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, source in files.items():
            archive.writestr(f"{name}.py", source)
    return buffer.getvalue()


def create(lambda_, name, source, **settings):
    """Create a function from its source; returns what invokes it."""
    settings = {"Handler": "lambda_function.handler", "Runtime": "python3.12", "Role": ROLE, **settings}
    lambda_.create_function(FunctionName=name, Code={"ZipFile": zipped(lambda_function=source)}, **settings)

    def invoke(event=None):
        answer = lambda_.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
        log = base64.b64decode(answer["LogResult"]).decode()
        return SimpleNamespace(payload=json.load(answer["Payload"]), error=answer.get("FunctionError"), log=log)

    return invoke


@pytest.fixture(scope="module")
def aws(embedded):
    ready(embedded, ROLE)
    return Clients(embedded)


@pytest.fixture
def function(aws, request):
    """Creates a function that is named after the test and removed behind it."""
    name = re.sub(r"\W+", "-", request.node.name)[:60]
    yield lambda source, **settings: create(aws["lambda"], name, source, **settings)
    aws["lambda"].delete_function(FunctionName=name)


def cloudwatch_lines(aws, group):
    """All lines of a log group, in the order of the invocations."""
    return log_lines(aws["logs"], group)


FAILING = """
from helper import fail
invocations = 0

def handler(event, context):
    global invocations
    invocations += 1
    if event == "count":
        return invocations
    fail(event)
"""
HELPER = """
class OrderRejected(Exception):
    pass

def fail(event):
    raise OrderRejected(f"no {event}")
"""


@pytest.fixture(scope="module")
def failing(aws):
    """A function that raises an exception of its own, called three times: with two orders, then to count."""
    lambda_ = aws["lambda"]
    invoke = create(lambda_, "failing", FAILING)
    lambda_.update_function_code(FunctionName="failing", ZipFile=zipped(lambda_function=FAILING, helper=HELPER))
    return [invoke("tea"), invoke("milk"), invoke("count")]


def test_exception_keeps_its_class_name_and_message(failing):
    assert failing[0].error == "Unhandled"
    assert failing[0].payload["errorType"] == "OrderRejected"
    assert failing[0].payload["errorMessage"] == "no tea"


def test_exception_has_a_stack_trace_of_the_users_files_alone(failing):
    trace = failing[0].payload["stackTrace"]
    assert [line.splitlines()[0] for line in trace] == [
        '  File "/var/task/lambda_function.py", line 10, in handler',
        '  File "/var/task/helper.py", line 6, in fail',
    ]
    assert "raise OrderRejected" in trace[1]


def test_environment_stays_warm_after_an_exception(failing):
    assert failing[2].payload == 3
    assert "Init Duration" not in failing[1].log


def test_traceback_stands_in_the_log(failing):
    lines = failing[0].log.splitlines()
    assert "[ERROR] OrderRejected: no tea" in lines
    assert "Traceback (most recent call last):" in lines
    assert '  File "/var/task/helper.py", line 6, in fail' in lines


def test_traceback_reaches_cloudwatch_logs(failing, aws):
    lines = cloudwatch_lines(aws, "/aws/lambda/failing")
    assert "[ERROR] OrderRejected: no tea" in lines
    assert "[ERROR] OrderRejected: no milk" in lines


def test_exception_while_loading_keeps_its_class_name(function):
    answer = function("{}['missing']\ndef handler(event, context): pass")()
    assert answer.payload["errorType"] == "KeyError"
    assert answer.payload["stackTrace"][0].startswith('  File "/var/task/lambda_function.py", line 1, in <module>')


def test_trace_shows_var_task_even_after_the_function_changed_its_import_path(function):
    answer = function(
        "import sys\nsys.path.insert(0, 'vendor')\ndef handler(event, context): raise ValueError('vendor')"
    )()
    assert answer.payload["errorMessage"] == "vendor"
    assert answer.payload["stackTrace"][0].startswith('  File "/var/task/lambda_function.py", line 3')


LOGGING = """
import logging, os, subprocess, sys
logging.getLogger().warning("while loading")
logger = logging.getLogger()
logger.setLevel(logging.INFO)

def handler(event, context):
    print("from print", flush=True)
    logger.info("from info")
    logger.debug("from debug")
    logging.getLogger("mine").info("from another logger")
    subprocess.run(["echo", "from a child process"])
    os.write(2, b"from stderr\\n")
    try:
        1 / 0
    except ZeroDivisionError:
        logger.exception("from exception")
    print("✓ without a line's end", end="")
"""


@pytest.fixture(scope="module")
def logging_function(aws):
    """A function that writes its log in every way, invoked twice."""
    invoke = create(aws["lambda"], "logging", LOGGING, MemorySize=256)
    return [invoke(), invoke()]


@pytest.mark.parametrize(
    "text",
    [
        "from print",
        "from a child process",
        "from stderr",
        "ZeroDivisionError: division by zero",
        "✓ without a line's end",
    ],
)
def test_whatever_a_function_writes_reaches_its_log(logging_function, aws, text):
    assert text in logging_function[0].log.splitlines()
    assert cloudwatch_lines(aws, "/aws/lambda/logging").count(text) == 2


@pytest.mark.parametrize("text", ["from info", "from another logger", "from exception"])
def test_logger_writes_lines_in_awss_format(logging_function, text):
    line = next(line for line in logging_function[0].log.splitlines() if text in line)
    level, moment, request_id, message = line.split("\t")
    assert level == ("[ERROR]" if text == "from exception" else "[INFO]")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", moment)
    assert f"START RequestId: {request_id} " in logging_function[0].log
    assert message == text


def test_logger_info_reaches_cloudwatch_logs(logging_function, aws):
    assert len([line for line in cloudwatch_lines(aws, "/aws/lambda/logging") if line.endswith("\tfrom info")]) == 2


def test_logger_keeps_to_its_level(logging_function):
    assert "from debug" not in logging_function[0].log


def test_what_is_logged_while_loading_stands_in_the_first_log_only(logging_function):
    assert "while loading" in logging_function[0].log
    assert "while loading" not in logging_function[1].log


def test_log_result_has_the_platforms_lines(logging_function):
    first, *_, end, report = logging_function[1].log.splitlines()
    request_id = REPORT.fullmatch(report)["id"]
    assert first == f"START RequestId: {request_id} Version: $LATEST"
    assert end == f"END RequestId: {request_id}"


def test_cloudwatch_logs_have_the_platforms_lines_once(logging_function, aws):
    lines = cloudwatch_lines(aws, "/aws/lambda/logging")
    for word in ("START", "END", "REPORT"):
        assert len([line for line in lines if line.startswith(f"{word} RequestId: ")]) == 2


def reports(answers):
    return [REPORT.fullmatch(answer.log.splitlines()[-1]) for answer in answers]


def test_init_duration_is_reported_on_the_cold_start_only(logging_function):
    cold, warm = reports(logging_function)
    assert float(cold["init"]) > 0
    assert warm["init"] is None


def test_report_tells_the_memory(logging_function):
    for report in reports(logging_function):
        assert report["size"] == "256"
        assert 5 < int(report["memory"]) < 150


def test_memory_used_is_what_the_function_used(function, embedded):
    invoke = function("def handler(event, context): return len(bytearray(event * 1024 * 1024))", MemorySize=512)
    small, large = reports([invoke(1), invoke(200)])
    assert int(small["memory"]) < 100
    assert int(large["memory"]) > int(small["memory"]) + 150


def test_duration_and_init_are_measured_where_they_happen(function):
    invoke = function("import time\ntime.sleep(0.2)\ndef handler(event, context): time.sleep(0.1)")
    cold, warm = reports([invoke(), invoke()])
    assert float(cold["init"]) >= 200
    assert float(cold["duration"]) >= 100
    assert 0 <= int(cold["billed"]) - float(cold["init"]) - float(cold["duration"]) < 1.1
    assert 0 <= int(warm["billed"]) - float(warm["duration"]) < 1.1


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("x = 1", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'lambda_function'"),
        (
            "import nowhere",
            "Runtime.ImportModuleError",
            "Unable to import module 'lambda_function': No module named 'nowhere'",
        ),
        (
            "def handler(event, context)\n    pass",
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'lambda_function': expected ':' (lambda_function.py, line 1)",
        ),
        (
            "def handler(event, context): return {'when': {1, 2}}",
            "Runtime.MarshalError",
            "Unable to marshal response: Object of type set is not JSON serializable",
        ),
        (
            "def handler(event, context): return chr(0xD83D)",
            "Runtime.MarshalError",
            "Unable to marshal response: 'utf-8' codec can't encode character '\\ud83d' in position 1: "
            "surrogates not allowed",
        ),
        (
            "import sys\ndef handler(event, context): sys.exit(3)",
            "Runtime.ExitError",
            "Runtime exited with error: exit status 3",
        ),
        ("import sys\nsys.exit('why')", "Runtime.ExitError", "Runtime exited with error: exit status 1"),
    ],
)
def test_errors_of_the_runtime_have_awss_names_and_words(function, source, kind, message):
    invoke = function(source)
    for answer in (invoke(), invoke()):
        assert (answer.payload["errorType"], answer.payload["errorMessage"]) == (kind, message)
        assert f"[ERROR] {kind}: {message}" in answer.log


@pytest.mark.parametrize("where", ["while loading", "in the handler"])
def test_process_that_ends_is_an_exit_error_with_what_it_had_logged(function, where):
    leave = "import os\ndef handler(event, context):\n    print('last words', flush=True)\n    os._exit(1)\n"
    invoke = function(leave + ("handler(0, 0)" if where == "while loading" else ""))
    started = time.monotonic()
    answer = invoke()
    assert time.monotonic() - started < 3
    request_id = answer.log.split()[2]
    assert answer.payload == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {request_id} Error: Runtime exited without providing a reason",
    }
    assert where == "while loading" or "last words" in answer.log.splitlines()


def test_timeout_is_reported_with_the_log_up_to_it(function, aws):
    answer = function("def handler(event, context):\n    print('before')\n    while True: pass", Timeout=1)()
    assert "Task timed out after 1.00 seconds" in answer.payload["errorMessage"]
    assert answer.payload["errorType"] == "Sandbox.Timedout"
    start, *between, end, report = answer.log.splitlines()
    assert between == ["before", "Task timed out after 1.00 seconds"]
    assert start.startswith("START RequestId: ")
    assert end.startswith("END RequestId: ")
    assert "\tDuration: 1000.00 ms\t" in report
    assert report.endswith("Status: timeout")


def test_function_answers_again_after_a_timeout(function):
    invoke = function("import time\ndef handler(event, context): time.sleep(event); return 'done'", Timeout=1)
    assert "timed out" in invoke(10).payload["errorMessage"]
    assert invoke(0).payload == "done"


def test_decimals_are_sent_as_numbers_as_dynamodb_items_need(function):
    answer = function(
        "from decimal import Decimal\n"
        "def handler(event, context): return {'price': Decimal('1.5'), 'count': Decimal(3), 'big': Decimal('1e400')}"
    )()
    assert answer.payload == {"price": 1.5, "count": 3, "big": 10**400}


def test_bytes_that_are_no_text_do_not_end_the_log(function):
    invoke = function("import os\ndef handler(event, context):\n    os.write(1, b'\\xff\\n')\n    print('after')")
    assert "after" in invoke().log.splitlines()
    assert "after" in invoke().log.splitlines()


def test_function_that_replaces_its_stdout_is_answered_at_once(function):
    invoke = function("import io, sys\ndef handler(event, context):\n    sys.stdout = io.StringIO()\n    print('kept')")
    started = time.monotonic()
    assert invoke().error is None
    assert time.monotonic() - started < 3


def test_long_log_stays_with_its_own_invocation(function, aws, request):
    invoke = function("def handler(event, context):\n    for n in range(50000): print(event, n)")
    ends = [invoke(name).log.splitlines()[-3] for name in ("first", "second")]
    assert ends == ["first 49999", "second 49999"]


def test_context_tells_what_aws_tells(function):
    answer = function(
        "def handler(event, context):\n"
        "    return [context.function_name, context.memory_limit_in_mb, context.log_group_name,\n"
        "            context.invoked_function_arn, context.aws_request_id, context.get_remaining_time_in_millis()]",
        MemorySize=512,
        Timeout=7,
    )()
    name, memory, group, arn, request_id, remaining = answer.payload
    assert (memory, group) == ("512", f"/aws/lambda/{name}")
    assert arn.endswith(f":function:{name}")
    assert request_id in answer.log
    assert 6000 < remaining <= 7000


def test_layer_is_importable_from_both_of_its_folders(aws, function):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("python/plain_layer.py", "NAME = 'plain'")
        archive.writestr("python/lib/python3.12/site-packages/installed_layer.py", "NAME = 'installed'")
    layer = aws["lambda"].publish_layer_version(LayerName="deps", Content={"ZipFile": buffer.getvalue()})
    source = (
        "import plain_layer, installed_layer\n"
        "def handler(event, context): return plain_layer.NAME, installed_layer.NAME"
    )
    answer = function(source, Layers=[layer["LayerVersionArn"]])()
    assert answer.payload == ["plain", "installed"]


def test_module_that_never_finishes_loading_is_answered_for_after_the_deadline(monkeypatch):
    monkeypatch.setattr(function_worker, "INIT_DEADLINE", 0.01)
    ready, loaded = threading.Event(), threading.Event()

    def load(setup):
        assert ready.wait(10)
        loaded.set()
        return "handler", None

    monkeypatch.setattr(function_worker, "load_handler", load)
    handler, error, milliseconds = function_worker.cold_start({}, ready.set)
    assert loaded.is_set()
    assert (handler, error) == ("handler", None)
    assert milliseconds >= 10


def test_state_machine_catches_an_exception_by_its_class_name(aws, failing):
    arn = aws["lambda"].get_function(FunctionName="failing")["Configuration"]["FunctionArn"]
    definition = {
        "StartAt": "Order",
        "States": {
            "Order": {
                "Type": "Task",
                "Resource": arn,
                "Parameters": "tea",
                "Catch": [
                    {"ErrorEquals": ["ValueError"], "Next": "Wrong"},
                    {"ErrorEquals": ["OrderRejected"], "Next": "Rejected"},
                ],
                "End": True,
            },
            "Wrong": {"Type": "Fail"},
            "Rejected": {"Type": "Succeed"},
        },
    }
    states = aws["stepfunctions"]
    machine = states.create_state_machine(name="catching", definition=json.dumps(definition), roleArn=ROLE)
    execution = states.start_execution(stateMachineArn=machine["stateMachineArn"], input='"tea"')["executionArn"]

    def ended():
        found = states.describe_execution(executionArn=execution)
        return found["status"] != "RUNNING" and found

    found = wait_until(ended)
    assert found["status"] == "SUCCEEDED"
    assert json.loads(found["output"])["Error"] == "OrderRejected"


SURROUNDINGS = """
import os, pathlib

def handler(event, context):
    parent = pathlib.Path(f"/proc/{os.getppid()}")
    files = [parent / "environ", parent / "cmdline"] if parent.exists() else []
    return {"mine": dict(os.environ), "parents": [file.read_bytes().decode() for file in files]}
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """An emulator that is started by a user with secrets in the environment, and killed at the end."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "DATABASE_PASSWORD", "GITHUB_TOKEN"):
            patch.setenv(name, "a-secret-of-the-users")
        emulator = Embedded(tmp_path_factory.mktemp("own"), free_port())
        emulator.start()
        ready(emulator, ROLE)
    yield emulator
    emulator.stop()


def test_function_sees_no_variable_of_the_users_and_no_admin_token(own):
    surroundings = create(Clients(own)["lambda"], "surroundings", SURROUNDINGS)().payload
    token = read_process(own.home / "emulator.json").token
    assert "PATH" in surroundings["mine"]
    for text in (json.dumps(surroundings["mine"]), *surroundings["parents"]):
        assert "a-secret-of-the-users" not in text
        assert token not in text


def test_function_has_credentials_of_its_own_that_do_not_tell_its_name(own):
    source = (
        "import os\ndef handler(event, context): return {n: os.environ[n] for n in os.environ if n.startswith('AWS_')}"
    )
    variables = create(Clients(own)["lambda"], "credentials", source)().payload
    assert "credentials" not in variables["AWS_SESSION_TOKEN"]
    assert variables["AWS_SECRET_ACCESS_KEY"] not in ("test", own.learner.secret_access_key)
    assert variables["AWS_ENDPOINT_URL"] == own.endpoint


def test_function_ends_with_a_killed_emulator_even_in_an_endless_loop(own):
    lambda_ = Clients(own)["lambda"]
    create(lambda_, "endless", "def handler(event, context):\n    while True: pass", Timeout=900)
    lambda_.invoke(FunctionName="endless", InvocationType="Event")
    emulator = psutil.Process(read_process(own.home / "emulator.json").pid)
    function = wait_until(lambda: next((one for one in functions(own) if "endless" in one.cwd()), None))
    wait_until(lambda: function.cpu_times().user > 0.3)
    os.kill(emulator.pid, signal.SIGKILL)
    wait_until(lambda: not function.is_running() or function.status() == psutil.STATUS_ZOMBIE)


def test_what_runs_when_its_code_is_changed_goes_on_to_its_end_and_its_process_ends_then(aws, embedded):
    lambda_ = aws["lambda"]
    old = "import os, time\ndef handler(event, context):\n    print('begun')\n    time.sleep(1)\n    return os.getpid()"
    slow = create(lambda_, "changed", old, Timeout=20)
    under_way = in_thread(slow)
    wait_until(lambda: [one for one in functions(embedded) if "changed" in one.cwd()])
    code = zipped(lambda_function="def handler(event, context): return 'new'")
    lambda_.update_function_code(FunctionName="changed", ZipFile=code)
    assert slow().payload == "new"
    process = under_way.result(timeout=PATIENCE).payload
    assert isinstance(process, int)
    wait_until(lambda: not psutil.pid_exists(process) or psutil.Process(process).status() == psutil.STATUS_ZOMBIE)
    assert slow().payload == "new"


def functions(emulator):
    """The processes that the emulator has started, each in the folder that holds its function's code."""
    return psutil.Process(read_process(emulator.home / "emulator.json").pid).children(recursive=True)


LEASES = """
from lab_harness.emulators.credentials import Credentials
from lab_harness.emulators.inside.functions import runtime
from lab_harness.emulators.inside.access.keys import Keys
runtime.install(Keys(Credentials("x", "a"), Credentials("x", "b")))
from ministack.core.lambda_runtime import acquire_worker, release_worker
echo = {"FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:echo", "Runtime": "python3.13"}
deleted, created = echo | {"RevisionId": "1"}, echo | {"RevisionId": "2"}
for config, code in [(deleted, b"")] * 2 + [(created, b"")] * 2 + [(created, b"new")] * 2:
    worker, how = acquire_worker("echo", config, code)
    assert (worker.config, worker.code_zip) == (config, code)
    release_worker(worker)
    print(how)
"""


def test_environment_that_a_function_left_is_not_its_successors_nor_its_new_codes():
    # What a delivery does that comes a moment after the function is deleted or changed: too short a moment for a test.
    done = subprocess.run([sys.executable, "-c", LEASES], check=False, capture_output=True, text=True)
    assert done.stdout.split() == ["spawn", "reused"] * 3, done.stderr
