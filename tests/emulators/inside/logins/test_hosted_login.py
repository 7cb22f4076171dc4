"""Tests for the hosted login of a user pool's domain: the code flow with PKCE, and who is kept out."""

import base64
import hashlib
import re
import time
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import urllib3

from lab_harness.aws import Clients
from lab_harness.emulators.inside.buckets.websites import website_bucket
from lab_harness.emulators.inside.logins import hosted_login
from tests.emulators.inside.logins import totp
from tests.emulators.inside.logins.user_pools import FLOWS, PASSWORD, Owners, claims
from tests.emulators.inside.tables.test_point_in_time import advance

BACK = "http://pets.s3-website.localhost/back.html"
VERIFIER = "a-verifier-that-nobody-else-knows-of-43-characters"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
HOSTED = {
    "AllowedOAuthFlowsUserPoolClient": True, "AllowedOAuthFlows": ["code"], "CallbackURLs": [BACK],
    "AllowedOAuthScopes": ["openid", "email"], "SupportedIdentityProviders": ["COGNITO"],
    "LogoutURLs": [BACK],
}  # fmt: skip


class Login:
    """A pool with a domain and the user ana, and somebody at its page."""

    def __init__(self, emulator, domain="owners-of-pets"):
        self.owners = Owners(Clients(emulator))
        self.owners.client = self.owners.new_client(**HOSTED)
        self.owners.idp.create_user_pool_domain(UserPoolId=self.owners.pool, Domain=domain)
        self.owners.add(email="ana@example.com")
        self.port = urlsplit(emulator.endpoint).port
        self.host = f"{domain}.auth.localhost:{self.port}"
        self._pool = urllib3.HTTPConnectionPool("127.0.0.1", self.port)

    def request(self, method, path, headers=None, fields=None, **query):
        headers = {"Host": self.host} | (headers or {})
        body = urlencode(fields) if fields is not None else None
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        address = f"{path}?{urlencode(query)}" if query else path
        return self._pool.request(method, address, headers=headers, body=body, redirect=False, retries=False)

    def asked(self, **others):
        return {
            "client_id": self.owners.client, "redirect_uri": BACK, "response_type": "code", "scope": "openid email",
            "state": "s1", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
        } | others  # fmt: skip

    def page(self, **others):
        answer = self.request("GET", "/login", **self.asked(**others))
        return Form(answer)

    def send(self, form, **filled):
        return self.request("POST", "/login", {"Cookie": form.cookie}, form.hidden | filled)

    def code(self, **others):
        answer = self.send(self.page(**others), username="ana", password=PASSWORD)
        return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]

    def token(self, code, **others):
        fields = {
            "grant_type": "authorization_code", "client_id": self.owners.client, "code": code, "redirect_uri": BACK,
            "code_verifier": VERIFIER,
        } | others  # fmt: skip
        return self.request("POST", "/oauth2/token", fields={key: each for key, each in fields.items() if each})


class Form:
    """A page's form: what it keeps, and its cookie."""

    def __init__(self, answer):
        self.status, self.headers, self.text = answer.status, answer.headers, answer.data.decode()
        found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', self.text)
        self.hidden = {unescape(name): unescape(value) for name, value in found}
        self.cookie = answer.headers.get("set-cookie", "").partition(";")[0]


@pytest.fixture
def login(embedded):
    embedded.reset()
    return Login(embedded)


def test_code_flow_ends_in_tokens_with_the_scopes(login):
    begun = login.request("GET", "/oauth2/authorize", **login.asked(nonce="n1"))
    assert begun.status == 302
    assert begun.headers["location"].startswith("/login?client_id=")
    answer = login.send(login.page(nonce="n1"), username="ana", password=PASSWORD)
    assert answer.status == 302
    assert answer.headers["location"].startswith(f"{BACK}?code=")
    given = parse_qs(urlsplit(answer.headers["location"]).query)
    assert given["state"] == ["s1"]
    told = login.token(given["code"][0])
    assert told.headers["access-control-allow-origin"] == "*"
    tokens = told.json()
    assert claims(tokens["access_token"])["scope"] == "openid email"
    assert claims(tokens["id_token"])["nonce"] == "n1"
    about = login.request("GET", "/oauth2/userInfo", {"Authorization": f"Bearer {tokens['access_token']}"})
    assert about.json()["email"] == "ana@example.com"


