"""Tests for signed URLs and signed cookies."""

import base64
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lab_harness.emulators.inside.edge.distributions import signatures
from tests.emulators.inside.edge.distributions.distributions import behavior

RSA = rsa.generate_private_key(65537, 2048)
CODES = {"MissingKey", "InvalidKey", "AccessDenied", "MalformedPolicy"}


def pem(private):
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def by_rsa(private=RSA, hash=hashes.SHA1):
    return lambda text: private.sign(text, padding.PKCS1v15(), hash())


def escaped(value):
    """What a URL or a cookie says for a policy or a signature."""
    return base64.b64encode(value).decode().translate(str.maketrans("+=/", "-_~"))


class Signer:
    """A distribution that serves who has a signature of its key, and who gives them."""

    def __init__(self, site):
        self.site, cloudfront = site, site.cloudfront
        self.key = self.add_key("signer", RSA)
        group = {"Name": "signers", "Items": [self.key]}
        self.group = cloudfront.create_key_group(KeyGroupConfig=group)["KeyGroup"]["Id"]
        self.close()

    def add_key(self, name, private):
        config = {"CallerReference": name, "Name": name, "EncodedKey": pem(private)}
        return self.site.cloudfront.create_public_key(PublicKeyConfig=config)["PublicKey"]["Id"]

    def close(self):
        trusted = {"TrustedKeyGroups": {"Enabled": True, "Quantity": 1, "Items": [self.group]}}
        self.site.change(DefaultCacheBehavior=behavior(**trusted))

    def url(self, path="/about.html", scheme="http"):
        return f"{scheme}://{self.site.distribution['DomainName']}{path}"

    def signed(self, path="/about.html", minutes=5, key=None, sign=None, policy=None, of=None):
        """The path of a signed URL."""
        signer, until = (
            CloudFrontSigner(key or self.key, sign or by_rsa()),
            datetime.now(UTC) + timedelta(minutes=minutes),
        )
        given = {"policy": policy} if policy else {"date_less_than": until}
        return "/" + signer.generate_presigned_url(of or self.url(path), **given).split("/", 3)[3]

    def policy(self, resource="*", minutes=5, **condition):
        until = {"DateLessThan": {"AWS:EpochTime": at(minutes)}}
        return json.dumps({"Statement": [{"Resource": resource, "Condition": until | condition}]})

    def code(self, path, **more):
        """AWS's code for who is not let in; else what they get."""
        answer = self.site.ask(path, **more)
        found = answer.text.partition("<Code>")[2].partition("</Code>")[0]
        assert (answer.status == 403) is (found in CODES)
        return found or answer.text


def at(minutes):
    return int((datetime.now(UTC) + timedelta(minutes=minutes)).timestamp())


@pytest.fixture
def signer(site):
    return Signer(site)


def test_who_has_no_signature_is_told_what_is_missing(signer):
    answer = signer.site.ask("/about.html")
    assert (answer.status, answer.headers["x-cache"]) == (403, "Error from cloudfront")
    words = "<Code>MissingKey</Code><Message>Missing Key-Pair-Id query parameter or cookie value</Message>"
    assert words in answer.text


def test_a_signed_url_opens_one_file_for_a_time(signer, embedded):
    url = signer.signed()
    assert signer.code(url) == "this is about.html"
    assert signer.code(url, https=True) == "AccessDenied"  # another URL than the signed one
    assert signer.code(url.replace("about", "index")) == "AccessDenied"
    list(embedded.advance(301))
    assert signer.code(url) == "AccessDenied"


def test_a_moment_that_is_none_lets_nobody_in(signer):
    for moment in ("9" * 5000, "-1", "soon"):
        assert signer.code(re.sub("Expires=[0-9]+", f"Expires={moment}", signer.signed())) == "AccessDenied"


def test_a_signed_url_is_kept_as_the_plain_one(signer):
    assert signer.site.seen(signer.signed()) == (200, "Miss")
    assert signer.site.seen(signer.signed(minutes=9)) == (200, "Hit")


def test_the_query_string_is_a_part_of_what_is_signed(signer):
    assert signer.code(signer.signed("/about.html?size=large")) == "this is about.html"
    assert signer.code(signer.signed("/about.html?size=large").replace("large", "small")) == "AccessDenied"
    assert signer.code(signer.signed() + "&size=large") == "AccessDenied"


