"""Tests for finding code that is alike: what is copied is found, what the task explains is not."""

import builtins
import re
from keyword import kwlist

import pytest

from lab_harness.grading.results.output import alike
from lab_harness.grading.results.row import Row
from lab_harness.grading.students import Student
from lab_harness.handing_in.released import Released
from lab_harness.handing_in.similarity import Piece, names_in, suspicious_pairs
from lab_harness.lab.labs import all_labs, load_lab
from lab_harness.lab.notebooks import solved_notebook, task_of
from tests.grading.handing_in import COURSE, graded

STARTER = "# Your code here\nimport boto3\n\nsqs = boto3.client('sqs')\n"
SOLUTION = "url = sqs.create_queue(QueueName='jobs')['QueueUrl']\nsqs.send_message(QueueUrl=url, MessageBody='hello')\n"
OWN = """
def make_queue(name, tries=4):
    for attempt in range(tries):
        try:
            return sqs.create_queue(QueueName=name, Attributes={"DelaySeconds": str(attempt)})["QueueUrl"]
        except sqs.exceptions.QueueDeletedRecently:
            print("again", attempt)
made = make_queue("jobs")
for word in ["one", "two", "three"]:
    sqs.send_message(QueueUrl=made, MessageBody=word.upper())
"""
RENAMED = """
# all mine
def q(n, t=4):
    \"\"\"Makes it.\"\"\"
    for i in range(t):
        try:
            return sqs.create_queue(QueueName=n,
                                    Attributes={"DelaySeconds": str(i)})["QueueUrl"]
        except sqs.exceptions.QueueDeletedRecently:
            print("again", i)

u = q("jobs")
for w in ["one", "two", "three"]: sqs.send_message(QueueUrl=u, MessageBody=w.upper())
"""
OTHER = """
queues = [url for url in sqs.list_queues().get("QueueUrls", []) if url.endswith("/jobs")]
if not queues:
    queues.append(sqs.create_queue(QueueName="jobs")["QueueUrl"])
entries = [dict(Id=str(number), MessageBody=f"job {number}") for number in range(9)]
assert not sqs.send_message_batch(QueueUrl=queues[0], Entries=entries).get("Failed")
"""


def pairs(*pieces, explained=(STARTER, SOLUTION)):
    given = [piece if isinstance(piece, Piece) else Piece(piece[0], (piece[1],)) for piece in pieces]
    return suspicious_pairs("queue", given, explained)


def test_copy_with_other_names_comments_and_layout_is_found():
    [pair] = pairs(("ana", OWN), ("bo", RENAMED), ("cy", OTHER))
    assert (pair.lab, pair.students, pair.alike) == ("queue", ("ana", "bo"), 1.0)


def test_copy_with_something_added_is_found_and_less_alike():
    [pair] = pairs(("ana", OWN), ("bo", RENAMED + "\nprint(sqs.get_queue_attributes(QueueUrl=u))\n"))
    assert 0.6 <= pair.alike < 1


def test_different_answers_are_not_alike():
    assert pairs(("ana", OWN), ("bo", OTHER)) == []


@pytest.mark.parametrize("code", [STARTER, SOLUTION, STARTER + SOLUTION, SOLUTION.replace("url", "address")])
def test_what_the_notebook_or_the_answer_holds_explains_itself(code):
    assert pairs(("ana", code), ("bo", code)) == []


def test_what_much_of_the_class_wrote_explains_itself():
    same = [(f"student {number}", OWN) for number in range(8)]
    assert pairs(*same) == []
    assert len(pairs(*same[:3])) == 3


def test_few_lines_are_no_sign():
    assert pairs(("ana", "sqs.create_queue(QueueName='jobs')"), ("bo", "sqs.create_queue(QueueName='jobs')")) == []


def test_code_that_cannot_be_parsed_is_compared_by_its_words():
    [pair] = pairs(("ana", OWN + "\nfor ("), ("bo", OWN + "\n# other words\nfor ("))
    assert pair.alike == 1.0


def test_magics_are_left_out():
    [pair] = pairs(("ana", "%%writefile a.py\n" + OWN), ("bo", "!ls\n" + OWN))
    assert pair.alike == 1.0


@pytest.mark.parametrize("code", ["+".join(["a"] * 5000), "(" * 500, "x = '\x00'", "0" * 6000, ""])
def test_hostile_code_ends_in_no_error(code):
    assert len(pairs(("ana", code), ("bo", code))) <= 1


HALF = (
    OTHER
    + """
for number, body in enumerate(open("orders.txt").read().splitlines()):
    queues[0] and print(number, len(body), sqs.send_message(QueueUrl=queues[-1], MessageBody=body, DelaySeconds=number))
"""
)
REWRITTEN = (
    OTHER
    + """
texts = {word.title(): word for word in ("red", "green", "blue")}
while texts:
    title, text = texts.popitem()
    assert title != text, f"{title} is {text}"
    lambda_.invoke(FunctionName=title, Payload=text.encode() or b"{}", InvocationType="Event")
"""
)


def in_state(fingerprint, complete=False, **codes):
    return [Piece(name, (code,), fingerprint, complete) for name, code in codes.items()]


