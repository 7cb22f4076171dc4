"""Tests for what all HTML of ours is made with."""

from xml.etree import ElementTree

import pytest

from lab_harness.render.markup import bundle, coded, escaped, scrolling
from tests.conftest import ROOT

HOSTILE = "<img src=x onerror=alert(1)> & \"double\" 'single'"


def test_text_is_escaped_in_an_element_and_in_quotes():
    text = escaped(HOSTILE)
    element = ElementTree.fromstring(f"<p title=\"{text}\" lang='{text}'>{text}</p>")
    assert (element.text, element.get("title"), element.get("lang")) == (HOSTILE, HOSTILE, HOSTILE)


def test_what_no_page_can_carry_is_shown_as_missing():
    text = escaped("a\x00b\x1b[31m\ud800c\td")
    assert text == "a�b�[31m�c\td"
    assert text.encode("utf-8")


def test_wide_html_scrolls_by_keyboard_and_has_a_name():
    frame = ElementTree.fromstring(scrolling(HOSTILE, "<b>wide</b>"))
    assert frame.find("b").text == "wide"
    assert (frame.get("tabindex"), frame.get("role"), frame.get("aria-label")) == ("0", "region", HOSTILE)
    assert "overflow-x:auto" in frame.get("style")


def test_html_of_ours_is_kept_from_becoming_mathematics_and_made_at_one_place():
    assert bundle("$a $b", "<p>$a $b</p>") == {
        "text/plain": "$a $b",
        "text/html": '<div class="mathjax_ignore"><p>$a $b</p></div>',
    }
    sources = (ROOT / "lab_harness").rglob("*.py")
    making = [path.name for path in sources if '"text/html":' in path.read_text(encoding="utf-8")]
    assert making == ["markup.py"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("update_function_configuration changes Runtime.", ["update_function_configuration"]),
        ("put `json.dumps(…)` around it", ["json.dumps(…)"]),
        (
            "create_key(Name=x) gives BatchSize and batchItemFailures",
            ["create_key(Name=x)", "BatchSize", "batchItemFailures"],
        ),
        ('reset the lab (lab.reset()), and run lab.check("a").', ["lab.reset()", 'lab.check("a")']),
        ("the role arn:aws:iam::000000000000:role/a-role.", ["arn:aws:iam::000000000000:role/a-role"]),
        ("no permission for logs:PutLogEvents, s3:*", ["logs:PutLogEvents", "s3:*"]),
        ("CloudWatch and EventBridge, as DynamoDB and SQS, are names", []),
        ("Traceback:\n  in lambda_handler", []),
    ],
)
def test_what_is_code_in_a_sentence_is_monospaced(text, code):
    root = ElementTree.fromstring(f"<p>{coded(text)}</p>")
    assert [each.text for each in root] == code
    assert "".join(root.itertext()) == text.replace("`", "")


def test_code_in_a_sentence_is_escaped():
    assert coded("`<b>` & <i>a_b</i>") == "<code>&lt;b&gt;</code> &amp; &lt;i&gt;<code>a_b</code>&lt;/i&gt;"
