"""Tests for the lab login."""

import json
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace

import pytest

from lab_harness import load_lab, run_checks
from lab_harness.authors import Failure
from lab_harness.lab.notebooks import read_notebook
from tests.conftest import ROOT

from .helpers import aws_cli, deploy, found_alone, not_passed, solved

lab = load_lab("login")
FIRST = {"buckets_exist", "role_exists", "function_exists", "pool_exists", "gate_exists"}
GATE = (lab.folder / "functions/owner_gate/lambda_function.py").read_text(encoding="utf-8")
PHOTOS, SITE = lab.checks.PHOTOS, lab.checks.SITE
FLOWS = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
RULES = {f"Require{kind}": True for kind in ("Uppercase", "Lowercase", "Numbers", "Symbols")}
POLICY = {"PasswordPolicy": {"MinimumLength": 10, **RULES}}
FUNCTION, ROUTE = "arn:aws:lambda:us-east-1:000000000000:function", "GET /me"
WHO = "cognito-identity.amazonaws.com"


@pytest.fixture(scope="module")
def account(emulator):
    """An account that is solved once, for tests that leave it as it was."""
    return Account(solved(lab, emulator))


class Account:
    """The solved lab, with the ids that change in it."""

    def __init__(self, clients):
        self.clients, self.idp, self.identity = clients, clients["cognito-idp"], clients["cognito-identity"]
        self.gateway = clients["apigatewayv2"]
        (pool,) = self.idp.list_user_pools(MaxResults=60)["UserPools"]
        self.pool = {"UserPoolId": pool["Id"]}
        (client,) = self.idp.list_user_pool_clients(**self.pool, MaxResults=60)["UserPoolClients"]
        self.client = client["ClientId"]
        (identities,) = self.identity.list_identity_pools(MaxResults=60)["IdentityPools"]
        self.identities = {"IdentityPoolId": identities["IdentityPoolId"]}
        (api,) = [each for each in self.gateway.get_apis()["Items"] if each["Name"] == lab.checks.API]
        self.api = {"ApiId": api["ApiId"]}

    @contextmanager
    def with_pool(self, **changes):
        """The user pool with other settings, for a while."""
        names = ("AutoVerifiedAttributes", "Policies", "LambdaConfig")
        now = self.idp.describe_user_pool(**self.pool)["UserPool"]
        before = {name: now[name] for name in names}
        self.idp.update_user_pool(**self.pool, **before | changes)
        try:
            yield
        finally:
            self.idp.update_user_pool(**self.pool, **before)

    @contextmanager
    def with_client(self, **changes):
        names = (
            *("ClientName", "ExplicitAuthFlows", "SupportedIdentityProviders", "AllowedOAuthFlowsUserPoolClient"),
            *("AllowedOAuthFlows", "AllowedOAuthScopes", "CallbackURLs", "LogoutURLs"),
        )
        there = {**self.pool, "ClientId": self.client}
        now = self.idp.describe_user_pool_client(**there)["UserPoolClient"]
        before = {name: now[name] for name in names}
        self.idp.update_user_pool_client(**there, **before | changes)
        try:
            yield
        finally:
            self.idp.update_user_pool_client(**there, **before)

    @contextmanager
    def with_policy(self, role, resource, actions=("s3:GetObject", "s3:PutObject"), *more):
        iam, named = self.clients["iam"], {"RoleName": role, "PolicyName": "work"}
        before = iam.get_role_policy(**named)["PolicyDocument"]
        allow = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
        document = {"Version": "2012-10-17", "Statement": [allow, *more]}
        iam.put_role_policy(**named, PolicyDocument=json.dumps(document))
        try:
            yield
        finally:
            iam.put_role_policy(**named, PolicyDocument=json.dumps(before))

    @contextmanager
    def with_trust(self, role, **condition):
        iam = self.clients["iam"]
        before = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        changed = json.loads(json.dumps(before))
        changed["Statement"][0]["Condition"] |= condition
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(changed))
        try:
            yield
        finally:
            iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(before))

    @contextmanager
    def with_roles(self, mappings=None, **roles):
        before = self.identity.get_identity_pool_roles(**self.identities)
        kept = before["Roles"] | roles
        self.identity.set_identity_pool_roles(**self.identities, Roles=kept, RoleMappings=mappings or {})
        try:
            yield
        finally:
            again = {name: before[name] for name in ("Roles", "RoleMappings")}
            self.identity.set_identity_pool_roles(**self.identities, **again)

    @contextmanager
    def with_gate(self, old, new):
        assert old in GATE
        deploy(self.clients, "owner-gate", GATE.replace(old, new))
        try:
            yield
        finally:
            deploy(self.clients, "owner-gate", GATE)

    @contextmanager
    def with_authorizer(self, **changes):
        (found,) = self.gateway.get_authorizers(**self.api)["Items"]
        there = {**self.api, "AuthorizerId": found["AuthorizerId"]}
        self.gateway.update_authorizer(**there, JwtConfiguration=found["JwtConfiguration"] | changes)
        try:
            yield
        finally:
            self.gateway.update_authorizer(**there, JwtConfiguration=found["JwtConfiguration"])

    @contextmanager
    def with_group(self, name, **settings):
        before = self.idp.get_group(**self.pool, GroupName=name)["Group"]
        self.idp.delete_group(**self.pool, GroupName=name)
        if settings:
            self.idp.create_group(**self.pool, GroupName=name, **settings)
        try:
            yield
        finally:
            if settings:
                self.idp.delete_group(**self.pool, GroupName=name)
            role = {"RoleArn": before["RoleArn"]} if before.get("RoleArn") else {}
            self.idp.create_group(**self.pool, GroupName=name, **role)

    @contextmanager
    def with_identities(self, **changes):
        told = self.identity.describe_identity_pool(**self.identities)
        before = {name: value for name, value in told.items() if value and name != "ResponseMetadata"}
        self.identity.update_identity_pool(**before | changes)
        try:
            yield
        finally:
            self.identity.update_identity_pool(**before)

    @contextmanager
    def with_second_pool(self):
        made = self.idp.create_user_pool(PoolName="pet-owners")["UserPool"]["Id"]
        try:
            yield
        finally:
            self.idp.delete_user_pool(UserPoolId=made)

    @contextmanager
    def with_secret(self):
        with self.with_client(ClientName="another"):
            made = self.idp.create_user_pool_client(
                **self.pool, ClientName="pet-site", GenerateSecret=True, ExplicitAuthFlows=FLOWS
            )["UserPoolClient"]["ClientId"]
            try:
                yield
            finally:
                self.idp.delete_user_pool_client(**self.pool, ClientId=made)

    @contextmanager
    def with_permission(self, source=None):
        lambda_, pool = self.clients["lambda"], self.idp.describe_user_pool(**self.pool)["UserPool"]["Arn"]
        given = {"FunctionName": "owner-gate", "StatementId": "pool"}
        let_in = {**given, "Action": "lambda:InvokeFunction", "Principal": "cognito-idp.amazonaws.com"}
        lambda_.remove_permission(**given)
        if source:
            lambda_.add_permission(**let_in, SourceArn=source)
        try:
            yield
        finally:
            if source:
                lambda_.remove_permission(**given)
            lambda_.add_permission(**let_in, SourceArn=pool)

    @contextmanager
    def with_route(self, **changes):
        routes = self.gateway.get_routes(**self.api)["Items"]
        (found,) = [each for each in routes if each["RouteKey"] == ROUTE]
        there = {**self.api, "RouteId": found["RouteId"]}
        self.gateway.update_route(**there, **changes)
        try:
            yield
        finally:
            again = {name: found[name] for name in ("RouteKey", "AuthorizationType", "AuthorizerId")}
            self.gateway.update_route(**there, **again)

    @contextmanager
    def with_api(self, **changes):
        self.gateway.update_api(**self.api, **changes)
        try:
            yield
        finally:
            self.gateway.update_api(**self.api, Name=lab.checks.API)

    @contextmanager
    def without_domain(self):
        domain = {**self.pool, "Domain": self.idp.describe_user_pool(**self.pool)["UserPool"]["Domain"]}
        self.idp.delete_user_pool_domain(**domain)
        try:
            yield
        finally:
            self.idp.create_user_pool_domain(**domain)

    @contextmanager
    def without_website(self):
        s3 = self.clients["s3"]
        before = s3.get_bucket_website(Bucket=SITE)["IndexDocument"]
        s3.delete_bucket_website(Bucket=SITE)
        try:
            yield
        finally:
            s3.put_bucket_website(Bucket=SITE, WebsiteConfiguration={"IndexDocument": before})


