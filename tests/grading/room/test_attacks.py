"""What students' code cannot do: each attack gets its honest grade, and so does the submission after it."""

import socket

import pytest
from msgspec.structs import replace

from lab_harness.grading.grade import Status
from lab_harness.grading.room.sandbox import missing_protections
from lab_harness.lab.labs import load_lab
from lab_harness.lab.notebooks import solved_notebook, task_of
from tests.grading.class_work import LIMITS, RIGHT_CELLS, errors, hand_in, outcomes
from tests.grading.hostile import FUNCTIONS, HELLO, ROLE, said

MARKER = "the-secret-of-another-student"

pytestmark = pytest.mark.skipif(bool(missing_protections()), reason="bubblewrap cannot close submissions off here")


def test_a_patched_harness_passes_no_check(attack):
    grade = attack("""
        import lab_harness.runner, lab_harness.results, lab_harness.authors.checks
        import lab_harness.grading.room.judge as judge
        lab_harness.runner._run = lambda check, *_: lab_harness.runner._result(check, "passed")
        lab_harness.results.LabReport.points = property(lambda self: 99)
        lab_harness.authors.checks.Failure.__init__ = lambda self, **_: None
        judge.Judge.run = judge.whole_report = lambda *_: None
        """)
    assert (grade.status, grade.points, grade.total) == (Status.GRADED, 0, 4)


def test_patched_builtins_pass_no_check(attack):
    assert attack("""
        import builtins, json, hashlib
        builtins.isinstance = lambda *_: True
        json.loads = lambda *_: {"points": 99, "result": "passed"}
        builtins.sum = lambda *_: 99
        """).points == 0  # fmt: skip


def test_a_fake_boto3_passes_no_check(attack):
    assert attack("""
        import boto3, botocore.client, botocore.session
        from unittest.mock import MagicMock
        boto3.client = boto3.Session = botocore.session.Session.create_client = MagicMock()
        botocore.client.BaseClient._make_api_call = lambda *_: {"QueueUrls": ["http://x/first-steps"]}
        boto3.client("sqs").create_queue(QueueName="first-steps")
        """).points == 0  # fmt: skip


def test_ast_transformers_that_blank_later_cells_pass_no_check(attack):
    assert attack("""
        import ast
        class Blank(ast.NodeTransformer):
            def visit_Module(self, node): return ast.Module(body=[], type_ignores=[])
        get_ipython().ast_transformers.append(Blank())
        """, "lab.check()").points == 0  # fmt: skip


def test_a_server_of_the_students_own_is_never_asked(attack):
    grade = attack("""
        import http.server, socket, threading
        taken = []
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::1")):
            for option in ("SO_REUSEADDR", "SO_REUSEPORT"):
                server = socket.socket(family)
                server.setsockopt(socket.SOL_SOCKET, getattr(socket, option), 1)
                try:
                    server.bind((host, 4566)); server.listen()
                    taken.append(host)
                except OSError:
                    pass
        raise SystemExit(f"took {taken}")
        """)
    assert (said(grade), grade.points) == ("SystemExit: took []", 0)


LIAR = """
    make("liar", '''
        import json
        URL = "http://127.0.0.1:4566/000000000000/first-steps"
        ANSWERS = {"ListQueues": {"QueueUrls": [URL]}, "GetQueueUrl": {"QueueUrl": URL}}
        def lambda_handler(event, _):
            asked = event["headers"].get("X-Amz-Target", event["headers"].get("x-amz-target", ".")).split(".")[1]
            return {"statusCode": 200, "body": json.dumps(ANSWERS.get(asked, {}))}
        ''')
    gateway = boto3.client("apigateway")
    api = gateway.create_rest_api(name="liar")
    proxy = {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": "arn:aws:apigateway:us-east-1:lambda:path/"
        "2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:liar/invocations"}
    method = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "ANY"}
    gateway.put_method(**method, authorizationType="NONE")
    gateway.put_integration(**method, **proxy)
    gateway.create_deployment(restApiId=api["id"], stageName="prod")
    for name in ("127.0.0.1", "localhost"):
        gateway.create_domain_name(domainName=name)
        gateway.create_base_path_mapping(domainName=name, restApiId=api["id"], stage="prod")
    """


def test_an_api_whose_domain_is_the_emulators_address_answers_no_check(attack):
    grade = attack(FUNCTIONS, LIAR)
    assert (said(grade), grade.points, outcomes(grade)["queue_exists"]) == (None, 0, "failed")


