"""Tests for tokens of user pools: against the public keys, at APIs, and when they end."""

import json
import re

import pytest
import urllib3
from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from lab_harness.aws import Clients
from tests.emulators.inside.logins.user_pools import Owners, claims, decoded
from tests.emulators.inside.permissions.authorization.listener import FUNCTION
from tests.emulators.inside.tables.test_point_in_time import advance

ANSWERS = """
import json
def lambda_handler(event, context):
    return {"statusCode": 200, "body": json.dumps(event["requestContext"]["authorizer"])}
"""


@pytest.fixture
def owners(hello):
    """A pool with ana, and an account with the function hello, which tells what an authorizer told it."""
    found = Owners(hello(ANSWERS))
    found.add(email="ana@example.com")
    return found


@pytest.fixture
def clients_of(owners, embedded):
    """Clients of this account."""
    return Clients(embedded)


def keys(embedded, pool):
    told = urllib3.request("GET", f"{embedded.endpoint}/{pool}/.well-known/jwks.json").json()["keys"]
    return {key["kid"]: key for key in told}


def is_signed(token, key):
    """Whether a token is signed with the private half of a key."""
    head, body, signature = token.split(".")
    modulus, exponent = (int.from_bytes(decoded(key[name])) for name in ("n", "e"))
    try:
        RSAPublicNumbers(exponent, modulus).public_key().verify(
            decoded(signature), f"{head}.{body}".encode(), PKCS1v15(), SHA256()
        )
    except InvalidSignature:
        return False
    return True


def test_tokens_verify_against_the_pools_public_keys(owners, embedded):
    found, tokens = keys(embedded, owners.pool), owners.tokens()
    for token in (tokens["IdToken"], tokens["AccessToken"]):
        head = json.loads(decoded(token.split(".")[0]))
        assert head["alg"] == "RS256"
        assert is_signed(token, found[head["kid"]])
        assert not is_signed(token[:-20] + token[-20:][::-1], found[head["kid"]])


