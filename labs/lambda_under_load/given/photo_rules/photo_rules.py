"""What the functions of the pet shop agree on about photos."""

ENDINGS = (".jpg",)


def accepts(name):
    """Whether the shop takes a photo of this name."""
    return name.endswith(ENDINGS)