def test_log_lines_that_the_student_wrote_do_not_stand_in_for_a_function(attack):
    grade = attack("""
        import boto3, io, json, time, zipfile
        iam, lambda_, logs = boto3.client("iam"), boto3.client("lambda"), boto3.client("logs")
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service":
            "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
        role = iam.create_role(RoleName="hello-world-role", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        iam.attach_role_policy(RoleName="hello-world-role",
            PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("lambda_function.py", "def lambda_handler(event, context): return {}")
        lambda_.create_function(FunctionName="hello-world", Runtime="python3.13", Role=role,
            Handler="lambda_function.lambda_handler", Code={"ZipFile": code.getvalue()})
        group = "/aws/lambda/hello-world"
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName="x")
        line = json.dumps({"key1": "value1", "key2": "value2", "key3": "value3", "body": "Hello from Lambda!"})
        logs.put_log_events(logGroupName=group, logStreamName="x",
            logEvents=[{"timestamp": int(time.time() * 1000), "message": line}])
        """, lab="hello_lambda")  # fmt: skip
    found = outcomes(grade)
    assert (found["function_exists"], found["function_answers"]) == ("passed", "failed")
    assert found["function_logs_the_event"] == found["test_event_was_run"] == "blocked"


FAKE_ROWS = """
    table = boto3.resource("dynamodb").Table("PetOrders")
    for number in range(20):
        table.put_item(Item={"orderId": str(number), "pet": "cat", "customer": "me", "quantity": 3})
    """


def test_rows_that_the_student_wrote_do_not_stand_in_for_a_function(attack, course):
    lab = load_lab("orders_pipeline", course)
    needed = [
        cell for cell in solved_notebook(course, lab).cells if task_of(cell) or cell.id in ("clients", "handler-folder")
    ]
    sources = {task_of(cell) or cell.id: cell.source for cell in needed}
    sources["handler"] = sources["handler"].split("\n")[0] + "\ndef lambda_handler(*_): return {}"
    found = outcomes(attack(*sources.values(), FAKE_ROWS, lab=lab.id))
    assert (found["mapping_is_enabled"], found["order_becomes_item"]) == ("passed", "failed")
    assert found["bad_messages_are_set_aside"] == "blocked"


PATCHED_IN_MEMORY = """
    import boto3, io, json, zipfile
    iam, lambda_ = boto3.client("iam"), boto3.client("lambda")
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service":
        "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName="hello-world-role", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.attach_role_policy(RoleName="hello-world-role",
        PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")
    source = '''
    answer = {}
    def lambda_handler(event, context):
        answer.update(event.get("answer", {}))
        return answer
    '''
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("lambda_function.py", __import__("textwrap").dedent(source))
    lambda_.create_function(FunctionName="hello-world", Runtime="python3.13", Role=role,
        Handler="lambda_function.lambda_handler", Code={"ZipFile": code.getvalue()})
    lambda_.get_waiter("function_active_v2").wait(FunctionName="hello-world")
    right = {"answer": {"statusCode": 200, "body": "Hello from Lambda!"}}
    lambda_.invoke(FunctionName="hello-world", Payload=json.dumps(right))
    warm = json.load(lambda_.invoke(FunctionName="hello-world", Payload=b"{}")["Payload"])
    raise SystemExit(f"the warm function says {warm['statusCode']}")
    """


def test_what_a_warm_function_holds_in_memory_does_not_answer_the_checks(attack):
    grade = attack(PATCHED_IN_MEMORY, lab="hello_lambda")
    assert said(grade) == "SystemExit: the warm function says 200"
    assert outcomes(grade)["function_answers"] == "failed"


def test_time_stays_as_it_is_while_a_notebook_is_graded(attack):
    grade = attack("""
        from lab_harness import open_lab
        lab = open_lab("first_steps")
        before = lab.clock.now()
        lab.clock.advance(days=30)
        raise SystemExit(f"a day later: {(lab.clock.now() - before).days > 0}")
        """)
    assert said(grade) == "SystemExit: a day later: False"


def test_table_is_restored_to_a_moment_between_in_a_room_where_time_is_not_moved(attack):
    grade = attack("""
        import time, boto3
        from lab_harness import open_lab
        lab, dynamodb = open_lab("first_steps"), boto3.client("dynamodb")
        dynamodb.create_table(TableName="Pets", BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
        dynamodb.update_continuous_backups(TableName="Pets",
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
        dynamodb.put_item(TableName="Pets", Item={"id": {"S": "cat"}})
        began = int(time.time())
        while int(time.time()) == began:  # as long as a slow machine takes from one cell to the next
            time.sleep(0.01)
        lab.clock.advance(hours=1)
        good = lab.clock.now().replace(microsecond=0)
        lab.clock.advance(minutes=1)
        dynamodb.delete_item(TableName="Pets", Key={"id": {"S": "cat"}})
        lab.clock.advance(minutes=10)
        dynamodb.restore_table_to_point_in_time(
            SourceTableName="Pets", TargetTableName="Restored", RestoreDateTime=good)
        raise SystemExit(f"restored: {dynamodb.scan(TableName='Restored')['Items']}")
        """)
    assert said(grade) == "SystemExit: restored: [{'id': {'S': 'cat'}}]"


