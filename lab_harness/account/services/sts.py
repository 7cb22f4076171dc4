"""Security Token Service."""

from lab_harness.account.service import Service

SERVICE = Service(name="sts", configured=True)
