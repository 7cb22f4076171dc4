"""How things are shown: each renderer takes one `LabReport`, or one of the blocks that a notebook shows."""

SYMBOLS = {"passed": "✓", "failed": "✗", "blocked": "·", "broken": "!", "unsupported": "–"}
DETAILS = (("expected", "expected"), ("found", "found"), ("next_step", "next"))
