"""Tests for functions in a room: they find what they would find on the learner's emulator."""

from tests.grading.hostile import FUNCTIONS, said

LOOK = """
    import importlib, sys
    def lambda_handler(event, context):
        names = ["json", "sqlite3", "boto3.dynamodb.conditions", "dateutil.parser", "urllib3", "lambda_function",
                 "requests", "requests.adapters", "numpy", "IPython", "lab_harness", "lab_harness.iam", "ministack"]
        found = {name.partition(".")[0] for name in sys.modules} & set(names)
        for name in names:
            try:
                importlib.import_module(name)
                found.add(name)
            except ModuleNotFoundError as error:
                assert str(error) == f"No module named {name.partition('.')[0]!r}", error
        return sorted(found)
    """


def test_a_function_imports_nothing_that_only_the_grader_has_loaded(attack):
    grade = attack(FUNCTIONS, f"make('f', '''{LOOK}''')\nraise SystemExit(ask('f'))")
    there = ["boto3.dynamodb.conditions", "dateutil.parser", "json", "lambda_function", "sqlite3", "urllib3"]
    assert said(grade) == f"SystemExit: {there}"


def test_a_function_whose_modules_have_the_names_of_loaded_ones_gets_its_own(attack):
    cell = """
        import io
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("requests/__init__.py", "mine = 1")
            archive.writestr("colorsys.py", "mine = 2")
            archive.writestr("f.py", "import colorsys, requests\\ndef h(*_): return [requests.mine, colorsys.mine]")
        lambda_.create_function(FunctionName="f", Runtime="python3.13", Handler="f.h",
            Role="arn:aws:iam::000000000000:role/x", Code={"ZipFile": code.getvalue()})
        lambda_.get_waiter("function_active_v2").wait(FunctionName="f")
        raise SystemExit(ask("f"))
        """
    assert said(attack(FUNCTIONS, cell)) == "SystemExit: [1, 2]"


def test_what_a_function_raises_is_told_without_the_lines_of_the_program_that_runs_it(attack):
    source = "def lambda_handler(*_): return 1 / 0"
    grade = attack(FUNCTIONS, f"make('f', {source!r})\nraise SystemExit(*ask('f')['stackTrace'])")
    frame = 'File "/var/task/lambda_function.py", line 1, in lambda_handler'
    assert said(grade).split("\n")[:2] == [f"SystemExit:   {frame}", f"    {source}"]


OWN_JMESPATH = """
import jmespath, pathlib
files = {path.name: path.read_text() for path in pathlib.Path(jmespath.__file__).parent.glob("*.py")}
files["__init__.py"] += "\\n__version__ = 'mine'"
layer = io.BytesIO()
with zipfile.ZipFile(layer, "w") as archive:
    for name, text in files.items():
        archive.writestr(f"python/jmespath/{name}", text)
arn = lambda_.publish_layer_version(LayerName="own", Content={"ZipFile": layer.getvalue()})["LayerVersionArn"]
source = '''
import boto3, botocore.paginate, jmespath
def lambda_handler(event, context): return [jmespath.__version__, botocore.paginate.jmespath.__version__]
'''
make("f", source, Layers=[arn])
raise SystemExit(ask("f"))
"""


def test_what_a_layer_brings_of_the_sdk_is_used_and_not_what_the_grader_has_loaded(attack):
    assert said(attack(FUNCTIONS, OWN_JMESPATH)) == "SystemExit: ['mine', 'mine']"


def test_a_function_finds_the_sdk_when_it_imports_it_and_not_before(attack):
    source = """
        import sys
        before = [name for name in sys.modules if name.startswith("boto")]
        import boto3
        def lambda_handler(event, context): return [before, boto3.client("sts").get_caller_identity()["Account"]]
        """
    assert said(attack(FUNCTIONS, f"make('f', '''{source}''')\nraise SystemExit(ask('f'))")) == (
        "SystemExit: [[], '000000000000']"
    )


EDGE = """
import base64, boto3, json
cloudfront = boto3.client("cloudfront")
event = {"context": {"eventType": "viewer-request"}, "request": {"method": "GET", "uri": "/pets/"}}
def run(name, code):
    config = {"Comment": "", "Runtime": "cloudfront-js-2.0"}
    etag = cloudfront.create_function(Name=name, FunctionConfig=config, FunctionCode=code.encode())["ETag"]
    told = cloudfront.test_function(Name=name, IfMatch=etag, EventObject=json.dumps(event).encode())["TestResult"]
    return told["FunctionErrorMessage"] or json.loads(told["FunctionOutput"])["request"]["uri"]
"""


def test_a_function_of_cloudfronts_runs_in_a_box(attack):
    code = "async function handler(e) { e.request.uri += 'index.html'; return e.request; }"
    assert said(attack(EDGE, f"raise SystemExit(run('f', {code!r}))")) == "SystemExit: /pets/index.html"


def test_one_that_does_not_end_is_stopped_and_another_runs(attack):
    codes = ["function handler(e) { for (;;); }", "function handler(e) { return e.request; }"]
    cell = f"raise SystemExit([run(f'f{{n}}', code)[-5:] for n, code in enumerate({codes!r})])"
    assert said(attack(EDGE, cell)) == "SystemExit: ['1 ms.', 'pets/']"
