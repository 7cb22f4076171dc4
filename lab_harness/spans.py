"""Spans of time for people."""

UNITS = (("d", 86_400), ("h", 3_600), ("min", 60))
IN_DAYS = 172_800  # seconds from which days are counted


def span(seconds: float) -> str:
    """A span of time: "<1 ms", "4 ms", "2.5 s", from two minutes on "26 h" or "3 d 2 h 5 min"."""
    if 0 < seconds < 0.001:
        return "<1 ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 120 else _long(round(seconds))


def rounded(seconds: float) -> str:
    """A span of time in whole seconds, where it is a second or more: "26 h", "1 min"."""
    return _long(round(seconds)) if seconds >= 0.9995 else span(seconds)


def _long(seconds: int) -> str:
    parts = []
    for name, size in UNITS if seconds >= IN_DAYS else UNITS[1:]:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join([*parts, *([f"{seconds} s"] if seconds else [])])