def test_code_counts_once_for_five_minutes_and_with_its_verifier(login, embedded):
    code = login.code()
    for wrong in ({"code_verifier": "another"}, {"code_verifier": ""}, {"redirect_uri": f"{BACK}/"}):
        assert login.token(code, **wrong).json()["error"] == "invalid_grant"
    assert login.token(code).status == 200
    assert login.token(code).json()["error"] == "invalid_grant"
    code = login.code()
    advance(embedded, 301)
    assert login.token(code).json()["error"] == "invalid_grant"


def test_tokens_are_refreshed_with_groups_until_they_are_revoked(login):
    idp, pool = login.owners.idp, login.owners.pool
    idp.create_group(UserPoolId=pool, GroupName="vets")
    idp.admin_add_user_to_group(UserPoolId=pool, Username="ana", GroupName="vets")
    tokens = login.token(login.code()).json()
    renew = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    fresh = login.token("", **renew)
    assert claims(fresh.json()["access_token"])["cognito:groups"] == ["vets"]
    fields = {"token": tokens["refresh_token"], "client_id": login.owners.client}
    assert login.request("POST", "/oauth2/revoke", fields=fields).status == 200
    assert login.token("", **renew).json()["error"] == "invalid_grant"
    about = login.request("GET", "/oauth2/userInfo", {"Authorization": f"Bearer {tokens['access_token']}"})
    assert about.status == 401


