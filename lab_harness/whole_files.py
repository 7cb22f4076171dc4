"""Files that are written as a whole: a reader finds all of it, the old or the new."""

import os
from functools import partial
from pathlib import Path

OPEN_TO_OTHERS, PRIVATE = 0o666, 0o600  # the first is narrowed by the user's umask


def write_whole(file: Path, content: bytes, *, mode: int = OPEN_TO_OTHERS, copy: Path | None = None) -> Path:
    """Write a file so that a crash, of the machine too, leaves it whole, the old one or the new.

    It has the `mode` from its first moment on. The old one becomes the `copy`, where one is to be kept.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)  # A crash may have left it, with another mode.
    with open(part, "wb", opener=partial(os.open, mode=mode)) as written:
        written.write(content)
        written.flush()
        os.fsync(written.fileno())
    if copy:
        file.replace(copy)
    return part.replace(file)
