"""CloudFormation, with which a learner may build instead of boto3."""

from lab_harness.account.service import Service

SERVICE = Service(name="cloudformation", builds=True)
