"""The reference answer of the lab login. There are other right ones."""

import contextlib
import io
import json
import os
import shutil
import sys
import zipfile
from pathlib import Path

import boto3

from lab_harness import load_lab

idp, identity = boto3.client("cognito-idp"), boto3.client("cognito-identity")
iam, lambda_, s3 = boto3.client("iam"), boto3.client("lambda"), boto3.client("s3")
apigatewayv2 = boto3.client("apigatewayv2")

ACCOUNT = "000000000000"
PHOTOS, SITE_BUCKET, DOMAIN = f"pet-photos-{ACCOUNT}", f"pet-owners-site-{ACCOUNT}", f"pet-owners-{ACCOUNT}"
ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
PORT = ENDPOINT.rpartition(":")[2]
SITE = f"http://{SITE_BUCKET}.s3-website.localhost:{PORT}"
LOGIN = f"http://{DOMAIN}.auth.localhost:{PORT}"
folder = load_lab("login").folder
shutil.copytree(folder / "given", "functions", dirs_exist_ok=True)
shutil.copytree(folder / "site", "functions/owners-site", dirs_exist_ok=True)


def zip_folder(folder):
    """A folder's files as the bytes of a zip archive: what Lambda calls a deployment package."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(Path(folder).rglob("*.py")):
            archive.write(path, path.relative_to(folder))
    return buffer.getvalue()


def pool_id():
    """The id of the user pool pet-owners; None where there is none."""
    return next(
        (each["Id"] for each in idp.list_user_pools(MaxResults=60)["UserPools"] if each["Name"] == "pet-owners"), None
    )


def client_id():
    """The id of its app client pet-site; None where there is none."""
    if not pool_id():
        return None
    there = idp.list_user_pool_clients(UserPoolId=pool_id(), MaxResults=60)["UserPoolClients"]
    return next((each["ClientId"] for each in there if each["ClientName"] == "pet-site"), None)


def api_id():
    """The id of the HTTP API pet-owners-api; None where there is none."""
    return next((each["ApiId"] for each in apigatewayv2.get_apis()["Items"] if each["Name"] == "pet-owners-api"), None)


def identity_pool_id():
    """The id of the identity pool pet-owners; None where there is none."""
    there = identity.list_identity_pools(MaxResults=60)["IdentityPools"]
    return next((each["IdentityPoolId"] for each in there if each["IdentityPoolName"] == "pet-owners"), None)


def provider():
    """What identity pools call the user pool."""
    return f"cognito-idp.us-east-1.amazonaws.com/{pool_id()}"


def trusted(kind):
    """Trust for the pool's identities: those who have signed in, "authenticated", or guests, "unauthenticated"."""
    return {
        "Principal": {"Federated": "cognito-identity.amazonaws.com"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {"cognito-identity.amazonaws.com:aud": identity_pool_id()},
            "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": kind},
        },
    }


def make_role(name, trusted, *statements):
    """Create a role that somebody may assume, or give the one that is there this trust and these permissions."""
    trust = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **trusted}]})
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]}
    iam.put_role_policy(RoleName=name, PolicyName="work", PolicyDocument=json.dumps(document))
    return iam.get_role(RoleName=name)["Role"]["Arn"]


def deploy(name, folder):
    """Create a function from a folder, or give the one that is there its code; returns its ARN."""
    code = zip_folder(folder)
    try:
        lambda_.create_function(
            FunctionName=name, Runtime=f"python3.{sys.version_info.minor}", Handler="lambda_function.lambda_handler",
            Role=f"arn:aws:iam::{ACCOUNT}:role/owner-functions-role", Timeout=5, Code={"ZipFile": code},
        )  # fmt: skip
        lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    except lambda_.exceptions.ResourceConflictException:
        lambda_.update_function_code(FunctionName=name, ZipFile=code)
        lambda_.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return lambda_.get_function_configuration(FunctionName=name)["FunctionArn"]


def let_in(function, statement, principal, source):
    """Let a service invoke a function for this source."""
    with contextlib.suppress(lambda_.exceptions.ResourceNotFoundException):
        lambda_.remove_permission(FunctionName=function, StatementId=statement)
    lambda_.add_permission(
        FunctionName=function, StatementId=statement, Action="lambda:InvokeFunction", Principal=principal,
        SourceArn=source,
    )  # fmt: skip


# %% task:given
for bucket in (PHOTOS, SITE_BUCKET):
    s3.create_bucket(Bucket=bucket)
