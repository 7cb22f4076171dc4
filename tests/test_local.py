"""Tests for what counts as this machine."""

import pytest

from lab_harness.errors import ForeignEndpoint
from lab_harness.local import is_local, require_local

FOREIGN = "https://sqs.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:4566",
        "http://LOCALHOST:4566",
        "http://127.0.0.1:4566/",
        "http://127.1.2.3:4566",
        "http://[::1]:4566",
        "https://photos.s3-website.localhost:4566",
        "http://localhost.localstack.cloud:4566",
        "https://s3.localhost.localstack.cloud:4566",
        "http://localstack:4566",
    ],
)
def test_this_machine_is_local(url):
    assert is_local(url)
    require_local(url)


@pytest.mark.parametrize(
    "url",
    [
        FOREIGN,
        "https://dynamodb.eu-west-1.amazonaws.com",
        "http://example.com",
        "http://localhost.example.com:4566",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "http://localhost:4566@example.com",
        "http://example.com\\@localhost",
        "http://user@localhost",
        "http://localho\u017ft",
        "http://example.com/localhost",
        "http://example.com#localhost",
        "http://localhost.localstack.cloud.example.com",
        "http://evil-localhost",
        "http://mylocalstack:4566",
        "http://10.0.0.1:4566",
        "http://169.254.169.254",
        "http://0.0.0.0:4566",
        "http://[::ffff:10.0.0.1]",
        "http://127.999.0.1.nip.io",
        "http://[::1",
        "localhost:4566",
        "ftp://localhost",
        "file:///etc/passwd",
        "",
    ],
)
def test_other_machines_are_not_local(url):
    assert not is_local(url)
    with pytest.raises(ForeignEndpoint):
        require_local(url)


@pytest.mark.parametrize(
    "allowed", ["emulator.example", " Emulator.Example , other.example", "other.example,emulator.example"]
)
def test_allowed_host_is_local(monkeypatch, allowed):
    monkeypatch.setenv("LAB_ALLOWED_HOSTS", allowed)
    assert is_local("http://EMULATOR.example:4566")
    assert not is_local("http://third.example")


@pytest.mark.parametrize("allowed", ["", " , ,", "example", "*", ".example"])
def test_no_other_host_is_allowed_by_accident(monkeypatch, allowed):
    monkeypatch.setenv("LAB_ALLOWED_HOSTS", allowed)
    assert not is_local("http://emulator.example")
    assert not is_local("http://")


def test_refusal_says_how_to_allow_the_host():
    with pytest.raises(ForeignEndpoint) as caught:
        require_local("http://emulator.example:4566")
    assert "http://emulator.example:4566 is not on this machine" in str(caught.value)
    assert str(caught.value).endswith("allow its host: LAB_ALLOWED_HOSTS=emulator.example")
