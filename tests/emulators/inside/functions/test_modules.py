"""Tests for what a function can import on the embedded emulator."""

import json

import pytest

CODE = """
import importlib, sys
def lambda_handler(event, context):
    found = []
    for name in event:
        try:
            importlib.import_module(name)
            found.append(name)
        except ModuleNotFoundError as error:
            assert str(error) == f"No module named '{name}'"
    return found
"""


@pytest.fixture
def lambda_(hello):
    return hello(CODE)["lambda"]


def imported(lambda_, *names):
    return json.load(lambda_.invoke(FunctionName="hello", Payload=json.dumps(names))["Payload"])


def test_function_has_the_standard_library_and_awss_sdk_and_nothing_of_the_courses(lambda_):
    there = ["json", "sqlite3", "ctypes", "xml.etree.ElementTree", "boto3", "boto3.dynamodb.conditions", "botocore",
             "dateutil.parser", "urllib3", "lambda_function"]  # fmt: skip
    assert imported(lambda_, *there, "requests", "click", "lab_harness", "wrapt", "ministack", "pytest") == there
