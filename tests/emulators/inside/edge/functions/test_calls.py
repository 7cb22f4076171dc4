"""Tests for how CloudFront Functions run, fail, and are logged."""

import pytest

from tests.emulators.inside.edge.functions.test_values import PASS, returning
from tests.log_lines import log_lines
from tests.waiting import wait_until


def logged(functions, name="rewrite"):
    return log_lines(functions.viewer.clients["logs"], f"/aws/cloudfront/function/{name}")


def test_what_a_function_prints_is_in_its_log(functions):
    functions.use(returning("console.log('for', request.uri, {a: 1})"))
    id = functions.viewer.ask("/about.html").headers["x-amz-cf-id"]
    start, line, end = wait_until(lambda: logged(functions))
    assert start == f"{id} START DistributionID: {functions.viewer.distribution['Id']}"
    assert (line, end) == (f'{id} for /about.html {{"a":1}}', f"{id} END")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("function handler(e) { throw new Error('no'); }", "FunctionExecutionError"),
        ("function handler(e) {", "FunctionExecutionError"),
        ("function handler(e) { for(;;); }", "FunctionThrottledError"),
    ],
)
def test_a_function_that_fails_is_a_503_and_its_log_says_why(functions, code, told):
    functions.use(code)
    answer = functions.viewer.ask("/about.html")
    assert (answer.status, answer.headers["x-cache"]) == (503, f"{told} from cloudfront")
    assert len(logged(functions)) >= 3


def test_a_function_works_on_after_another_was_stopped(functions):
    functions.use("function handler(e) { for(;;); }")
    assert functions.viewer.ask("/about.html").status == 503
    functions.use(PASS, name="good")
    assert functions.viewer.ask("/about.html").status == 200


def test_the_older_runtime_lacks_the_newer_language(functions):
    for number, code in enumerate(("const a = 1;", "let a = 1;", "async function f() {}")):
        functions.make(f"{code} {PASS}", name=f"old{number}", runtime="1.0", publish=False)
        assert "not supported in this version" in functions.test(f"old{number}")["FunctionErrorMessage"]
    old = "var x = 'let us', y = `const a`; // let it be\n/* const c */" + PASS
    functions.make(old, name="fine", runtime="1.0", publish=False)
    assert functions.test("fine")["FunctionErrorMessage"] == ""