def http_api(embedded, clients, owners, audience, scopes=()):
    """Asks an HTTP API with a JWT authorizer for its route GET /me, with a token."""
    gateway = clients["apigatewayv2"]
    api = gateway.create_api(Name="pets", ProtocolType="HTTP")["ApiId"]
    issuer = f"https://cognito-idp.us-east-1.amazonaws.com/{owners.pool}"
    authorizer = gateway.create_authorizer(
        ApiId=api, Name="owners", AuthorizerType="JWT", IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": issuer, "Audience": audience},
    )["AuthorizerId"]  # fmt: skip
    integration = gateway.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=FUNCTION.replace("listener", "hello"),
        PayloadFormatVersion="2.0",
    )["IntegrationId"]  # fmt: skip
    gateway.create_route(
        ApiId=api, RouteKey="GET /me", Target=f"integrations/{integration}", AuthorizationType="JWT",
        AuthorizerId=authorizer, AuthorizationScopes=list(scopes),
    )  # fmt: skip
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    clients["lambda"].add_permission(
        FunctionName="hello", StatementId=api, Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:us-east-1:000000000000:{api}/*",
    )  # fmt: skip
    return caller(f"{embedded.endpoint}/_aws/execute-api/{api}/me")


def caller(address):
    def call(token=None, scheme="Bearer "):
        headers = {"Authorization": scheme + token} if token else {}
        return urllib3.request("GET", address, headers=headers)

    return call


def test_http_api_takes_tokens_of_its_audience_until_they_end(owners, clients_of, embedded):
    me = http_api(embedded, clients_of, owners, [owners.client])
    tokens = owners.tokens()
    told = me(tokens["IdToken"]).json()["jwt"]["claims"]
    assert told["email"] == "ana@example.com"
    assert me(tokens["AccessToken"]).status == 200, "its client_id counts for the audience"
    head, body, signature = tokens["IdToken"].split(".")
    for wrong in (None, "any", f"{head}.{body}.{signature[::-1]}", tokens["RefreshToken"] + "x"):
        assert me(wrong).status == 401
    owners.client = owners.new_client()
    assert me(owners.tokens()["IdToken"]).status == 401
    advance(embedded, 3601)
    assert me(tokens["IdToken"]).status == 401


def test_http_api_asks_for_scopes(owners, clients_of, embedded):
    me = http_api(embedded, clients_of, owners, [owners.client], ["aws.cognito.signin.user.admin"])
    other = http_api(embedded, clients_of, owners, [owners.client], ["pets/read"])
    tokens = owners.tokens()
    assert (me(tokens["AccessToken"]).status, me(tokens["IdToken"]).status) == (200, 403)
    assert other(tokens["AccessToken"]).status == 403


def test_rest_api_takes_tokens_of_its_pool(owners, clients_of, embedded):
    gateway = clients_of["apigateway"]
    api = gateway.create_rest_api(name="pets")
    place = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    authorizer = gateway.create_authorizer(
        restApiId=api["id"], name="owners", type="COGNITO_USER_POOLS", providerARNs=[owners.arn],
        identitySource="method.request.header.Authorization",
    )["id"]  # fmt: skip
    gateway.put_method(**place, authorizationType="COGNITO_USER_POOLS", authorizerId=authorizer)
    function = FUNCTION.replace("listener", "hello")
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
    gateway.put_integration(**place, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    gateway.create_deployment(restApiId=api["id"], stageName="prod")
    clients_of["lambda"].add_permission(
        FunctionName="hello", StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:us-east-1:000000000000:{api['id']}/*",
    )  # fmt: skip
    me = caller(f"{embedded.endpoint}/_aws/execute-api/{api['id']}/prod/")
    told = me(owners.tokens()["IdToken"], "").json()["claims"]
    assert (told["email"], told["cognito:username"]) == ("ana@example.com", "ana")
    stranger = Owners(clients_of)
    stranger.add()
    assert [me(token).status for token in (None, "any", stranger.tokens()["IdToken"])] == [401, 401, 401]
    advance(embedded, 3601)
    assert me(owners.tokens()["IdToken"]).status == 200


def test_global_sign_out_ends_refreshing_and_cognitos_own_calls_but_no_verified_token(owners, clients_of, embedded):
    me = http_api(embedded, clients_of, owners, [owners.client])
    tokens = owners.tokens()
    owners.idp.global_sign_out(AccessToken=tokens["AccessToken"])
    with pytest.raises(ClientError, match=r"NotAuthorized.*Access Token has been revoked"):
        owners.idp.get_user(AccessToken=tokens["AccessToken"])
    with pytest.raises(ClientError, match=r"NotAuthorized.*Refresh Token has been revoked"):
        refresh(owners, tokens)
    assert me(tokens["IdToken"]).status == 200, "API Gateway asks the keys, not the pool"
    assert refresh(owners, owners.tokens())["AccessToken"]


def refresh(owners, tokens):
    given = {"REFRESH_TOKEN": tokens["RefreshToken"]}
    return owners.idp.initiate_auth(
        ClientId=owners.client, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=given
    )["AuthenticationResult"]  # fmt: skip


def test_revoked_refresh_token_ends_its_own_tokens_alone(owners):
    one, other = owners.tokens(), owners.tokens()
    owners.idp.revoke_token(Token=one["RefreshToken"], ClientId=owners.client)
    with pytest.raises(ClientError, match="NotAuthorized"):
        refresh(owners, one)
    with pytest.raises(ClientError, match="NotAuthorized"):
        owners.idp.get_user(AccessToken=one["AccessToken"])
    assert refresh(owners, other)


def test_groups_are_a_claim_of_both_tokens(owners):
    owners.idp.create_group(UserPoolId=owners.pool, GroupName="vets")
    owners.idp.admin_add_user_to_group(UserPoolId=owners.pool, Username="ana", GroupName="vets")
    tokens = owners.tokens()
    assert [claims(tokens[name])["cognito:groups"] for name in ("IdToken", "AccessToken")] == [["vets"], ["vets"]]
    assert re.fullmatch(r"[0-9a-f-]{36}", claims(tokens["IdToken"])["sub"])
