"""The additions to MiniStack that need nothing of ours, in the order in which they change it."""

from lab_harness.emulators.inside.access import signatures
from lab_harness.emulators.inside.apis import (
    canaries,
    deployments,
    http_apis,
    integrations,
    logs,
    openapi,
    proxy_events,
    quick_create,
    rest_apis,
    rest_refusals,
    route_refusals,
    socket_answers,
    stacks,
    stage_caches,
    trial_invocations,
    usage_plans,
    validation_errors,
    websockets,
)
from lab_harness.emulators.inside.buckets import notifications
from lab_harness.emulators.inside.edge import distributions, functions, lambdas
from lab_harness.emulators.inside.functions import (
    aliases,
    asynchronous,
    concurrency,
    durable,
    durable_calls,
    limits,
    partial_arns,
    payloads,
    policies,
    provisioned,
    recursive_loops,
    states,
    urls,
)
from lab_harness.emulators.inside.logins import (
    authenticators,
    deleted_attributes,
    groups,
    hosted_login,
    new_addresses,
    pool_updates,
    refresh_tokens,
    sign_in,
    user_attributes,
    user_codes,
    user_triggers,
)
from lab_harness.emulators.inside.machines import choices, deadlines, definitions, history
from lab_harness.emulators.inside.monitoring import (
    alarm_functions,
    bounds,
    log_groups,
    log_subscriptions,
    metric_filters,
    metrics,
    rpc_cbor,
)
from lab_harness.emulators.inside.moving_time import services
from lab_harness.emulators.inside.permissions import encryption, policy_documents, policy_versions, roles
from lab_harness.emulators.inside.queues import dead_letter_sources, dead_letters, filter_policies, move_tasks, removals
from lab_harness.emulators.inside.queues import limits as queue_limits
from lab_harness.emulators.inside.queues import metrics as queue_metrics
from lab_harness.emulators.inside.rules import schedules, timetables, universal_targets
from lab_harness.emulators.inside.stacks import aliases as stack_aliases
from lab_harness.emulators.inside.stacks import settings, templates
from lab_harness.emulators.inside.streams import bad_requests, delivery_streams, resharding, shard_limits
from lab_harness.emulators.inside.tables import (
    auto_scaling,
    capacity,
    exports,
    index_updates,
    journal,
    point_in_time,
    replica_lag,
    time_to_live,
)
from lab_harness.emulators.inside.tables import metrics as table_metrics

# What comes later changes what is there already, so that it decides first.
ADDITIONS = (
    *(metrics, rpc_cbor, log_groups, bounds, signatures, definitions, choices, deadlines, history),
    *(rest_apis, rest_refusals, proxy_events, deployments, canaries, integrations, stage_caches, openapi),
    *(logs, trial_invocations, validation_errors, stacks, http_apis, websockets, socket_answers),
    *(route_refusals, quick_create, usage_plans),
    *(roles, policy_documents, policy_versions, encryption),
    *(
        refresh_tokens,
        new_addresses,
        user_attributes,
        deleted_attributes,
        user_codes,
        authenticators,
        sign_in,
        hosted_login,
        user_triggers,
        pool_updates,
        groups,
    ),
    *(durable, durable_calls, distributions, functions, lambdas),
    *(partial_arns, asynchronous, aliases, concurrency, provisioned, payloads),
    *(limits, policies, states, urls, recursive_loops),
    *(queue_limits, alarm_functions, queue_metrics, move_tasks, universal_targets, dead_letters),
    *(dead_letter_sources, removals, filter_policies, schedules, notifications),
    *(journal, replica_lag, capacity, table_metrics, auto_scaling, point_in_time, exports, time_to_live, index_updates),
    *(resharding, shard_limits, bad_requests, delivery_streams, log_subscriptions, metric_filters),
    *(services, timetables, settings, templates, stack_aliases),
)
