"""Amazon EventBridge and its Scheduler."""
