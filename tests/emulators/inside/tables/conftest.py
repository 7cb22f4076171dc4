"""What tests of tables begin with: DynamoDB, and what may scale a table of it."""

import pytest

from tests.emulators.inside.tables.test_auto_scaling import create


@pytest.fixture
def dynamodb(clients):
    return clients["dynamodb"]


@pytest.fixture
def scaling(clients, dynamodb):
    """Application Auto Scaling, beside the table Scores of five units."""
    create(dynamodb)
    return clients["application-autoscaling"]
