"""Cognito's identity pools, and the roles that they give."""

from typing import Any

from lab_harness.account.service import Part, Row, Rows, Service, without
from lab_harness.answers import pages
from lab_harness.aws import Clients


def _pools(identity: Any) -> list[dict[str, Any]]:
    return list(pages(identity, "list_identity_pools", "IdentityPools", MaxResults=60))


def _delete_pool(clients: Clients, name: str) -> bool:
    identity = clients["cognito-identity"]
    there = [pool["IdentityPoolId"] for pool in _pools(identity) if pool["IdentityPoolName"] == name]
    for pool in there:
        identity.delete_identity_pool(IdentityPoolId=pool)
    return bool(there)


def _rows(clients: Clients) -> Rows:
    identity = clients["cognito-identity"]
    for pool in _pools(identity):
        named = {"IdentityPoolId": pool["IdentityPoolId"]}
        about = without(identity.describe_identity_pool(**named), "ResponseMetadata")
        roles = without(identity.get_identity_pool_roles(**named), "ResponseMetadata")
        yield Row(Part.BUILT, pool["IdentityPoolName"], about | roles)


SERVICE = Service(
    name="cognito-identity",
    deleters={"AWS::Cognito::IdentityPool": _delete_pool},
    rows=_rows,
    configured=True,
)