@pytest.mark.parametrize(
    ("resource", "condition", "found"),
    [
        ("*", {}, "this is about.html"), ("http*://*/about.*", {}, "this is about.html"),
        ("*/abou?.html", {}, "this is about.html"), ("*/img/*", {}, "AccessDenied"),
        ("*", {"DateGreaterThan": {"AWS:EpochTime": at(60)}}, "AccessDenied"),
        ("*", {"DateLessThan": {"AWS:EpochTime": at(-1)}}, "AccessDenied"),
        ("*", {"IpAddress": {"AWS:SourceIp": "127.0.0.0/8"}}, "this is about.html"),
        ("*", {"IpAddress": {"AWS:SourceIp": "192.0.2.0/24"}}, "AccessDenied"),
        ("*", {"IpAddress": {"AWS:SourceIp": "anywhere"}}, "MalformedPolicy"),
        ("*", {"DateLessThan": {"AWS:EpochTime": float("inf")}}, "MalformedPolicy"),
        ("*", {"DateLessThan": {}}, "MalformedPolicy"), ("*", {"DateLessThan": None}, "MalformedPolicy"),
    ],
)  # fmt: skip
def test_a_custom_policy_says_who_may_see_what_and_when(signer, resource, condition, found):
    assert signer.code(signer.signed(policy=signer.policy(resource, **condition))) == found


ENDLESS = '{"Statement": [{"Condition": {"DateLessThan": {"AWS:EpochTime": 1e999}}}]}'


@pytest.mark.parametrize("policy", ["5", "[]", "{", '{"Statement": []}', '{"Statement": [5]}', "[" * 9999, ENDLESS])
def test_a_policy_that_is_none_is_told(signer, policy):
    assert signer.code(signer.signed(policy=policy)) == "MalformedPolicy"


def test_cookies_open_many_files(signer):
    policy = signer.policy("*/img/*").encode()
    given = [escaped(policy), escaped(by_rsa()(policy)), signer.key]
    names = ("CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id")
    cookie = "; ".join(f"{name}={value}" for name, value in zip(names, given, strict=True))
    assert signer.code("/img/cat.txt", Cookie=cookie) == "this is img/cat.txt"
    assert signer.code("/img/dog.txt", Cookie=cookie) == "this is img/dog.txt"
    assert signer.code("/about.html", Cookie=cookie) == "AccessDenied"
    assert signer.code("/img/cat.txt?Expires=5", Cookie=cookie) == "MissingKey"  # a URL that says so counts alone


def test_only_a_key_of_a_trusted_group_counts(signer):
    other = rsa.generate_private_key(65537, 2048)
    key = signer.add_key("other", other)
    assert signer.code(signer.signed(key=key, sign=by_rsa(other))) == "InvalidKey"
    assert signer.code(signer.signed(sign=by_rsa(other))) == "AccessDenied"
    assert signer.code(signer.signed(key="K0", sign=by_rsa())) == "InvalidKey"


@pytest.mark.parametrize("broken", ["", "A", "____", "%00", "é"])
def test_a_signature_that_is_none_opens_nothing(signer, broken):
    until = at(5)
    assert signer.code(f"/about.html?Expires={until}&Signature={broken}&Key-Pair-Id={signer.key}") == "AccessDenied"


def test_other_kinds_of_signatures_count(signer):
    private = ec.generate_private_key(ec.SECP256R1())
    policy = b'{"Statement": []}'
    assert signatures.good(pem(private), escaped(private.sign(policy, ec.ECDSA(hashes.SHA1()))), policy, "")
    assert signatures.good(pem(RSA), escaped(by_rsa(hash=hashes.SHA256)(policy)), policy, "SHA256")
    assert not signatures.good(pem(RSA), escaped(by_rsa(hash=hashes.SHA256)(policy)), policy, "")
    assert not signatures.good(pem(RSA), escaped(by_rsa()(policy)), policy, "MD5")


@pytest.mark.parametrize(
    "key", ["none", pem(rsa.generate_private_key(65537, 1024)), pem(ec.generate_private_key(ec.SECP384R1()))]
)
def test_a_key_that_cloudfront_does_not_take_is_refused(site, key):
    config = {"CallerReference": "key", "Name": "key", "EncodedKey": key}
    with pytest.raises(ClientError, match="InvalidArgument"):
        site.cloudfront.create_public_key(PublicKeyConfig=config)


def test_a_group_that_is_not_there_is_refused_and_one_in_use_stays(signer):
    missing = {"TrustedKeyGroups": {"Enabled": True, "Quantity": 1, "Items": ["K0"]}}
    with pytest.raises(ClientError, match="TrustedKeyGroupDoesNotExist"):
        signer.site.change(DefaultCacheBehavior=behavior(**missing))
    etag = signer.site.cloudfront.get_key_group(Id=signer.group)["ETag"]
    with pytest.raises(ClientError, match="ResourceInUse"):
        signer.site.cloudfront.delete_key_group(Id=signer.group, IfMatch=etag)
