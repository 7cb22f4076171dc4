"""IAM's roles and policies."""

from lab_harness.account.service import Part, Row, Rows, Service, without
from lab_harness.answers import there
from lab_harness.aws import Clients


def _delete_role(clients: Clients, name: str) -> bool:
    iam = clients["iam"]
    attached = there(iam.list_attached_role_policies, RoleName=name)
    if attached is None:
        return False
    for policy in attached["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    for policy_name in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy_name)
    return there(iam.delete_role, RoleName=name) is not None


def _rows(clients: Clients) -> Rows:
    listed = clients["iam"].get_paginator("get_account_authorization_details")
    for page in listed.paginate(Filter=["Role", "LocalManagedPolicy"]):
        for role in page["RoleDetailList"]:
            yield Row(Part.BUILT, role["RoleName"], without(role, "RoleLastUsed"))
        for policy in page["Policies"]:
            yield Row(Part.BUILT, policy["PolicyName"], policy)


SERVICE = Service(name="iam", deleters={"AWS::IAM::Role": _delete_role}, rows=_rows, configured=True)