def test_edited_progress_counts_for_nothing(attack):
    grade = attack("""
        from lab_harness import open_lab
        lab = open_lab("first_steps")
        lab.progress.record(lab.look())
        raise SystemExit(str(sorted(lab.progress.of("first_steps").passed)[:1]))
        """)
    assert (said(grade), grade.points) == ("SystemExit: ['message_says_hello']", 0)


READ_EVERYTHING = f"""
    import os, sys
    found = []
    for folder, names, files in os.walk("/"):
        if folder in ("/proc", "/usr", sys.prefix, sys.base_prefix):
            names[:] = []
        for file in files:
            path = os.path.join(folder, file)
            answers = "/labs/" in path and "/functions/" in path
            if answers or file in ("solution.py", "gradebook.sqlite") or path.endswith("bea.ipynb"):
                found.append(path)
            try:
                small = os.path.isfile(path) and os.path.getsize(path) < 1e6
                if small and b"{MARKER[:10]}" + b"{MARKER[10:]}" in open(path, "rb").read():
                    found.append(path)
            except OSError:
                pass
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for name in ("environ", "cmdline"):
            try:
                if b"{MARKER[:10]}" + b"{MARKER[10:]}" in open(f"/proc/{{pid}}/{{name}}", "rb").read():
                    found.append(pid)
            except OSError:
                pass
    raise SystemExit(f"found {{found}}")
    """


def test_no_file_of_anybody_elses_can_be_read(attack, tmp_path):
    (tmp_path / "bea.ipynb").write_text(MARKER)
    (tmp_path / "gradebook.sqlite").write_text(MARKER)
    assert said(attack(READ_EVERYTHING)) == "SystemExit: found []"


READ_MEMORY = f"""
    found, first, second = 0, b"{MARKER[:10]}", b"{MARKER[10:]}"  # apart, or the search would find itself
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb") as memory:
        for line in maps:
            start, end = (int(part, 16) for part in line.split()[0].split("-"))
            if " rw" in line and end - start < 1 << 30:
                try:
                    memory.seek(start)
                    block = memory.read(end - start)
                except OSError:
                    continue
                place = block.find(first)
                while place >= 0:
                    found += block.startswith(second, place + len(first))
                    place = block.find(first, place + 1)
                del block
    raise SystemExit(f"found {{min(found, 1)}}")
    """


def test_nothing_of_an_earlier_submission_is_left_in_memory_files_or_shared_memory(grader, attack, tmp_path):
    [grade] = grader.grade([hand_in(tmp_path, f"""
        import pathlib, subprocess
        from multiprocessing.shared_memory import SharedMemory
        secret = "{MARKER}"
        for folder in ("/tmp", "/dev/shm", "/tmp/work"):
            pathlib.Path(folder, "left").write_text(secret)
        shared = SharedMemory("left-shared", create=True, size=100)
        shared.buf[:10] = secret.encode()[:10]
        subprocess.Popen(["sleep", "60"], start_new_session=True)
        """)])  # fmt: skip
    assert grade.cell_errors == ()
    left = """
        import os, pathlib
        files = [str(path) for folder in ("/tmp", "/dev/shm") for path in pathlib.Path(folder).rglob("*left*")]
        raise SystemExit(f"{files} {sorted(filter(str.isdigit, os.listdir('/proc')))}")
        """
    assert said(attack(left)) == "SystemExit: [] ['1']"
    assert said(attack(READ_MEMORY)) == "SystemExit: found 0"


def test_the_search_of_memory_finds_what_is_there(attack):
    assert said(attack(f'secret = "{MARKER}"', READ_MEMORY)) == "SystemExit: found 1"


def test_neither_the_grader_nor_an_emulator_can_be_killed_or_traced(attack):
    grade = attack(
        *RIGHT_CELLS,
        """
        import ctypes, os, signal
        libc, traced = ctypes.CDLL(None), []
        for pid in range(2, 70000):
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
            if libc.ptrace(16, pid, 0, 0) == 0:
                traced.append(pid)
        try:
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:  # There is nobody else.
            pass
        raise SystemExit(f"traced {traced}")
        """,
    )
    assert (said(grade), grade.status, grade.points) == ("SystemExit: traced []", Status.GRADED, 4)