def test_untouched_lab_fails_what_needs_nothing(clients):
    assert not_passed(run_checks(lab, clients)) == FIRST


def test_solved_lab_passes_and_leaves_nothing(account):
    s3, idp = account.clients["s3"], account.idp

    def held():
        objects = s3.list_objects_v2(Bucket=PHOTOS)["Contents"]
        return [each["Key"] for each in objects], idp.list_users(**account.pool)["Users"]

    before = held()
    report = run_checks(lab, account.clients)
    assert not not_passed(report)
    assert report.complete
    assert held() == before == (["public/welcome.txt"], [])


KEPT = ("s3:GetObject", "s3:PutObject")
ANY_DELETE = {"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": f"arn:aws:s3:::{PHOTOS}/private/*"}
NOTHING_PRIVATE = {"Effect": "Deny", "Action": "s3:*", "Resource": f"arn:aws:s3:::{PHOTOS}/private/*"}
PRIVATE, OWN = f"arn:aws:s3:::{PHOTOS}/private", "${cognito-identity.amazonaws.com:sub}"
RAISES = 'raise ValueError("Please sign up with an address that you keep")'
# What is done to the account; the check that fails, and words of what it found.
MISTAKES = {
    "short passwords": ("with_pool", {"Policies": {"PasswordPolicy": {"MinimumLength": 9, **RULES}}},
                        "passwords_are_strong", "9"),
    "no symbols": ("with_pool", {"Policies": {"PasswordPolicy": POLICY["PasswordPolicy"] | {"RequireSymbols": False}}},
                   "passwords_are_strong", "RequireUppercase"),
    "no numbers": ("with_pool", {"Policies": {"PasswordPolicy": POLICY["PasswordPolicy"] | {"RequireNumbers": False}}},
                   "passwords_are_strong", "RequireSymbols"),
    "nothing verified": ("with_pool", {"AutoVerifiedAttributes": []}, "owners_sign_in", "no mail"),
    "phones verified": ("with_pool", {"AutoVerifiedAttributes": ["phone_number"]}, "owners_sign_in", "no mail"),
    "no passwords": ("with_client", {"ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"]},
                     "owners_sign_in", "USER_PASSWORD_AUTH"),
    "another client": ("with_client", {"ClientName": "pet-sites"}, "client_is_public", "pet-sites"),
    "one trigger": ("with_pool", {"LambdaConfig": {"PreSignUp": f"{FUNCTION}:owner-gate"}},
                    "pool_calls_gate", "none"),
    "no trigger": ("with_pool", {"LambdaConfig": {}}, "pool_calls_gate", "none"),
    "another function": ("with_pool", {"LambdaConfig": {"PreSignUp": f"{FUNCTION}:my-pets"}},
                         "pool_calls_gate", "my-pets"),
    "everybody": ("with_gate", (RAISES, "pass"), "strangers_stay_out", "has signed up"),
    "by case": ("with_gate", (".lower()", ""), "strangers_stay_out", "has signed up"),
    "one domain": ("with_gate", (', "ten-minutes.example"', ""), "strangers_stay_out", "ten-minutes"),
    "by its end": ("with_gate", ("domain in THROWAWAY", "domain.endswith(tuple(THROWAWAY))"), "strangers_stay_out",
                   "was refused"),
    "another group": ("with_gate", ('GroupName="owners"', 'GroupName="vets"'), "owners_join_their_group", "vets"),
    "the wrong moment": ("with_gate", ("PostConfirmation_ConfirmSignUp", "PostConfirmation_ConfirmForgotPassword"),
                         "owners_join_their_group", "groups"),
    "another audience": ("with_authorizer", {"Audience": ["somebody"]}, "owners_are_known", "401"),
    "another issuer": ("with_authorizer", {"Issuer": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_other"},
                       "owners_are_known", "401"),
    "no group": ("with_group", ("owners",), "group_exists", "vets"),
    "two pools": ("with_second_pool", {}, "pool_exists", "pet-owners, pet-owners"),
    "a secret": ("with_secret", {}, "client_is_public", "a secret"),
    "no permission": ("with_permission", {}, "pool_calls_gate", "no permission"),
    "any pool's permission": ("with_permission", ("arn:aws:cognito-idp:us-east-1:000000000000:userpool/*",),
                              "pool_calls_gate", "userpool/*"),
    "open to all": ("with_route", {"AuthorizationType": "NONE"}, "strangers_get_401", "200"),
    "another API": ("with_api", {"Name": "pet-owner-api"}, "api_is_there", "pet-owner-api"),
    "no domain": ("without_domain", {}, "page_opens", "none"),
    "no website": ("without_website", {}, "site_is_served", "none"),
    "no slash": ("with_client", {"CallbackURLs": ["http://localhost/back"]}, "page_opens", "redirect_mismatch"),
    "no provider": ("with_client", {"SupportedIdentityProviders": []}, "page_opens", "Login pages unavailable"),
    "no flow": ("with_client", {"AllowedOAuthFlowsUserPoolClient": False}, "page_opens", "unauthorized_client"),
    "one scope": ("with_client", {"AllowedOAuthScopes": ["openid"]}, "code_becomes_tokens", "invalid_scope"),
    "another pool": ("with_identities", {"IdentityPoolName": "pets"}, "identity_pool_exists", "pets"),
    "no pool given": ("with_identities", {"CognitoIdentityProviders": []}, "identity_pool_exists", "no providers"),
    "no guests": ("with_identities", {"AllowUnauthenticatedIdentities": False}, "guests_read_what_is_public",
                  "Unauthenticated access"),
    "all of private": ("with_policy", ("pet-owner-role", f"{PRIVATE}/*"), "owners_reach_their_own", "200"),
    "reading only": ("with_policy", ("pet-owner-role", f"{PRIVATE}/{OWN}/*", ["s3:GetObject"]),
                     "owners_reach_their_own", "403"),
    "deleting others'": ("with_policy", ("pet-owner-role", f"{PRIVATE}/{OWN}/*", KEPT, ANY_DELETE),
                         "owners_reach_their_own", "204"),
    "guests read the rest": ("with_policy", ("pet-guest-role", f"arn:aws:s3:::{PHOTOS}/*", KEPT[:1], NOTHING_PRIVATE),
                             "guests_read_what_is_public", "200"),
    "vets write": ("with_policy", ("pet-vet-role", f"{PRIVATE}/*"), "vets_read_all", "200"),
    "another variable": ("with_policy", ("pet-owner-role", f"{PRIVATE}/${{aws:userid}}/*"),
                         "owners_reach_their_own", "403"),
    "guests write": ("with_policy", ("pet-guest-role", f"arn:aws:s3:::{PHOTOS}/public/*"),
                     "guests_read_what_is_public", "200"),
    "guests read all": ("with_policy", ("pet-guest-role", f"arn:aws:s3:::{PHOTOS}/*", ["s3:GetObject"]),
                        "guests_read_what_is_public", "200"),
    "guests trusted as owners": ("with_trust", ("pet-guest-role",), "guests_read_what_is_public", "assigned IAM roles"),
    "owners of another pool": ("with_trust", ("pet-owner-role",), "owners_reach_their_own", "assigned IAM roles"),
    "no mapping": ("with_roles", (), "vets_read_all", "403"),
    "a group without role": ("with_group", ("vets",), "vets_read_all", "owners"),
    "a vet's own": ("with_policy", ("pet-vet-role", f"{PRIVATE}/{OWN}/*"), "vets_read_all", "403"),
}  # fmt: skip
TRUSTS = {
    "guests trusted as owners": {"ForAnyValue:StringLike": {f"{WHO}:amr": "authenticated"}},
    "owners of another pool": {"StringEquals": {f"{WHO}:aud": "us-east-1:another"}},
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_is_found_by_one_check(account, mistake):
    how, given, check, words = MISTAKES[mistake]
    keywords = given if isinstance(given, dict) else TRUSTS.get(mistake, {})
    with getattr(account, how)(*(() if isinstance(given, dict) else given), **keywords):
        assert words in found_alone(lab, account.clients, check)


def test_a_code_that_came_before_somebody_signed_up_is_not_theirs(monkeypatch):
    probes, who = lab.checks.probes, SimpleNamespace(email="ana@example.com")
    monkeypatch.setattr(probes, "QUICKLY", 0)
    mails = [SimpleNamespace(to=who.email, text="Your code is 111111")]
    with pytest.raises(Failure, match="no mail"):
        probes.code_for(lambda: mails, who, before=1)
    mails.append(SimpleNamespace(to=who.email, text="Your code is 222222"))
    assert probes.code_for(lambda: mails, who, before=1) == "222222"


def test_second_factor_for_everybody_is_named(account):
    given = {"SoftwareTokenMfaConfiguration": {"Enabled": True}}
    account.idp.set_user_pool_mfa_config(**account.pool, **given, MfaConfiguration="ON")
    assert "MFA_SETUP" in found_alone(lab, account.clients, "owners_sign_in")
    account.idp.set_user_pool_mfa_config(**account.pool, **given, MfaConfiguration="OPTIONAL")
    assert not not_passed(run_checks(lab, account.clients, ["owners_sign_in"]))


def test_browser_signs_in_at_the_pools_page_and_comes_back(account, page):
    from playwright.sync_api import expect

    port = account.clients.emulator.endpoint.rpartition(":")[2]
    site = f"http://{lab.checks.SITE_HOST}:{port}/"
    account.idp.admin_create_user(
        **account.pool, Username="ana", MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "email", "Value": "ana@example.com"}],
    )  # fmt: skip
    account.idp.admin_set_user_password(**account.pool, Username="ana", Password="Bello-and-9-cats", Permanent=True)
    errors = []
    page.on("pageerror", lambda error: errors.append(f"{error}"))
    page.goto(site)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Username").fill("ana")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("Incorrect username or password.")
    page.get_by_label("Username").fill("ana")
    page.get_by_label("Password").fill("Bello-and-9-cats")
    page.get_by_label("Password").press("Enter")
    expect(page.get_by_role("status")).to_have_text("Signed in as ana@example.com.")
    assert page.url == site
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_have_text("Nobody is signed in.")
    page.goto(f"{site}?code=stolen&state=guessed")
    expect(page.get_by_role("alert")).to_have_text("This answer belongs to no sign-in of this page.")
    assert errors == []
    account.idp.admin_delete_user(**account.pool, Username="ana")


