"""How things are shown: each renderer takes one `LabReport`, or one of the blocks that a notebook shows."""

import re

SYMBOLS = {"passed": "✓", "failed": "✗", "blocked": "·", "broken": "!", "unsupported": "–"}
DETAILS = (("expected", "expected"), ("found", "found"), ("next_step", "next"))
# Characters that XML 1.0 cannot carry, and that a learner's log lines or names may hold.
UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