def test_only_its_own_client_revokes_a_refresh_token(login):
    tokens = login.token(login.code()).json()

    def error(token, client=login.owners.client):
        answer = login.request("POST", "/oauth2/revoke", fields={"token": token, "client_id": client})
        return answer.json()["error"] if answer.status == 400 else answer.status

    assert error("") == "invalid_request"
    assert error(tokens["access_token"]) == "unsupported_token_type"
    assert error(tokens["refresh_token"], login.owners.new_client()) == "unauthorized_client"
    assert error(tokens["refresh_token"], "nobody") == "invalid_client"
    head, body, _ = tokens["refresh_token"].split(".")
    assert error(f"{head}.{body}.made-up") == 200
    renew = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert login.token("", **renew).status == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"redirect_uri": f"{BACK}x"},
        {"redirect_uri": BACK.replace("pets.", "evil.pets.")},
        {"redirect_uri": f"{BACK}?next=1"},
        {"redirect_uri": f"{BACK}/../back.html"},
        {"redirect_uri": ""},
        {"client_id": "nobody"},
    ],
)
def test_nobody_is_sent_to_an_address_that_the_client_does_not_have(login, wrong):
    for method, path, given in (
        ("GET", "/oauth2/authorize", {}),
        ("GET", "/login", {}),
        ("POST", "/login", {"username": "ana", "password": PASSWORD}),
    ):
        form = login.page()
        fields = form.hidden | given | wrong if method == "POST" else None
        query = {} if method == "POST" else login.asked(**wrong)
        answer = login.request(method, path, {"Cookie": form.cookie}, fields, **query)
        assert (answer.status, "location" in answer.headers) == (400, False)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"response_type": "token"}, "unauthorized_client"),
        ({"scope": "openid phone"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_application_that_asks_wrongly_is_told(login, wrong, error):
    answer = login.request("GET", "/oauth2/authorize", **login.asked(**wrong))
    assert answer.status == 302
    told = parse_qs(urlsplit(answer.headers["location"]).query)
    assert (told["error"], told["state"]) == ([error], ["s1"])


def test_page_runs_no_text_of_its_address_and_can_be_framed_by_nobody(login):
    evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    form = login.page(state=evil, nonce=evil)
    assert evil not in form.text
    assert "<script" not in form.text
    assert form.hidden["state"] == evil
    policy = form.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self' http://pets.s3-website.localhost;" in policy
    assert form.headers["x-frame-options"] == "DENY"
    shown = login.send(form, username=evil, password="x")
    assert evil not in shown.data.decode()


def test_form_of_another_page_signs_nobody_in(login):
    form = login.page()
    filled = form.hidden | {"username": "ana", "password": PASSWORD}
    for cookie, token in (("", filled["_csrf"]), (form.cookie, ""), (form.cookie, "other"), ("XSRF-TOKEN=", "")):
        answer = login.request("POST", "/login", {"Cookie": cookie}, filled | {"_csrf": token})
        assert answer.status == 403
    foreign = {"Cookie": form.cookie, "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert login.request("POST", "/login", foreign, filled).status == 403
    assert login.request("POST", "/login", {"Cookie": form.cookie}, filled).status == 302


def test_wrong_password_says_no_more_than_that_and_locks_out(login):
    for name in ("ana", "nobody"):
        shown = login.send(login.page(), username=name, password="Wrong-horse-9")
        assert shown.status == 200
        assert ("Incorrect username or password" in shown.data.decode()) == (name == "ana")
    for _ in range(4):
        login.send(login.page(), username="ana", password="Wrong-horse-9")
    assert "Password attempts exceeded" in login.send(login.page(), username="ana", password=PASSWORD).data.decode()


def test_second_factor_is_asked_for_on_a_page_of_its_own(login):
    owners = login.owners
    owners.idp.set_user_pool_mfa_config(
        UserPoolId=owners.pool, SoftwareTokenMfaConfiguration={"Enabled": True}, MfaConfiguration="OPTIONAL"
    )
    owners.client, hosted = owners.new_client(ExplicitAuthFlows=FLOWS), owners.client
    token = owners.tokens()["AccessToken"]
    secret = owners.idp.associate_software_token(AccessToken=token)["SecretCode"]
    owners.idp.verify_software_token(AccessToken=token, UserCode=totp.code(secret, time.time()))
    owners.idp.set_user_mfa_preference(AccessToken=token, SoftwareTokenMfaSettings={"Enabled": True})
    owners.client = hosted
    second = Form(login.send(login.page(), username="ana", password=PASSWORD))
    assert second.hidden["step"] == "SOFTWARE_TOKEN_MFA"
    again = Form(login.send(second, code="000000" if totp.code(secret, time.time()) != "000000" else "111111"))
    assert "Invalid code received for user" in again.text
    assert "already been used once" in login.send(again, code=totp.code(secret, time.time())).data.decode()
    assert login.send(again, code=totp.code(secret, time.time() + 30)).status == 302
    forged = login.page()
    forged.hidden |= {"step": "SOFTWARE_TOKEN_MFA", "session": "made-up-session-of-mine", "username": "ana"}
    assert login.send(forged, code=totp.code(secret, time.time())).status == 200


def test_temporary_password_is_changed_first(login):
    owners = login.owners
    owners.idp.admin_set_user_password(UserPoolId=owners.pool, Username="ana", Password=PASSWORD, Permanent=False)
    second = Form(login.send(login.page(), username="ana", password=PASSWORD))
    assert second.hidden["step"] == "NEW_PASSWORD_REQUIRED"
    again = Form(login.send(second, new_password="short"))
    assert "Password not long enough" in again.text
    assert login.send(again, new_password="Another-horse-9").status == 302


def test_logout_leads_to_the_clients_addresses_only(login):
    def leave(**query):
        return login.request("GET", "/logout", **{"client_id": login.owners.client} | query)

    assert leave(logout_uri=BACK).headers["location"] == BACK
    assert leave(logout_uri="https://evil.example/").status == 400
    assert leave(logout_uri=BACK, client_id="nobody").status == 400


def test_domain_must_be_there_and_its_client_of_its_pool(login, embedded):
    other = Login(embedded, "other-domain")
    other.host, login.host = login.host, other.host
    assert login.request("GET", "/login", **login.asked()).status == 400
    assert login.token("any").json()["error"] == "invalid_client"
    login.host = f"nobody.auth.localhost:{login.port}"
    assert login.request("GET", "/login", **login.asked()).status == 404


def test_client_without_an_identity_provider_has_no_page(login):
    login.owners.client = login.owners.new_client(**HOSTED | {"SupportedIdentityProviders": []})
    assert "Login pages unavailable" in login.page().text


def test_ministacks_own_page_is_closed(login, embedded):
    login.host = urlsplit(embedded.endpoint).netloc
    assert login.request("GET", "/oauth2/authorize", **login.asked()).status == 403
    assert login.request("POST", "/login", fields={"username": "ana"}).status == 403


def test_too_large_a_form_is_none(login):
    form = login.page()
    assert login.send(form, username="a" * 70_000, password=PASSWORD).status == 403


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("owners.auth.localhost:4566", "owners"), ("owners.auth.us-east-1.localhost", "owners"),
        ("OWNERS.auth.localhost", "owners"), ("my.auth.s3-website.localhost", None),
        ("my.auth.s3-website-us-east-1.localhost", None), ("auth.localhost", None), ("a.b.auth.localhost", None),
    ],
)  # fmt: skip
def test_login_has_a_host_that_no_website_can_have(host, domain):
    assert hosted_login.domain(host) == domain
    assert not (domain and website_bucket(host))