def test_notebook_shows_that_the_second_factor_lets_in():
    cells = read_notebook(ROOT / "notebooks" / "solved" / lab.file.notebook).cells
    (shown,) = [cell.outputs for cell in cells if cell.id == "mfa-demo"]
    assert "with the code: AccessToken, IdToken" in "".join(each.text for each in shown)


BUILT = ["pool_exists", "passwords_are_strong", "client_is_public", "owners_sign_in"]


def of(kind, **properties):
    return {"Type": f"AWS::{kind}", "Properties": properties}


def arn(resource):
    return {"Fn::GetAtt": [resource, "Arn"]}


def document(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def may(action, resource):
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def visitors(kind):
    """What trusts the identity pool's visitors of a kind: authenticated, or unauthenticated."""
    condition = {
        "StringEquals": {f"{WHO}:aud": {"Ref": "Identities"}},
        "ForAnyValue:StringLike": {f"{WHO}:amr": kind},
    }
    return {"Principal": {"Federated": WHO}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition}


def template(site):
    """The whole lab for CloudFormation, but for the files of the site, which stands at this address."""
    photos, pool, api = f"arn:aws:s3:::{PHOTOS}", {"Ref": "Pool"}, {"Ref": "Api"}
    provider = "cognito-idp.${AWS::Region}.amazonaws.com/${Pool}"

    def role(name, trust, *statements):
        policy = {"PolicyName": "work", "PolicyDocument": document(*statements)}
        trusted = document({"Effect": "Allow", **trust})
        return of("IAM::Role", RoleName=name, AssumeRolePolicyDocument=trusted, Policies=[policy])

    def function(name, code):
        about = {"Runtime": "python3.13", "Handler": "index.lambda_handler", "Role": arn("Worker"), "Timeout": 5}
        return of("Lambda::Function", FunctionName=name, Code={"ZipFile": code}, **about)

    def lets_in(function, service, source):
        about = {"Action": "lambda:InvokeFunction", "Principal": f"{service}.amazonaws.com", "SourceArn": source}
        return of("Lambda::Permission", FunctionName={"Ref": function}, **about)

    oauth = {"AllowedOAuthFlowsUserPoolClient": True, "AllowedOAuthFlows": ["code"]}
    oauth |= {"AllowedOAuthScopes": ["openid", "email"], "CallbackURLs": [f"{site}/"], "LogoutURLs": [f"{site}/"]}
    mapping = {"Type": "Token", "AmbiguousRoleResolution": "AuthenticatedRole"}
    mapping |= {"IdentityProvider": {"Fn::Sub": f"{provider}:${{Client}}"}}
    return {
        "Photos": of("S3::Bucket", BucketName=PHOTOS),
        "Site": of(
            "S3::Bucket", BucketName=SITE, WebsiteConfiguration={"IndexDocument": "index.html"},
            PublicAccessBlockConfiguration={"BlockPublicPolicy": False, "RestrictPublicBuckets": False},
        ),
        "SitePolicy": of(
            "S3::BucketPolicy", Bucket={"Ref": "Site"},
            PolicyDocument=document({**may("s3:GetObject", f"arn:aws:s3:::{SITE}/*"), "Principal": "*"}),
        ),
        "Worker": role(
            "owner-functions-role", {"Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
            may(["cognito-idp:AdminAddUserToGroup", "logs:*"], "*"),
        ),
        "MyPets": function("my-pets", (lab.folder / "given/my_pets/lambda_function.py").read_text(encoding="utf-8")),
        "Gate": function("owner-gate", GATE),
        "Pool": of(
            "Cognito::UserPool", UserPoolName="pet-owners", AutoVerifiedAttributes=["email"], Policies=POLICY,
            LambdaConfig={"PreSignUp": arn("Gate"), "PostConfirmation": arn("Gate")},
        ),
        "PoolCalls": lets_in("Gate", "cognito-idp", arn("Pool")),
        "Owners": of("Cognito::UserPoolGroup", UserPoolId=pool, GroupName="owners"),
        "Vets": of("Cognito::UserPoolGroup", UserPoolId=pool, GroupName="vets", RoleArn=arn("Vet")),
        "Domain": of("Cognito::UserPoolDomain", UserPoolId=pool, Domain=f"pet-owners-{lab.checks.PHOTOS[-12:]}"),
        "Client": of(
            "Cognito::UserPoolClient", UserPoolId=pool, ClientName="pet-site", ExplicitAuthFlows=FLOWS,
            SupportedIdentityProviders=["COGNITO"], **oauth,
        ),
        "Api": of(
            "ApiGatewayV2::Api", Name="pet-owners-api", ProtocolType="HTTP",
            CorsConfiguration={"AllowOrigins": [site], "AllowMethods": ["GET"], "AllowHeaders": ["authorization"]},
        ),
        "Calls": of(
            "ApiGatewayV2::Integration", ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=arn("MyPets"),
            PayloadFormatVersion="2.0",
        ),
        "Tokens": of(
            "ApiGatewayV2::Authorizer", ApiId=api, Name="tokens", AuthorizerType="JWT",
            IdentitySource=["$request.header.Authorization"],
            JwtConfiguration={"Issuer": {"Fn::Sub": f"https://{provider}"}, "Audience": [{"Ref": "Client"}]},
        ),
        "Me": of(
            "ApiGatewayV2::Route", ApiId=api, RouteKey=ROUTE, Target={"Fn::Sub": "integrations/${Calls}"},
            AuthorizationType="JWT", AuthorizerId={"Ref": "Tokens"},
        ),
        "Stage": of("ApiGatewayV2::Stage", ApiId=api, StageName="$default", AutoDeploy=True),
        "ApiCalls": lets_in(
            "MyPets", "apigateway",
            {"Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*"},
        ),
        "Identities": of(
            "Cognito::IdentityPool", IdentityPoolName="pet-owners", AllowUnauthenticatedIdentities=True,
            CognitoIdentityProviders=[{"ProviderName": {"Fn::Sub": provider}, "ClientId": {"Ref": "Client"}}],
        ),
        "Owner": role(
            "pet-owner-role", visitors("authenticated"),
            may(["s3:GetObject", "s3:PutObject"], f"{photos}/private/{OWN}/*"),
        ),
        "Guest": role("pet-guest-role", visitors("unauthenticated"), may("s3:GetObject", f"{photos}/public/*")),
        "Vet": role("pet-vet-role", visitors("authenticated"), may("s3:GetObject", f"{photos}/private/*")),
        "Roles": of(
            "Cognito::IdentityPoolRoleAttachment", IdentityPoolId={"Ref": "Identities"},
            Roles={"authenticated": arn("Owner"), "unauthenticated": arn("Guest")}, RoleMappings={"pets": mapping},
        ),
    }  # fmt: skip


def upload_site(clients, outputs):
    """The site's files, and its settings, which name what the stack has made."""
    endpoint = clients.emulator.endpoint
    login = f"http://pet-owners-{PHOTOS[-12:]}.auth.localhost:{endpoint.rpartition(':')[2]}"
    config = {"LOGIN_URL": login, "API_URL": f"{endpoint}/_aws/execute-api/{outputs['Api']}"}
    config |= {"CLIENT_ID": outputs["Client"]}
    files = {path.name: path.read_bytes() for path in (lab.folder / "site").iterdir()}
    files["config.js"] = "\n".join(f"window.{name} = {json.dumps(each)};" for name, each in config.items()).encode()
    kinds = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
    for name, body in files.items():
        kind = kinds[name.rpartition(".")[2]]
        clients["s3"].put_object(Bucket=SITE, Key=name, Body=body, ContentType=kind, CacheControl="no-cache")


def test_built_by_cloudformation(clients):
    formation, wait = clients["cloudformation"], {"Delay": 0.2, "MaxAttempts": 300}
    site = f"http://{lab.checks.SITE_HOST}:{clients.emulator.endpoint.rpartition(':')[2]}"
    outputs = {name: {"Value": {"Ref": name}} for name in ("Api", "Client")}
    body = json.dumps({"Resources": template(site), "Outputs": outputs})
    formation.create_stack(StackName="owners", TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
    formation.get_waiter("stack_create_complete").wait(StackName="owners", WaiterConfig=wait)
    try:
        (stack,) = formation.describe_stacks(StackName="owners")["Stacks"]
        upload_site(clients, {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]})
        clients["s3"].put_object(Bucket=PHOTOS, Key="public/welcome.txt", Body=b"Welcome.")
        assert [(each.name, each.found) for each in run_checks(lab, clients) if each.outcome != "passed"] == []
    finally:
        formation.delete_stack(StackName="owners")


def test_pool_and_identities_of_the_aws_cli_are_as_good(clients):
    cli = partial(aws_cli, clients)
    for bucket in (PHOTOS, SITE):
        cli("s3api", "create-bucket", "--bucket", bucket)
    policy = "MinimumLength=12,RequireUppercase=true,RequireLowercase=true,RequireNumbers=true,RequireSymbols=true"
    asked = ("--pool-name", "pet-owners", "--auto-verified-attributes", "email", "phone_number")
    told = cli("cognito-idp", "create-user-pool", *asked, "--policies", f"PasswordPolicy={{{policy}}}")
    pool = json.loads(told)["UserPool"]["Id"]
    named = ("--user-pool-id", pool, "--client-name", "pet-site")
    flows = ("--explicit-auth-flows", *FLOWS, "ALLOW_USER_SRP_AUTH")
    client = json.loads(cli("cognito-idp", "create-user-pool-client", *named, *flows))["UserPoolClient"]["ClientId"]
    provider = f"ProviderName=cognito-idp.us-east-1.amazonaws.com/{pool},ClientId={client}"
    asked = ("--identity-pool-name", "pet-owners", "--allow-unauthenticated-identities")
    told = cli("cognito-identity", "create-identity-pool", *asked, "--cognito-identity-providers", provider)
    identities = json.loads(told)["IdentityPoolId"]
    trust = {"Effect": "Allow", "Principal": {"Federated": [WHO]}, "Action": ["sts:AssumeRoleWithWebIdentity"]}
    trust |= {"Condition": {"StringLike": {f"{WHO}:aud": identities}}}
    may = {"mine": ("s3:*", f"{PRIVATE}/{OWN}/*"), "public": ("s3:Get*", f"arn:aws:s3:::{PHOTOS}/public/*")}
    for name, (action, resource) in may.items():
        document = json.dumps({"Version": "2012-10-17", "Statement": trust})
        cli("iam", "create-role", "--role-name", name, "--assume-role-policy-document", document)
        allow = {"Effect": "Allow", "Action": action, "Resource": resource}
        document = json.dumps({"Version": "2012-10-17", "Statement": allow})
        cli("iam", "put-role-policy", "--role-name", name, "--policy-name", "x", "--policy-document", document)
    arn = "arn:aws:iam::000000000000:role"
    roles = ("--roles", f"authenticated={arn}/mine,unauthenticated={arn}/public")
    cli("cognito-identity", "set-identity-pool-roles", "--identity-pool-id", identities, *roles)
    found = [*BUILT, "identity_pool_exists", "owners_reach_their_own", "guests_read_what_is_public"]
    assert not not_passed(run_checks(lab, clients, found))