def test_the_emulators_administration_is_closed_also_to_who_claims_to_be_the_checks(attack):
    grade = attack(
        *RIGHT_CELLS,
        """
        import boto3, hashlib, hmac, http.client, os
        answers = {}
        paths = ["/_lab/reset", "/_lab/stop", "/_ministack/reset", "/_ministack/config", "/_lab/inbox", "/_lab/calls",
                 "//_ministack/reset", "/%5fministack/reset", "/x/../_ministack/reset", "http://localhost/_lab/reset"]
        for method in ("POST", "GET"):
            for path in paths:
                connection = http.client.HTTPConnection("127.0.0.1", 4566)
                headers = {"Host": "localhost:4566", "User-Agent": "lab-harness", "x-amz-security-token": "lab-harness"}
                connection.request(method, path, headers=headers)
                answers[method, path] = connection.getresponse().status
        mine = os.environ["AWS_SECRET_ACCESS_KEY"]
        for guess in ("test", "lab-harness", hmac.new(mine.encode(), b"checks", hashlib.sha256).hexdigest()):
            for token in (None, "lab-harness", "lab-function/checks"):
                try:
                    boto3.Session("test", guess, token, "us-east-1").client("sqs").list_queues()
                    answers[guess, token] = 200
                except Exception as error:
                    answers[guess, token] = error.response["ResponseMetadata"]["HTTPStatusCode"]
        raise SystemExit(str(sorted({status for status in answers.values() if status < 300})))
        """,
    )
    assert (said(grade), grade.points) == ("SystemExit: []", 4)


def test_nothing_but_the_own_emulator_can_be_reached(attack):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        grade = attack(f"""
            import os, socket
            reached = []
            for address in (("127.0.0.1", {port}), ("localhost", {port}), ("192.0.2.1", 80), ("1.1.1.1", 53)):
                try:
                    socket.create_connection(address, timeout=0.5).close()
                    reached.append(address)
                except OSError:
                    pass
            raise SystemExit(f"{{reached}} {{os.listdir('/sys/class/net') if os.path.exists('/sys') else ''}}")
            """)
    assert said(grade) == "SystemExit: [] "


def test_sockets_that_lead_out_of_a_network_namespace_cannot_be_made(attack):
    grade = attack(
        *RIGHT_CELLS,
        """
        import ctypes, socket
        made = []
        # By number: vsock, Bluetooth, packets, the kernel's ciphers, CAN, TIPC, XDP
        for family, kind in [(family, kind) for family in (40, 31, 17, 38, 29, 30, 44) for kind in (1, 2, 3, 5)]:
            try:
                made.append(socket.socket(family, kind))
            except OSError:
                pass
        ring = ctypes.CDLL(None).syscall(425, 8, ctypes.create_string_buffer(120))
        socket.getaddrinfo("localhost", 80), socket.socketpair()
        raise SystemExit(f"{made} {ring}")
        """,
    )
    assert (said(grade), grade.points) == ("SystemExit: [] -1", 4)


def test_the_emulator_cannot_be_made_to_start_programs(attack):
    grade = attack(
        ROLE,
        """
        import boto3, io, json, zipfile
        lambda_ = boto3.client("lambda")
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("index.py", "handler = print")
            archive.writestr("bootstrap", "#!/bin/sh\\ntouch /tmp/here")
        answers = []
        for runtime in ("nodejs22.x", "provided.al2023"):
            lambda_.create_function(FunctionName=runtime[:4], Runtime=runtime, Handler="index.handler",
                Role="arn:aws:iam::000000000000:role/x", Code={"ZipFile": code.getvalue()})
            answer = lambda_.invoke(FunctionName=runtime[:4], Payload=b"{}")
            answers.append(answer.get("FunctionError"))
        raise SystemExit(str(answers))
        """,
    )
    assert (said(grade), grade.points) == ("SystemExit: ['Unhandled', 'Unhandled']", 0)


