"""Says whether the shop takes a photo, before anybody uploads it."""

import photo_rules  # this function's own package does not have it


def lambda_handler(event, context):
    """Judge event["photo"], a name, by the rules that all functions share."""
    return {"photo": event["photo"], "accepted": photo_rules.accepts(event["photo"])}
