"""Lab 13."""

from .mistakes import edit, rename_function, rename_role
from .slip import Slip

POOL, GATE, API = "pet-owners", "owner-gate", "pet-owners-api"
SITE = "pet-owners-site-000000000000"
LAMBDA, USER_POOLS = "arn:aws:lambda:us-east-1:000000000000:function:", "arn:aws:cognito-idp:us-east-1:000000000000:"


def handler(old, new):
    return edit("login", "owner_gate", old, new)


def pool_id(clients):
    return clients["cognito-idp"].list_user_pools(MaxResults=10)["UserPools"][0]["Id"]


def user_pool(**changed):
    """The user pool has other settings; what update_user_pool is not told is as by default, so all is told."""

    def make(clients):
        idp, there = clients["cognito-idp"], {"UserPoolId": pool_id(clients)}
        found = idp.describe_user_pool(**there)["UserPool"]
        kept = {name: found[name] for name in ("AutoVerifiedAttributes", "Policies", "LambdaConfig")}
        idp.update_user_pool(**there, **{name: each for name, each in (kept | changed).items() if each is not None})

    return make


def app_client(**changed):
    """The app client has other settings; what is None was forgotten."""

    def make(clients):
        idp, there = clients["cognito-idp"], {"UserPoolId": pool_id(clients)}
        there["ClientId"] = idp.list_user_pool_clients(**there, MaxResults=10)["UserPoolClients"][0]["ClientId"]
        found = idp.describe_user_pool_client(**there)["UserPoolClient"]
        names = ("ClientName", "ExplicitAuthFlows", "SupportedIdentityProviders", "AllowedOAuthFlowsUserPoolClient")
        names += ("AllowedOAuthFlows", "AllowedOAuthScopes", "CallbackURLs", "LogoutURLs")
        told = {name: found[name] for name in names} | changed
        idp.update_user_pool_client(**there, **{name: each for name, each in told.items() if each is not None})

    return make


def group(name, other=None):
    """The group has another name; without one it was forgotten."""

    def make(clients):
        idp, there = clients["cognito-idp"], {"UserPoolId": pool_id(clients)}
        idp.delete_group(**there, GroupName=name)
        if other:
            idp.create_group(**there, GroupName=other)

    return make


def permission(source=None):
    """The pool's permission is for another source; without one it was forgotten."""

    def make(clients):
        clients["lambda"].remove_permission(FunctionName=GATE, StatementId="pool")
        if source:
            clients["lambda"].add_permission(
                FunctionName=GATE,
                StatementId="pool",
                Action="lambda:InvokeFunction",
                Principal="cognito-idp.amazonaws.com",
                SourceArn=USER_POOLS + source.format(pool=pool_id(clients)),
            )

    return make


def api_id(clients):
    return next(each["ApiId"] for each in clients["apigatewayv2"].get_apis()["Items"] if each["Name"] == API)


def authorizer(**changed):
    def make(clients):
        gateway, api = clients["apigatewayv2"], {"ApiId": api_id(clients)}
        (found,) = gateway.get_authorizers(**api)["Items"]
        jwt = found["JwtConfiguration"] | changed
        jwt["Issuer"] = jwt["Issuer"].format(pool=pool_id(clients))
        gateway.update_authorizer(**api, AuthorizerId=found["AuthorizerId"], JwtConfiguration=jwt)

    return make


def no_page(clients):
    clients["s3"].delete_object(Bucket=SITE, Key="index.html")


def identity_pool(**changed):
    def make(clients):
        identity = clients["cognito-identity"]
        (found,) = identity.list_identity_pools(MaxResults=10)["IdentityPools"]
        told = identity.describe_identity_pool(IdentityPoolId=found["IdentityPoolId"])
        names = ("IdentityPoolId", "IdentityPoolName", "AllowUnauthenticatedIdentities", "CognitoIdentityProviders")
        identity.update_identity_pool(**{name: told[name] for name in names} | changed)

    return make


SLIPS = {
    "role_exists": [
        Slip("singular", rename_role("owner-functions-role", "owner-function-role"), "owner-function-role is nearly"),
    ],
    "function_exists": [
        Slip("singular", rename_function("my-pets", "my-pet"), "my-pet is nearly my-pets"),
    ],
    "pool_exists": [
        Slip("two", lambda clients: clients["cognito-idp"].create_user_pool(PoolName=POOL), "delete what is too many"),
    ],
    "passwords_are_strong": [
        Slip("as by default", user_pool(Policies=None), "the five settings"),
    ],
    "client_is_public": [
        Slip("underscore", app_client(ClientName="pet_site"), "pet_site", "Section 3 names create_user_pool_client"),
    ],
    "owners_sign_in": [
        Slip("no mail", user_pool(AutoVerifiedAttributes=None), "AutoVerifiedAttributes of the pool"),
        Slip(
            "another flow",
            app_client(ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]),
            "USER_PASSWORD_AUTH flow not enabled",
            "ExplicitAuthFlows",
        ),
        Slip("lost by an update", app_client(ExplicitAuthFlows=None), "wants all its settings again"),
    ],
    "gate_exists": [
        Slip("underscore", rename_function(GATE, "owner_gate"), "owner_gate is nearly owner-gate"),
    ],
    "pool_calls_gate": [
        Slip("forgotten", permission(), "no permission for cognito-idp.amazonaws.com", "the pool's ARN as SourceArn"),
        Slip(
            "one moment", user_pool(LambdaConfig={"PreSignUp": LAMBDA + GATE}), "PostConfirmation: none", "LambdaConfig"
        ),
        Slip("lost by an update", user_pool(LambdaConfig=None), "none", "name there all that the pool is to keep"),
    ],
    "group_exists": [
        Slip("singular", group("owners", "owner"), "owner is nearly owners"),
        Slip("forgotten", group("owners"), "create_group"),
    ],
    "strangers_stay_out": [
        Slip("another moment", handler("PreSignUp_SignUp", "PreSignUp_AdminCreateUser"), "The handler raises"),
    ],
    "owners_join_their_group": [
        Slip(
            "another moment", handler("PostConfirmation_ConfirmSignUp", "PostConfirmation"), "admin_add_user_to_group"
        ),
    ],
    "owners_are_known": [
        Slip("a slash", authorizer(Issuer="https://cognito-idp.us-east-1.amazonaws.com/{pool}/"), "the issuer names"),
    ],
    "page_opens": [
        Slip("lost by an update", app_client(CallbackURLs=None, LogoutURLs=None), "CallbackURLs"),
        Slip("the token itself", app_client(AllowedOAuthFlows=["implicit"]), "Section 6 lists what the client needs"),
    ],
    "code_becomes_tokens": [
        Slip("one scope", app_client(AllowedOAuthScopes=["openid"]), "AllowedOAuthScopes: section 6 names two"),
    ],
    "site_is_served": [
        Slip("no page", no_page, "upload it"),
    ],
    "identity_pool_exists": [
        Slip("underscore", identity_pool(IdentityPoolName="pet_owners"), "pet_owners", "create_identity_pool"),
    ],
}
