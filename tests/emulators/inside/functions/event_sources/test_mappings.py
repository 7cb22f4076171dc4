"""Tests for what the embedded emulator tells of a mapping: its defaults and its states."""

OF_STREAMS = {
    "BatchSize": 100,
    "MaximumBatchingWindowInSeconds": 0,
    "StartingPosition": "TRIM_HORIZON",
    "ParallelizationFactor": 1,
    "MaximumRecordAgeInSeconds": -1,
    "MaximumRetryAttempts": -1,
    "BisectBatchOnFunctionError": False,
    "TumblingWindowInSeconds": 0,
    "DestinationConfig": {"OnFailure": {}},
    "FunctionResponseTypes": [],
    "LastProcessingResult": "No records processed",
    "State": "Enabled",
    "StateTransitionReason": "User action",
}
GIVEN = {
    "BatchSize": 10_000,
    "MaximumBatchingWindowInSeconds": 300,
    "ParallelizationFactor": 10,
    "MaximumRecordAgeInSeconds": 604_800,
    "MaximumRetryAttempts": 10_000,
    "BisectBatchOnFunctionError": True,
    "TumblingWindowInSeconds": 900,
    "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::left"}},
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
}


def test_mapping_of_a_stream_has_awss_defaults_and_keeps_what_it_is_given(account):
    at = account()
    uuid = at.connect(at.stream())
    found = at.mapping(uuid)
    assert {name: found[name] for name in OF_STREAMS} == OF_STREAMS
    at.lambda_.update_event_source_mapping(UUID=uuid, **GIVEN)
    found = at.mapping(uuid)
    assert {name: found[name] for name in GIVEN} == GIVEN


def test_mapping_of_a_queue_has_nothing_of_a_streams(account):
    at = account()
    at.queue()
    found = at.mapping(at.connect())
    assert found["BatchSize"] == 10
    assert not found.keys() & (OF_STREAMS.keys() - {
        "BatchSize", "MaximumBatchingWindowInSeconds", "FunctionResponseTypes", "LastProcessingResult", "State",
        "StateTransitionReason",
    })  # fmt: skip


def test_answers_name_the_state_between_two(account):
    at = account()
    at.queue()
    made = at.lambda_.create_event_source_mapping(
        EventSourceArn="arn:aws:sqs:us-east-1:000000000000:orders", FunctionName="hello"
    )
    uuid = made["UUID"]

    def changed(**settings):
        answer = at.lambda_.update_event_source_mapping(UUID=uuid, **settings)
        return answer["State"], at.mapping(uuid)["State"]

    assert (made["State"], at.mapping(uuid)["State"]) == ("Creating", "Enabled")
    assert changed(BatchSize=1) == ("Updating", "Enabled")
    assert changed(Enabled=False) == ("Disabling", "Disabled")
    assert changed(Enabled=True) == ("Enabling", "Enabled")
    assert at.lambda_.delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"
    assert at.lambda_.list_event_source_mappings()["EventSourceMappings"] == []
