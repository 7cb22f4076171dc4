"""The additions to MiniStack that need nothing of ours, in the order in which they change it."""

from lab_harness.emulators.inside import (
    asynchronous,
    bucket_notifications,
    concurrency,
    definitions,
    deployments,
    event_sources,
    filter_policies,
    function_limits,
    history,
    http_apis,
    metrics,
    payloads,
    queue_limits,
    rest_apis,
    roles,
    schedules,
    signatures,
    websockets,
)

# What comes later changes what is there already, so that it decides first.
ADDITIONS = (
    *(metrics, signatures, definitions, history, rest_apis, deployments, http_apis, websockets, roles),
    *(asynchronous, concurrency, payloads, function_limits, event_sources),
    *(queue_limits, filter_policies, schedules, bucket_notifications),
)
