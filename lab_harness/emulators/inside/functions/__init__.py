"""AWS Lambda: functions, how they run, and how they are invoked."""