def test_same_wrong_state_makes_code_suspicious_that_is_only_somewhat_alike():
    assert pairs(*in_state("", ana=HALF, bo=REWRITTEN)) == []
    [pair] = pairs(*in_state("f1", ana=HALF, bo=REWRITTEN))
    assert (pair.students, pair.same_state) == (("ana", "bo"), True)
    assert 0.3 <= pair.alike < 0.6
    assert pairs(*in_state("f2", True, ana=HALF, bo=REWRITTEN)) == []


@pytest.mark.parametrize("codes", [("", ""), (STARTER, STARTER), (SOLUTION, SOLUTION), (OWN, OTHER), (SOLUTION, OTHER)])
def test_who_stopped_after_the_same_task_copied_from_nobody(codes):
    ana, bo = codes
    assert pairs(*in_state("f1", ana=ana, bo=bo)) == []


# What two who have never met write of one task: the values are the task's own, the order that of AWS's documentation.
ACCESS = """
response = cloudfront.create_origin_access_control(
    OriginAccessControlConfig={
        "Name": NAME,
        "SigningProtocol": "sigv4",
        "SigningBehavior": "always",
        "OriginAccessControlOriginType": "s3",
    }
)
oac_id = response["OriginAccessControl"]["Id"]
"""
SAME_ACCESS = ACCESS.replace("response", "oac_id").replace(")\noac_id = oac_id", ")")
POOL = """
response = cognito.create_user_pool(
    PoolName="pet-owners",
    Policies={"PasswordPolicy": {"MinimumLength": 10, "RequireSymbols": True, "RequireNumbers": True}},
    AutoVerifiedAttributes=["email"],
    UsernameConfiguration={"CaseSensitive": False},
)
print(response["UserPool"]["Id"])
"""
SAME_POOL = POOL.replace("response", "pool").replace(")\nprint(pool", ")").replace('"Id"])', '"Id"]')


@pytest.mark.parametrize(
    ("lab", "task", "codes"),
    [("edge", "distribution", (ACCESS, SAME_ACCESS)), ("login", "pool", (POOL, SAME_POOL))],
    ids=["edge", "login"],
)
def test_two_beginners_who_stopped_in_one_state_are_not_suspicious(lab, task, codes):
    rows = [
        Row(Student(name, name), graded(name, lab, fingerprint="f1", a="failed"), tasks={task: code})
        for name, code in zip(("ana", "bo"), codes, strict=True)
    ]
    assert alike(Released(load_lab(lab, COURSE), COURSE), rows) == []


def test_order_of_keyword_arguments_and_of_a_dictionarys_entries_hides_no_copy():
    moved = OWN.replace(
        'QueueName=name, Attributes={"DelaySeconds": str(attempt)}',
        'Attributes={"DelaySeconds": str(attempt)}, QueueName=name',
    ).replace("QueueUrl=made, MessageBody=word.upper()", "MessageBody=word.upper(), QueueUrl=made")
    assert moved != OWN
    [pair] = pairs(("ana", OWN), ("bo", moved))
    assert pair.alike == 1.0


@pytest.mark.parametrize("lab", ["dynamodb_tables", "streams", "api_in_depth", "login", "edge"])
def test_copy_with_the_notebooks_own_names_is_found(lab):
    """Names such as `item` stand in every notebook, so they do not tell who chose them."""
    released = Released(load_lab(lab, COURSE), COURSE)
    theirs = [cell.source for cell in solved_notebook(COURSE, released.lab).cells if cell.cell_type == "code"]
    taken = sorted(names_in(theirs) - set(dir(builtins)) - set(re.findall(r"\w+", OWN)) - set(kwlist))
    copy = OWN
    for own, other in zip(("make_queue", "attempt", "made", "word"), taken, strict=False):
        copy = re.sub(rf"\b{own}\b", other, copy)
    rows = [
        Row(Student(name, name), graded(name, lab, a="failed"), tasks={released.lab.file.tasks[1].id: code})
        for name, code in (("ana", OWN), ("bo", copy))
    ]
    assert [(pair.students, pair.alike) for pair in alike(released, rows)] == [(("ana", "bo"), 1.0)]


def test_wrong_state_of_many_is_a_common_mistake():
    assert pairs(*in_state("f1", a=HALF, b=REWRITTEN, c=OWN, d=SOLUTION)) == []


def test_one_copy_among_a_thousand_is_found_within_seconds():
    many = [Piece(f"student {number}", (OWN.replace("three", f"w{number}"),)) for number in range(1000)]
    pair = [Piece("ana", (OTHER,)), Piece("bo", (OTHER.replace("queues", "q").replace("entries", "e"),))]
    assert [found.students for found in pairs(*many, *pair)] == [("ana", "bo")]


@pytest.mark.parametrize("lab", all_labs(COURSE), ids=lambda lab: lab.id)
def test_who_answered_each_task_as_the_reference_does_copied_from_nobody(lab):
    tasks = {task_of(cell): cell.source for cell in solved_notebook(COURSE, lab).cells if task_of(cell)}
    rows = [Row(Student(name, name), graded(name, lab.id, a="passed"), tasks=tasks) for name in ("ana", "bo")]
    assert alike(Released(lab, COURSE), rows) == []


def test_course_without_notebook_and_answers_explains_less_and_stops_nothing(sample_course):
    course = sample_course("queue")
    (course.labs / "queue" / "solution.py").unlink()
    rows = [Row(Student(name, name), graded(name, "queue"), tasks={"message": OWN}) for name in ("ana", "bo")]
    [pair] = alike(Released(load_lab("queue", course), course), rows)
    assert pair.students == ("ana", "bo")
