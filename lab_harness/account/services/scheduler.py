"""EventBridge Scheduler."""

from lab_harness.account.service import Service

SERVICE = Service(name="scheduler", configured=True)
