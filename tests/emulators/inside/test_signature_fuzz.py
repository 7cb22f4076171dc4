"""Fuzzes the reading of signatures with hypothesis: whatever is malformed is refused by an answer, never let in."""

import http.client
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lab_harness.emulators.credentials import ACCESS_KEY_ID, Credentials, of_checks
from lab_harness.emulators.inside.access import signatures
from lab_harness.emulators.inside.access.faults import Fault
from lab_harness.emulators.inside.access.keys import Keys
from lab_harness.emulators.inside.access.requests import Request
from lab_harness.emulators.inside.moving_time import clock
from tests.waiting import PATIENCE

SECRET = "secret-of-the-learner"
KEYS = Keys(Credentials(ACCESS_KEY_ID, SECRET), of_checks("token"))
TEXT = st.text(max_size=40) | st.sampled_from(["", "/", "//", "=", ",", ";", "%", "\x00", "é", "𝟙", "-1", "1e9", "NaN"])
DATES = st.sampled_from(
    ["20261130T160000Z", "20261131T160000Z", "20261130T256000Z", "20261130", "00000000T000000Z", "99991231T235959Z",
     "2026-11-30T16:00:00Z", "20261130T160000", "𝟚0261130T160000Z", "20261130t160000z"]
) | TEXT  # fmt: skip
SCOPE = st.builds(
    "/".join, st.lists(TEXT | st.sampled_from([ACCESS_KEY_ID, "us-east-1", "s3", "aws4_request"]), max_size=7)
)
AUTHORIZATION = st.builds(
    lambda algorithm, parts: f"{algorithm} " + ",".join(parts),
    st.sampled_from(["AWS4-HMAC-SHA256", "AWS4-", "AWS4-ECDSA-P256-SHA256", "AWS4-HMAC-SHA256\t"]),
    st.lists(
        st.builds(
            "{}={}".format,
            st.sampled_from(["Credential", "Signature", "SignedHeaders", "", "credential"]),
            SCOPE | TEXT,
        ),
        max_size=5,
    ),
)  # fmt: skip
NAMES = ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature",
         "X-Amz-Security-Token", "AWSAccessKeyId", "Signature", "Expires", "x-amz-signature"]  # fmt: skip
QUERY = st.dictionaries(st.sampled_from(NAMES), st.lists(SCOPE | DATES | TEXT, min_size=1, max_size=2), max_size=9)
FORM = st.sampled_from(["multipart/form-data", "multipart/form-data; boundary=x", 'multipart/form-data; boundary="'])
BODY = st.binary(max_size=60) | st.builds(
    lambda name, value: f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n--x--\r\n'.encode(),
    st.sampled_from(["policy", "signature", "x-amz-credential", "AWSAccessKeyId"]), TEXT,
)  # fmt: skip
HEADERS = st.fixed_dictionaries(
    {"host": st.sampled_from(["127.0.0.1:4566", "pets.s3.localhost:4566", "", "a..b"])},
    optional={
        "authorization": AUTHORIZATION | TEXT, "x-amz-date": DATES, "date": DATES, "content-type": FORM,
        "x-amz-content-sha256": TEXT | st.just("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), "x-amz-security-token": TEXT,
    },
)  # fmt: skip
REQUESTS = st.builds(
    lambda method, path, query, headers, body: Request(method, quote(path), path, query, headers, body),
    st.sampled_from(["GET", "PUT", "POST"]), st.sampled_from(["/", "/pets/rex", "/é"]), QUERY, HEADERS, BODY,
)  # fmt: skip
MANY = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@MANY
@given(REQUESTS)
def test_what_is_malformed_is_refused_and_nothing_breaks(request):
    signatures.is_signed(request)
    signatures.is_link(request)
    assert isinstance(signatures.without_signature(request), Fault)
    assert isinstance(signatures.verify(request, KEYS), Fault)


def rightly_signed(date, expires=None):
    """A request with the right secret, signed as of this date, or a link that lasts so long."""
    sent = AWSRequest("GET", "http://127.0.0.1:4566/pets/rex", headers={})
    key = BotoCredentials(ACCESS_KEY_ID, SECRET)
    signer = (
        S3SigV4QueryAuth(key, "s3", "us-east-1", expires) if expires is not None else SigV4Auth(key, "s3", "us-east-1")
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.auth.get_current_datetime", lambda: Moment(date))
        signer.add_auth(sent)
    split = urlsplit(sent.url)
    query = {}
    for each in filter(None, split.query.split("&")):
        name, _, value = each.partition("=")
        query.setdefault(name, []).append(value.replace("%2F", "/"))
    headers = {name.lower(): value for name, value in sent.headers.items()} | {"host": "127.0.0.1:4566"}
    return Request("GET", split.path, split.path, query, headers)


class Moment:
    """A time that is written as it is told."""

    def __init__(self, text):
        self._text = text

    def strftime(self, form):
        return self._text if "T" in form else self._text[:8]


@MANY
@given(DATES.filter(lambda text: text.isascii() and text.isprintable() and not set(text) & set("/&=%+# ,;")))
@example("")
@example("20261130T16000ZZ")
@example("99991231T235959Z")
def test_date_that_is_none_or_far_makes_no_signature_that_lasts_for_ever(date):
    assert isinstance(signatures.verify(rightly_signed(date), KEYS), Fault)
    assert isinstance(signatures.verify(rightly_signed(date, 600), KEYS), Fault)


@pytest.mark.parametrize("expires", ["604801", "1_0", "-1", "", "+60", "6e2", "99999999999999999999999"])
def test_link_lasts_a_week_at_most(expires):
    now = datetime.fromtimestamp(clock.now(), UTC).strftime("%Y%m%dT%H%M%SZ")
    assert [signatures.verify(rightly_signed(now, right), KEYS) for right in ("600", "604800")] == ["learner"] * 2
    assert isinstance(signatures.verify(rightly_signed(now, expires), KEYS), Fault)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(authorization=AUTHORIZATION, date=DATES, query=QUERY)
def test_emulator_answers_what_is_malformed_with_a_refusal(embedded, authorization, date, query):
    connection = http.client.HTTPConnection(urlsplit(embedded.endpoint).netloc, timeout=PATIENCE)
    target = "/?" + "&".join(f"{name}={quote(each)}" for name, values in query.items() for each in values)
    fields = {"Authorization": authorization, "X-Amz-Date": date, "X-Amz-Target": "DynamoDB_20120810.ListTables"}
    try:
        connection.putrequest("POST", target)
        for name, value in fields.items():
            kept = "".join(each for each in value if each not in "\r\n\x00").encode("utf-8", "replace")
            connection.putheader(name, kept)
        connection.putheader("Content-Length", "2")
        connection.endheaders(b"{}")
        assert connection.getresponse().status in (400, 403)
    finally:
        connection.close()