s3.put_object(Bucket=PHOTOS, Key="public/welcome.txt", Body=b"Welcome, whoever you are.")
make_role(
    "owner-functions-role",
    {"Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
    {"Action": "cognito-idp:AdminAddUserToGroup", "Resource": f"arn:aws:cognito-idp:us-east-1:{ACCOUNT}:userpool/*"},
    {"Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
     "Resource": f"arn:aws:logs:us-east-1:{ACCOUNT}:*"},
)  # fmt: skip
my_pets = deploy("my-pets", "functions/my_pets")
if not api_id():
    cors = {"AllowOrigins": [SITE], "AllowMethods": ["GET"], "AllowHeaders": ["authorization"]}
    made = apigatewayv2.create_api(Name="pet-owners-api", ProtocolType="HTTP", CorsConfiguration=cors)["ApiId"]
    integration = apigatewayv2.create_integration(
        ApiId=made, IntegrationType="AWS_PROXY", IntegrationUri=my_pets, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    apigatewayv2.create_route(ApiId=made, RouteKey="GET /me", Target=f"integrations/{integration}")
    apigatewayv2.create_stage(ApiId=made, StageName="$default", AutoDeploy=True)
let_in("my-pets", "api", "apigateway.amazonaws.com", f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{api_id()}/*")

# %% task:pool
if not pool_id():
    idp.create_user_pool(
        PoolName="pet-owners",
        AutoVerifiedAttributes=["email"],
        Policies={
            "PasswordPolicy": {
                "MinimumLength": 10, "RequireUppercase": True, "RequireLowercase": True, "RequireNumbers": True,
                "RequireSymbols": True,
            }
        },
    )  # fmt: skip

# %% task:client
if not client_id():
    idp.create_user_pool_client(
        UserPoolId=pool_id(),
        ClientName="pet-site",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    )

# %% task:gate file=functions/owner_gate/lambda_function.py

# %% task:gate_function
_ = deploy("owner-gate", "functions/owner_gate")

# %% task:triggers
gate = lambda_.get_function_configuration(FunctionName="owner-gate")["FunctionArn"]
with contextlib.suppress(idp.exceptions.GroupExistsException):
    idp.create_group(UserPoolId=pool_id(), GroupName="owners")
pool = idp.describe_user_pool(UserPoolId=pool_id())["UserPool"]
let_in("owner-gate", "pool", "cognito-idp.amazonaws.com", pool["Arn"])
_ = idp.update_user_pool(
    UserPoolId=pool_id(),
    AutoVerifiedAttributes=pool["AutoVerifiedAttributes"],
    Policies=pool["Policies"],
    LambdaConfig={"PreSignUp": gate, "PostConfirmation": gate},
)

# %% task:api
issuer = f"https://cognito-idp.us-east-1.amazonaws.com/{pool_id()}"
for each in apigatewayv2.get_authorizers(ApiId=api_id())["Items"]:
    apigatewayv2.delete_authorizer(ApiId=api_id(), AuthorizerId=each["AuthorizerId"])
authorizer = apigatewayv2.create_authorizer(
    ApiId=api_id(),
    Name="pet-owners",
    AuthorizerType="JWT",
    IdentitySource=["$request.header.Authorization"],
    JwtConfiguration={"Issuer": issuer, "Audience": [client_id()]},
)["AuthorizerId"]
(route,) = [each for each in apigatewayv2.get_routes(ApiId=api_id())["Items"] if each["RouteKey"] == "GET /me"]
_ = apigatewayv2.update_route(
    ApiId=api_id(), RouteId=route["RouteId"], AuthorizationType="JWT", AuthorizerId=authorizer
)

# %% task:hosted
with contextlib.suppress(idp.exceptions.InvalidParameterException):  # the domain is there already
    idp.create_user_pool_domain(UserPoolId=pool_id(), Domain=DOMAIN)
_ = idp.update_user_pool_client(
    UserPoolId=pool_id(),
    ClientId=client_id(),
    ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    SupportedIdentityProviders=["COGNITO"],
    AllowedOAuthFlowsUserPoolClient=True,
    AllowedOAuthFlows=["code"],
    AllowedOAuthScopes=["openid", "email"],
    CallbackURLs=[f"{SITE}/"],
    LogoutURLs=[f"{SITE}/"],
)

# %% task:site
s3.delete_public_access_block(Bucket=SITE_BUCKET)
everyone = {
    "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{SITE_BUCKET}/*"
}  # fmt: skip
s3.put_bucket_policy(Bucket=SITE_BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [everyone]}))
s3.put_bucket_website(Bucket=SITE_BUCKET, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
config = {"LOGIN_URL": LOGIN, "API_URL": f"{ENDPOINT}/_aws/execute-api/{api_id()}", "CLIENT_ID": client_id()}
lines = [f"window.{name} = {json.dumps(value)};" for name, value in config.items()]
Path("functions/owners-site/config.js").write_text("\n".join(lines), encoding="utf-8")
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
for path in Path("functions/owners-site").iterdir():
    s3.put_object(
        Bucket=SITE_BUCKET, Key=path.name, Body=path.read_bytes(), ContentType=TYPES[path.suffix],
        CacheControl="no-cache",
    )  # fmt: skip

# %% task:identities
settings = {
    "IdentityPoolName": "pet-owners",
    "AllowUnauthenticatedIdentities": True,
    "CognitoIdentityProviders": [{"ProviderName": provider(), "ClientId": client_id()}],
}
if identity_pool_id():
    identity.update_identity_pool(IdentityPoolId=identity_pool_id(), **settings)
else:
    identity.create_identity_pool(**settings)
photos = f"arn:aws:s3:::{PHOTOS}"
own = f"{photos}/private/${{cognito-identity.amazonaws.com:sub}}/*"
owner_role = make_role(
    "pet-owner-role", trusted("authenticated"), {"Action": ["s3:GetObject", "s3:PutObject"], "Resource": own}
)
guest_role = make_role(
    "pet-guest-role", trusted("unauthenticated"), {"Action": "s3:GetObject", "Resource": f"{photos}/public/*"}
)
_ = identity.set_identity_pool_roles(
    IdentityPoolId=identity_pool_id(), Roles={"authenticated": owner_role, "unauthenticated": guest_role}
)

# %% task:vets
vet_role = make_role(
    "pet-vet-role",
    trusted("authenticated"),
    {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{PHOTOS}/private/*"},
)
with contextlib.suppress(idp.exceptions.GroupExistsException):
    idp.create_group(UserPoolId=pool_id(), GroupName="vets", RoleArn=vet_role)
mapping = {"Type": "Token", "AmbiguousRoleResolution": "AuthenticatedRole"}
_ = identity.set_identity_pool_roles(
    IdentityPoolId=identity_pool_id(),
    Roles=identity.get_identity_pool_roles(IdentityPoolId=identity_pool_id())["Roles"],
    RoleMappings={f"{provider()}:{client_id()}": mapping},
)