def test_a_function_runs_within_the_same_walls(attack):
    source = """
        import os, socket

        def lambda_handler(event, context):
            try:
                socket.create_connection(("1.1.1.1", 53), timeout=0.5)
                reached = True
            except OSError:
                reached = False
            caps = [line for line in open("/proc/self/status") if line.startswith("CapEff")][0].split()[1]
            return [sorted(filter(str.isdigit, os.listdir("/proc"))), reached, int(caps, 16), os.path.exists("/work")]
        """
    grade = attack(
        ROLE,
        f"""
        import boto3, io, json, zipfile, textwrap
        lambda_ = boto3.client("lambda")
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("lambda_function.py", textwrap.dedent({source!r}))
        lambda_.create_function(FunctionName="f", Runtime="python3.13", Handler="lambda_function.lambda_handler",
            Role="arn:aws:iam::000000000000:role/x", Code={{"ZipFile": code.getvalue()}})
        lambda_.get_waiter("function_active_v2").wait(FunctionName="f")
        raise SystemExit(lambda_.invoke(FunctionName="f", Payload=b"{{}}")["Payload"].read().decode()[:200])
        """,
    )
    assert said(grade).startswith('SystemExit: [["1"], false, 0')


def test_processes_have_no_capability_and_make_no_namespace(attack):
    grade = attack("""
        import ctypes, os
        refused = [ctypes.CDLL(None).unshare(flag) for flag in (0x10000000, 0x00020000, 0x40000000)]
        caps = [line.split()[1] for line in open("/proc/self/status") if line.startswith("Cap")]
        mounted = ctypes.CDLL(None).mount(b"none", b"/tmp", b"tmpfs", 0, None)
        raise SystemExit(f"{refused} {mounted} {sorted({int(cap, 16) for cap in caps})} {os.getuid()}")
        """)
    assert said(grade) == "SystemExit: [-1, -1, -1] -1 [0] 1000"


def test_nothing_of_the_machine_can_be_written_to(grader_with, tmp_path):
    look = """
        import os
        written = []
        for folder, names, _ in os.walk("/"):
            if folder.startswith(("/proc", "/tmp", "/dev/shm", "/dev/pts")):
                names[:] = []
                continue
            try:
                open(os.path.join(folder, "written"), "w").close()
                written.append(folder)
            except OSError:
                pass
        raise SystemExit(str(written))
        """
    patient = replace(LIMITS, cell_seconds=60, notebook_seconds=60)  # there is much to look at
    [grade] = grader_with(limits=patient).grade([hand_in(tmp_path, look)])
    assert said(grade) == "SystemExit: []"


def test_a_fork_bomb_ends_at_the_limit_on_processes(attack):
    grade = attack("""
        import os
        while True:
            os.fork()
        """)
    assert (grade.status, grade.points) == (Status.LIMITED, 0)
    assert "too many processes" in grade.reason


def test_filling_the_disk_is_stopped_by_the_limit_and_said(attack):
    grade = attack("""
        with open("/tmp/full", "wb") as file:
            for _ in range(200):
                file.write(bytes(1_000_000))
        """, *RIGHT_CELLS)  # fmt: skip
    assert (grade.status, grade.points) == (Status.LIMITED, 4)
    assert "folder is full" in grade.reason or "too large" in grade.reason


def test_filling_memory_is_stopped_by_the_limit_and_said(attack):
    grade = attack("block = bytearray(3_000_000_000)", *RIGHT_CELLS)
    assert (grade.status, grade.points) == (Status.LIMITED, 4)
    assert "memory" in grade.reason


def test_many_processes_together_hold_no_more_memory_than_one_may(attack, grader, monkeypatch):
    monkeypatch.setattr(grader, "limits", replace(LIMITS, cell_seconds=60, notebook_seconds=60))
    grade = attack("""
        import os, time
        for _ in range(8):
            if os.fork() == 0:
                block = bytearray(os.urandom(1000)) * 300_000
                time.sleep(60)
        time.sleep(50)
        """)
    assert grade.status is Status.LIMITED
    assert "memory" in grade.reason


def test_filling_the_output_is_stopped_by_the_limit_and_said(attack):
    grade = attack("while True: print('x' * 1000)", *RIGHT_CELLS)
    assert grade.status is Status.LIMITED
    assert "printed more than" in grade.reason


def test_filling_the_account_is_stopped_by_the_limit_and_said(attack, grader, monkeypatch):
    monkeypatch.setattr(grader, "limits", replace(LIMITS, cell_seconds=60, notebook_seconds=60))
    grade = attack("""
        import boto3
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="full")
        for number in range(200):
            s3.put_object(Bucket="full", Key=str(number), Body=bytes(20_000_000))
        """)
    assert (grade.status, grade.points, grade.total) == (Status.LIMITED, 0, 4)
    assert "account held more than" in grade.reason


