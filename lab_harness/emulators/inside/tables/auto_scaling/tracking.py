"""Follows what tables consume, minute by minute, and changes their capacity as their policies say.

The new capacity is what makes the consumption the target: of the last minute when it grows, of the busiest of the
fifteen when it falls. What was throttled was not consumed, so that it may take several steps to follow a load.
"""

import logging
import math
import threading
import time
from typing import Any

from lab_harness.emulators.inside.moving_time import clock, falling_due
from lab_harness.emulators.inside.tables import consumption
from lab_harness.emulators.inside.tables.auto_scaling import alarms, records, tables
from lab_harness.emulators.inside.tables.auto_scaling.tables import Scaled

TICK = 1.0  # seconds of the computer's between two looks, where nobody moves time

log = logging.getLogger("lab_harness.auto_scaling")


class Tracking(falling_due.Source):
    """All policies of target tracking, looked at whenever a minute is over."""

    def __init__(self) -> None:
        self._seen = consumption.this_minute()
        self._begun = False

    def begin(self) -> None:
        """Look from now on, also where nobody moves time."""
        if not self._begun:
            self._begun = True
            threading.Thread(target=self._run, daemon=True, name="auto-scaling").start()

    def due(self) -> float:
        """When the next minute is over, as long as a table with a policy has consumed something lately."""
        return self._seen + consumption.MINUTE if any(map(_is_lively, records.policies.all_items())) else math.inf

    def happen(self) -> list[str]:
        """Look at each policy, once a minute; says which capacity was changed."""
        minute, before = consumption.this_minute(), self._seen
        self._seen = minute
        if minute <= before:  # which it is, too, when the account is emptied and time is the computer's again
            return []
        return [told for account, region in records.everywhere() for told in _look(account, region)]

    def _run(self) -> None:
        while True:
            time.sleep(TICK)
            try:
                with clock.moving:
                    self.happen()
            except Exception:
                log.exception("The policies of auto scaling could not be looked at.")


tracking = Tracking()


def _is_lively(kept: tuple[tuple[str, str, str], dict[str, Any]]) -> bool:
    """Whether what a policy scales has consumed something within the time that its alarms look back."""
    from ministack.core.responses import request_scope

    (account, region, _), policy = kept
    longest = max(rule.minutes for rule in alarms.RULES.values())
    with request_scope(account, region):
        what = tables.scaled(policy)
        latest = max(tables.minutes(what), default=0.0) if what else 0.0
    return latest >= clock.now() - (longest + 1) * consumption.MINUTE


def _look(account: str, region: str) -> list[str]:
    from ministack.core.responses import request_scope

    told = []
    with request_scope(account, region):
        for policy in list(records.policies.values()):
            target = records.targets.get(records.key(policy))
            what = tables.scaled(policy)
            if target and what and (now := tables.capacity(what)):
                told += _follow(policy, target, what, now)
    return told


def _follow(policy: dict[str, Any], target: dict[str, Any], what: Scaled, now: int) -> list[str]:
    """Judge a policy's alarms, and do what the one says that rings."""
    minutes = tables.minutes(what)
    latest = consumption.this_minute() - consumption.MINUTE
    settings = policy["TargetTrackingScalingPolicyConfiguration"]
    for kind, alarm in alarms.there(policy).items():
        if kind not in alarms.RULES:
            continue
        wanted = [latest - n * consumption.MINUTE for n in range(alarms.RULES[kind].minutes)]
        values = [minutes[when] for when in wanted if when in minutes]
        if alarms.judge(alarm, values) and not _cools_down(policy, kind, settings):
            most = values[0] if kind == alarms.HIGH else max(values)
            units = math.ceil(most / consumption.MINUTE / settings["TargetValue"] * 100)
            return scale(policy, target, what, now, units, alarm["AlarmName"])
    return []


def _cools_down(policy: dict[str, Any], kind: str, settings: dict[str, Any]) -> bool:
    since = "LabScaledOut" if kind == alarms.HIGH else "LabScaled"
    seconds = settings.get("ScaleOutCooldown" if kind == alarms.HIGH else "ScaleInCooldown", 0)
    return bool(clock.now() - policy.get(since, -math.inf) < seconds)


def scale(policy: dict[str, Any], target: dict[str, Any], what: Scaled, now: int, units: int, alarm: str) -> list[str]:
    """Give a target so many units, within its limits, and note it; says what was done."""
    units = min(max(units, target["MinCapacity"]), target["MaxCapacity"])
    is_out = alarms.HIGH in alarm
    if units == now or is_out != (units > now) or suspended(target, is_out):
        return []
    problem = tables.set_capacity(what, units)
    cause = f"monitor alarm {alarm} in state ALARM triggered policy {policy['PolicyName']}"
    records.note(target, cause, units, problem)
    if problem:
        return []
    policy |= {"LabScaled": clock.now()} | ({"LabScaledOut": clock.now()} if is_out else {})
    renew_alarms(target, what, units)
    return [f"{what.kind.lower()} capacity of {what.index or what.table} set to {units}"]


def suspended(target: dict[str, Any], is_out: bool) -> bool:
    """Whether scaling in this direction is suspended."""
    state = target.get("SuspendedState") or {}
    return bool(state.get("DynamicScalingOutSuspended" if is_out else "DynamicScalingInSuspended"))


def renew_alarms(target: dict[str, Any], what: Scaled, provisioned: int) -> None:
    """Give the alarms of a target's policies the thresholds of a capacity that has changed."""
    for policy in records.policies_of(target):
        alarms.put(policy, what, provisioned)
