"""All that a lab's `checks.py` may use: `@check` and `Failure`, and what checks look and act with."""