def test_an_endless_loop_is_interrupted_and_the_later_cells_run(attack):
    grade = attack("while True: pass", *RIGHT_CELLS)
    assert (grade.status, grade.points) == (Status.LIMITED, 4)
    assert grade.reason == "Cell cell-1 ran longer than 4 s and was stopped."


def test_a_loop_that_lets_itself_not_be_interrupted_is_killed_and_the_checks_run(attack):
    grade = attack(*RIGHT_CELLS, """
        import time
        while True:
            try:
                time.sleep(60)
            except BaseException:
                pass
        """)  # fmt: skip
    assert (grade.status, grade.points) == (Status.LIMITED, 4)
    assert "did not let itself be interrupted" in grade.reason


def test_sys_exit_ends_its_cell_only(attack):
    grade = attack("import sys; sys.exit('done')", *RIGHT_CELLS)
    assert (grade.status, grade.points, errors(grade)) == (Status.GRADED, 4, {"cell-1": "SystemExit: done"})


def test_os_exit_ends_the_notebook_and_what_was_built_is_judged(attack):
    grade = attack(RIGHT_CELLS[0], "import os; os._exit(0)", RIGHT_CELLS[1])
    assert (grade.status, grade.points) == (Status.GRADED, 2)
    assert errors(grade) == {"cell-2": "The notebook's process ended with exit code 0."}


LATE = """
    import os, threading, time
    def build():
        time.sleep({delay})
        import boto3
        sqs = boto3.client("sqs")
        url = sqs.create_queue(QueueName="first-steps")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="hello, serverless")
    """


def test_threads_and_processes_that_go_on_after_the_notebook_build_nothing(attack):
    late = attack(LATE.format(delay=0.05) + """
    threading.Thread(target=build).start()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            build()
    """)  # fmt: skip
    assert late.points == 0


def test_a_process_that_kills_its_whole_group_does_not_outlive_its_keeper(attack):
    """Its keeper would see its end; without a keeper it would go on while the checks run."""
    late = attack(LATE.format(delay=0.2) + """
    import signal
    threading.Thread(target=build).start()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.kill(0, signal.SIGKILL)
    if os.fork() == 0:
        os.kill(0, signal.SIGKILL)
    """)  # fmt: skip
    assert late.points == 0


def test_the_same_thread_builds_it_while_the_notebook_runs(attack):
    late = attack(LATE.format(delay=0.05) + """
    builder = threading.Thread(target=build)
    builder.start()
    """, "builder.join()")  # fmt: skip
    assert late.points == 4


def test_forged_messages_to_the_grader_earn_nothing(attack):
    grade = attack("""
        import json, os
        forged = {"result": {"name": "queue_exists", "outcome": "passed", "points": 99}, "judged": True, "graded": {},
                  "error": {"cell": "x" * 10**6, "error": ["no", "text"], "traceback": {"a": 1}}, "points": 99}
        for descriptor in range(3, 200):
            for line in (json.dumps(forged), "[1, 2]", "no json", '{"done": true}', "[" * 100000):
                try:
                    os.write(descriptor, line.encode() + b"\\n")
                except OSError:
                    pass
        """)
    assert (grade.points, grade.total) == (0, 4)


def test_endless_messages_to_the_grader_hold_nothing_up(attack):
    grade = attack("""
        import os
        while True:
            for descriptor in range(3, 20):
                try:
                    os.write(descriptor, b'{"cell": "x"}\\n' * 1000)
                except OSError:
                    pass
        """)
    assert (grade.status, grade.points) == (Status.LIMITED, 0)
    assert grade.seconds < LIMITS.notebook_seconds + 10


def test_flooding_messages_and_output_at_once_is_a_limit_that_was_hit(attack):
    flood = """
        import os, signal
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        while True:
            for descriptor in range(3, 20):
                try:
                    os.write(descriptor, b'{"cell": "x"}\\n' * 1000)
                except OSError:
                    pass
            os.write(1, b"x" * 65536)
        """
    for _ in range(3):  # which of the two is heard first differs
        grade = attack(RIGHT_CELLS[0], flood)
        assert (grade.status, grade.points) == (Status.LIMITED, 2)


def test_an_error_of_megabytes_does_not_end_the_notebook(attack):
    grade = attack("raise ValueError('\\ud800\\u202e' * 1_000_000)", *RIGHT_CELLS)
    assert (grade.status, grade.points) == (Status.GRADED, 4)
    assert errors(grade)["cell-1"].startswith("ValueError: \ufffd")


