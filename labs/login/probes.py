"""What the checks of login do as users would: sign up and in, open the page, and use what an identity is given."""

import base64
import hashlib
import re
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from lab_harness.authors import Failure, customers, eventually, expect, owe

POOL, CLIENT, GATE, API, GROUP = "pet-owners", "pet-site", "owner-gate", "pet-owners-api", "owners"
PHOTOS, SITE = "pet-photos-000000000000", "pet-owners-site-000000000000"
SITE_HOST = f"{SITE}.s3-website.localhost"
PASSWORD_RULES = ("RequireUppercase", "RequireLowercase", "RequireNumbers", "RequireSymbols")
SHORTEST, QUICKLY = 10, 3
DONE = (200, 204)  # S3's answers to what somebody may do; the second is DELETE's
THROWAWAY = ("throwaway.example", "ten-minutes.example")
WHICH_CLIENT = (
    "Section 3 names create_user_pool_client; update_user_pool_client changes one, and wants all its settings again."
)


@dataclass
class Owner:
    """Somebody who has signed up, and what they sign in with."""

    pool: str
    client: str
    name: str
    email: str
    password: str


def the_one(kind, name, found, key, next_step):
    """The one of a name among several; Failure where there is none, or another."""
    named = [each for each in found if each.get(key) == name]
    if len(named) != 1:
        names = ", ".join(sorted(str(each.get(key)) for each in found)) or f"no {kind}"
        raise Failure(expected=f"one {kind} {name}", found=names, next_step=next_step, there=bool(named))
    return named[0]


def all_of(call, key, **given):
    """What all pages of an answer list; `call` is a client's operation by name."""
    client, operation = call
    return [each for page in client.get_paginator(operation).paginate(**given) for each in page.get(key, [])]


def pool(idp):
    """What Cognito tells of the user pool."""
    found = all_of((idp, "list_user_pools"), "UserPools", MaxResults=60)
    one = the_one("user pool", POOL, found, "Name", "Section 2 names create_user_pool; delete what is too many.")
    return idp.describe_user_pool(UserPoolId=one["Id"])["UserPool"]


def client(idp):
    """What Cognito tells of the pool's app client."""
    there = {"UserPoolId": pool(idp)["Id"]}
    found = all_of((idp, "list_user_pool_clients"), "UserPoolClients", **there, MaxResults=60)
    one = the_one("app client", CLIENT, found, "ClientName", WHICH_CLIENT)
    return idp.describe_user_pool_client(**there, ClientId=one["ClientId"])["UserPoolClient"]


def expect_group(idp, name, next_step):
    """Whether the pool has a group."""
    there = all_of((idp, "list_groups"), "Groups", UserPoolId=pool(idp)["Id"])
    expect.names("groups", [name], [each["GroupName"] for each in there], next_step)


def new_owner(idp, domain="example.com"):
    """Somebody whom the pool does not know."""
    about = client(idp)
    there = {user["Username"] for user in all_of((idp, "list_users"), "Users", UserPoolId=about["UserPoolId"])}
    name = customers.some_id(f"{customers.name().lower()}-", there)
    password = f"{customers.pet().capitalize()}-{secrets.token_hex(4)}-{customers.number()}aA1"
    return Owner(about["UserPoolId"], about["ClientId"], name, f"{name}@{domain}", password)


@contextmanager
def signed_up(idp, owner):
    """Somebody who signs up; afterwards the pool does not know them."""
    owed = owe("AWS::Cognito::UserPoolUser", owner.name)
    try:
        email = [{"Name": "email", "Value": owner.email}]
        idp.sign_up(ClientId=owner.client, Username=owner.name, Password=owner.password, UserAttributes=email)
        yield owner
    finally:
        there = all_of((idp, "list_users"), "Users", UserPoolId=owner.pool)
        if any(user["Username"] == owner.name for user in there):
            idp.admin_delete_user(UserPoolId=owner.pool, Username=owner.name)
        owed.gone()


def mails_to(inbox, owner):
    """What came to somebody by mail, perhaps to somebody before of the same name."""
    return [mail for mail in inbox() if mail.to == owner.email]


def code_for(inbox, owner, before):
    """The code that came to somebody by mail, who had so many before."""

    def look():
        found = mails_to(inbox, owner)[before:]
        codes = re.findall(r"\d{6}", found[-1].text) if found else []
        if not codes:
            raise Failure(
                expected=f"a mail with a code to {owner.email}",
                found=found[-1].text if found else "no mail",
                next_step="AutoVerifiedAttributes of the pool says which address gets a code: section 2.",
            )
        return codes[0]

    return eventually(look, within=QUICKLY)


@contextmanager
def owner(idp, inbox):
    """Somebody who has signed up and confirmed by the code."""
    new = new_owner(idp)
    before = len(mails_to(inbox, new))
    with signed_up(idp, new) as who:
        code = code_for(inbox, who, before)
        idp.confirm_sign_up(ClientId=who.client, Username=who.name, ConfirmationCode=code)
        yield who


