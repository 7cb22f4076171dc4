"""Amazon CloudWatch: logs, metrics and alarms."""