def test_hooks_in_ipython_blank_no_error_and_pass_no_check(attack):
    grade = attack(
        """
        import sys
        shell = get_ipython()
        def hide(*_, **__): pass
        shell.set_custom_exc((BaseException,), hide)
        shell.events.register("post_run_cell", lambda result: setattr(result, "error_in_exec", None))
        shell.display_pub.publish = shell.run_cell = sys.excepthook = hide
        sys.stdout = sys.stderr = None
        """,
        "1 / 0",
        RIGHT_CELLS[0],
    )
    assert (grade.status, grade.points) == (Status.GRADED, 2)


def test_what_python_and_ipython_run_at_their_start_is_run_in_no_function(attack):
    grade = attack(
        FUNCTIONS,
        """
        import contextlib, os, pathlib, site, sys
        folders = [pathlib.Path.home(), pathlib.Path.cwd(), pathlib.Path("/tmp"), site.getusersitepackages(),
            pathlib.Path(os.environ["IPYTHONDIR"]) / "profile_default/startup", os.environ["LAB_COURSE"], *sys.path]
        names = ("usercustomize.py", "sitecustomize.py", "00.py", "boto3.py", "json.py", "evil.pth")
        for path in [pathlib.Path(folder) / name for folder in folders if folder for name in names]:
            with contextlib.suppress(OSError):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("import builtins; builtins.evil = True")
        made = [path for path in pathlib.Path("/tmp").rglob("usercustomize.py")]
        told = {"PYTHONPATH": "/tmp", "PYTHONHOME": "/tmp", "PYTHONSTARTUP": "/tmp/00.py", "LD_PRELOAD": "/tmp/x.so",
            "PYTHONWARNINGS": "error::usercustomize.X", "PYTHONUSERBASE": "/tmp/.local", "PYTHONINSPECT": "1"}
        source = "def lambda_handler(event, context): import builtins, json; return hasattr(builtins, 'evil')"
        make("f", source, Environment={"Variables": told})
        raise SystemExit(f"{bool(made)} {ask('f')}")
        """,
    )
    assert said(grade) == "SystemExit: True False"


def test_files_that_are_links_lead_nowhere(attack):
    grade = attack(
        """
        import os
        written = []
        for place in ("/course/labs/first_steps/checks.py", "/etc/hosts", "/proc/1/environ", "/dev/shm/../../etc/x"):
            os.symlink(place, "link")
            try:
                open("link", "w").write("hacked")
                written.append(place)
            except OSError:
                pass
            os.unlink("link")
        os.symlink("/course/labs/first_steps/checks.py", "link")
        """,
        "%%writefile link\ndef nothing(): pass",
        "raise SystemExit(str(written))",
    )
    assert (said(grade), grade.points) == ("SystemExit: []", 0)
    assert "Read-only file system" in errors(grade)["cell-2"]


def test_what_is_built_in_another_account_or_region_does_not_count(attack):
    grade = attack("""
        import boto3, os
        for key, region in (("111111111111", "us-east-1"), ("test", "eu-central-1")):
            sqs = boto3.client("sqs", aws_access_key_id=key, region_name=region,
                aws_secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"])
            url = sqs.create_queue(QueueName="first-steps")["QueueUrl"]
            sqs.send_message(QueueUrl=url, MessageBody="hello, serverless")
        """)
    assert (grade.points, grade.cell_errors) == (0, ())


def test_the_emulator_asks_nobody_for_its_own_administration(attack):
    grade = attack(
        *RIGHT_CELLS,
        """
        import http.client
        sns, apis = boto3.client("sns"), boto3.client("apigatewayv2")
        topic = sns.create_topic(Name="t")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint="http://127.0.0.1:4566/_lab/reset")
        sns.publish(TopicArn=topic, Message="reset")
        api = apis.create_api(Name="proxy", ProtocolType="HTTP")["ApiId"]
        integration = apis.create_integration(ApiId=api, IntegrationType="HTTP_PROXY", IntegrationMethod="POST",
            IntegrationUri="http://127.0.0.1:4566/_lab/reset", PayloadFormatVersion="1.0")["IntegrationId"]
        apis.create_route(ApiId=api, RouteKey="$default", Target=f"integrations/{integration}")
        apis.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
        connection = http.client.HTTPConnection("127.0.0.1", 4566)
        connection.request("POST", f"/_aws/execute-api/{api}/")
        raise SystemExit(connection.getresponse().status)
        """,
    )
    assert (said(grade), grade.points) == ("SystemExit: 503", 4)  # an integration does not even ask there