def tokens(idp, who):
    """The tokens that somebody gets for their password."""
    given = {"USERNAME": who.name, "PASSWORD": who.password}
    try:
        answer = idp.initiate_auth(ClientId=who.client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given)
    except idp.exceptions.InvalidParameterException as error:
        expected, found = "tokens for the right password", error.response["Error"]["Message"]
        next_step = f"ExplicitAuthFlows of the client allows it. {WHICH_CLIENT}"
        raise Failure(expected=expected, found=found, next_step=next_step) from None
    if "AuthenticationResult" not in answer:
        found = f"the challenge {answer.get('ChallengeName')}"
        next_step = "set_user_pool_mfa_config takes MfaConfiguration OPTIONAL or OFF: nobody needs a second factor."
        raise Failure(expected="tokens for the right password", found=found, next_step=next_step)
    return answer["AuthenticationResult"]


def login_host(idp):
    """The host of the pool's domain."""
    domain = pool(idp).get("Domain")
    next_step = "Section 6 names create_user_pool_domain."
    if not domain:
        raise Failure(expected=f"a domain of {POOL}", found="none", next_step=next_step, there=False)
    return f"{domain}.auth.localhost"


class Page:
    """The pool's login, as somebody opens it from the site."""

    def __init__(self, http, idp, scope="openid"):
        self._http, self._host, self._scope = http, login_host(idp), scope
        self.client = client(idp)["ClientId"]
        self.back = f"http://{SITE_HOST}:{urlsplit(idp.meta.endpoint_url).port}/"
        self._verifier = secrets.token_urlsafe(48)

    def open(self):
        """The answer to the site's address of the login."""
        digest = hashlib.sha256(self._verifier.encode()).digest()
        asked = {
            "client_id": self.client, "redirect_uri": self.back, "response_type": "code", "scope": self._scope,
            "state": secrets.token_hex(8), "code_challenge_method": "S256",
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        }  # fmt: skip
        return self._http.request("GET", f"/login?{urlencode(asked)}", host=self._host)

    def expect_form(self):
        """The page, which has a form to sign in with."""
        page = self.open()
        if page.status != 200 or 'name="password"' not in page.text:
            alert = re.search(r'role="alert">([^<]*)', page.text)
            told = page.headers.get("location") or (unescape(alert[1]) if alert else str(page))
            raise Failure(
                expected=f"a page to sign in on that leads back to {self.back}",
                found=f"{page.status} {told}",
                next_step="AllowedOAuthScopes: section 6 names two."
                if "invalid_scope" in told
                else "Section 6 lists what the client needs: provider, flow, scopes and CallbackURLs.",
            )
        return page

    def code(self, who):
        """The code with which somebody who signs in comes back to the site."""
        page = self.expect_form()
        kept = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text))
        fields = {unescape(key): unescape(value) for key, value in kept.items()}
        fields |= {"username": who.name, "password": who.password}
        cookie = page.headers.get("set-cookie", "").partition(";")[0]
        answer = self._post("/login", fields, {"Cookie": cookie})
        found = parse_qs(urlsplit(answer.headers.get("location", "")).query).get("code")
        if not found:
            next_step = "lab.why() says what was refused; section 6 lists what the client needs."
            raise Failure(expected="a code for the site", found=str(answer), next_step=next_step)
        return found[0]

    def tokens(self, code):
        """The answer to a code."""
        fields = {
            "grant_type": "authorization_code", "client_id": self.client, "code": code, "redirect_uri": self.back,
            "code_verifier": self._verifier,
        }  # fmt: skip
        return self._post("/oauth2/token", fields, {})

    def _post(self, path, fields, headers):
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._http.request("POST", path, urlencode(fields), headers | kind, host=self._host)


def identity_pool(identity):
    """What Cognito tells of the identity pool."""
    found = all_of((identity, "list_identity_pools"), "IdentityPools", MaxResults=60)
    next_step = "Section 8 names create_identity_pool; delete what is too many."
    one = the_one("identity pool", POOL, found, "IdentityPoolName", next_step)
    return identity.describe_identity_pool(IdentityPoolId=one["IdentityPoolId"])


def credentials(identity, who=None, token=None):
    """The id of somebody's identity, a guest's without `who`, and its temporary credentials."""
    logins = {"Logins": {f"cognito-idp.us-east-1.amazonaws.com/{who.pool}": token}} if who else {}
    found = identity.get_id(IdentityPoolId=identity_pool(identity)["IdentityPoolId"], **logins)["IdentityId"]
    return found, identity.get_credentials_for_identity(IdentityId=found, **logins)["Credentials"]


def ask_s3(http, s3, keys, method, key, body=None):
    """S3's answer to a request for an object of the photos, signed with temporary credentials."""
    request = AWSRequest(method, f"{s3.meta.endpoint_url}/{PHOTOS}/{key}")
    mine = Credentials(keys["AccessKeyId"], keys["SecretKey"], keys["SessionToken"])
    S3SigV4QueryAuth(mine, "s3", "us-east-1", expires=60).add_auth(request)
    parts = urlsplit(request.url)
    return http.request(method, f"{parts.path}?{parts.query}", body)


def expect_access(answer, allowed, what, next_step):
    """Whether S3 lets somebody do something, or not, as it should."""
    if (answer.status in DONE) != allowed or answer.status not in (*DONE, 403):
        message = re.search(r"<Message>([^<]*)", answer.text)
        expect.value(f"{what}:", 200 if allowed else 403, f"{answer.status} {message[1] if message else ''}", next_step)
