"""Cognito's user pools, with their users, groups, clients and domains."""

from collections.abc import Iterator
from typing import Any

from lab_harness.account.service import Listing, Part, Row, Rows, Service, ServiceTab
from lab_harness.answers import pages
from lab_harness.aws import Clients

TOLD = ("Id", "Name", "LambdaConfig", "Policies", "MfaConfiguration", "AutoVerifiedAttributes", "Domain")


def _pools(idp: Any) -> list[dict[str, Any]]:
    return list(pages(idp, "list_user_pools", "UserPools", MaxResults=60))


def _delete_pool(clients: Clients, name: str) -> bool:
    idp = clients["cognito-idp"]
    there = [pool["Id"] for pool in _pools(idp) if pool["Name"] == name]
    for pool in there:
        about = idp.describe_user_pool(UserPoolId=pool)["UserPool"]
        for domain in filter(None, (about.get("Domain"), about.get("CustomDomain"))):  # AWS wants it gone before
            idp.delete_user_pool_domain(UserPoolId=pool, Domain=domain)
        idp.delete_user_pool(UserPoolId=pool)
    return bool(there)


def _delete_user(clients: Clients, name: str) -> bool:
    idp = clients["cognito-idp"]
    there = [pool["Id"] for pool in _pools(idp) if any(user["Username"] == name for user in _users(idp, pool["Id"]))]
    for pool in there:
        idp.admin_delete_user(UserPoolId=pool, Username=name)
    return bool(there)


def _users(idp: Any, pool: str) -> list[dict[str, Any]]:
    return list(pages(idp, "list_users", "Users", UserPoolId=pool))


def _rows(clients: Clients) -> Rows:
    idp = clients["cognito-idp"]
    for pool in _pools(idp):
        named = {"UserPoolId": pool["Id"]}
        about = idp.describe_user_pool(**named)["UserPool"]
        yield Row(Part.BUILT, pool["Name"], {name: about.get(name) for name in TOLD})
        for client in pages(idp, "list_user_pool_clients", "UserPoolClients", **named, MaxResults=60):
            told = idp.describe_user_pool_client(**named, ClientId=client["ClientId"])["UserPoolClient"]
            yield Row(Part.BUILT, pool["Name"], told)
        for group in pages(idp, "list_groups", "Groups", **named):
            yield Row(Part.BUILT, group["GroupName"], group)
        for user in _users(idp, pool["Id"]):
            yield Row(Part.LEFT, user["Username"], user)


def _listed(clients: Clients) -> Iterator[tuple[object, ...]]:
    idp = clients["cognito-idp"]
    for pool in _pools(idp):
        for user in _users(idp, pool["Id"]):
            attributes = {each["Name"]: each["Value"] for each in user.get("Attributes", [])}
            groups = idp.admin_list_groups_for_user(UserPoolId=pool["Id"], Username=user["Username"])["Groups"]
            names = ", ".join(group["GroupName"] for group in groups)
            yield user["Username"], pool["Name"], user["UserStatus"], attributes.get("email", ""), names


SERVICE = Service(
    name="cognito-idp",
    deleters={"AWS::Cognito::UserPool": _delete_pool, "AWS::Cognito::UserPoolUser": _delete_user},
    rows=_rows,
    sets_going=("SignUp", "ConfirmSignUp", "InitiateAuth", "RespondToAuthChallenge", "ForgotPassword"),
    tabs=(
        ServiceTab(
            "users",
            "Users",
            45,
            Listing(("user", "pool", "status", "mail", "groups"), _listed, "Users appear here once they sign up."),
        ),
    ),
)