def test_a_fork_bomb_takes_nothing_from_a_submission_beside_it(grader_with, tmp_path):
    bomb = hand_in(tmp_path, "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", student="bomb")
    right = [hand_in(tmp_path, *RIGHT_CELLS, student=f"right-{number}") for number in range(3)]
    grades = {each.student: each for each in grader_with(workers=2).grade([bomb, *right])}
    assert grades.pop("bomb").status is Status.LIMITED
    assert {(each.status, each.points) for each in grades.values()} == {(Status.GRADED, 4)}


def test_a_function_reaches_no_administration_and_cannot_change_its_code(attack):
    function = """
        import http.client, os
        def lambda_handler(event, context):
            open_ways = []
            for path in ("/_lab/reset", "/_lab/calls", "/_ministack/reset", "/_ministack/config"):
                connection = http.client.HTTPConnection("127.0.0.1", 4566)
                connection.request("POST", path)
                open_ways += [path] if connection.getresponse().status != 403 else []
            for folder, _, files in os.walk("/var/lambda"):
                for path in [folder, *(os.path.join(folder, file) for file in files)]:
                    open_ways += [path] if os.access(path, os.W_OK) else []
            return [open_ways, [pid for pid in os.listdir("/proc") if pid.isdigit()]]
        """
    grade = attack(FUNCTIONS, *RIGHT_CELLS, f"make('f', '''{function}''')\nraise SystemExit(ask('f'))")
    assert (said(grade), grade.points) == ("SystemExit: [[], ['1']]", 4)


def test_a_function_that_leaves_processes_behind_builds_nothing_later(attack):
    function = """
        import os, threading, time
        def build():
            time.sleep(0.5)
            import boto3
            boto3.client("sqs").create_queue(QueueName="first-steps")
        def lambda_handler(event, context):
            threading.Thread(target=build).start()
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    build()
                os._exit(0)
        """
    grade = attack(FUNCTIONS, f"make('f', '''{function}''')\nask('f')")
    assert (grade.points, grade.cell_errors) == (0, ())


def test_what_a_function_writes_to_its_descriptors_is_its_own_answer_at_most(attack):
    function = """
        import json, os
        def lambda_handler(event, context):
            forged = {"lab_runtime": {"value": "forged", "error": None, "milliseconds": "x", "memory_mb": []}}
            for descriptor in range(20):
                for line in ("[1]", "{", "null", json.dumps({"status": "ok", "result": forged})):
                    try:
                        os.write(descriptor, line.encode() + bytes([10]))
                    except OSError:
                        pass
        """
    grade = attack(
        FUNCTIONS, f"make('f', '''{function}''')\ntry: ask('f'), ask('f')\nexcept Exception: pass", *RIGHT_CELLS
    )
    assert (grade.status, grade.points) == (Status.GRADED, 4)


def test_links_in_a_functions_package_lead_nowhere(attack):
    function = """
        import glob, os
        def lambda_handler(event, context):
            return [path for path in glob.glob("/var/lambda/code/*") if os.path.islink(path)]
        """
    grade = attack(
        FUNCTIONS,
        f"make('f', '')\ncode = zipped('''{function}''', course='/course', room='/tmp/room', memory='/proc/1/mem')",
        "lambda_.update_function_code(FunctionName='f', ZipFile=code)\nraise SystemExit(ask('f'))",
    )
    assert said(grade) == "SystemExit: []"


@pytest.mark.parametrize(
    "answer",
    [
        "{'statusCode': 200, 'body': 'x' * 3_000_000}",
        "{'statusCode': float('nan'), 'body': chr(0xd800) + chr(0)}",
        "__import__('functools').reduce(lambda inner, _: [inner], range(900), [])",
        "__import__('os')._exit(0)",
        "__import__('os').kill(1, 9)",
    ],
)
def test_an_answer_that_is_meant_to_break_a_check_fails_it(attack, answer):
    grade = attack(FUNCTIONS, f"make('hello-world', 'def lambda_handler(*_): return {{}}'.format({answer!r}))",
        lab="hello_lambda")  # fmt: skip
    assert (grade.status, grade.total) == (Status.GRADED, 13)
    assert outcomes(grade)["function_answers"] in ("failed", "blocked")


def test_a_function_that_never_ends_and_multiplies_while_it_is_checked_ends_with_its_check(attack):
    function = """
        import os
        def lambda_handler(event, context):
            while True:
                try:
                    os.fork()
                except OSError:
                    pass
        """
    grade = attack(FUNCTIONS, HELLO, f"make('hello-world', '''{function}''', Timeout=3)", lab="hello_lambda")
    assert outcomes(grade)["role_exists"] == outcomes(grade)["function_exists"] == "passed"
    assert outcomes(grade)["function_answers"] != "passed"
