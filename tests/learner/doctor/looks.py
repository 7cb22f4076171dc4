"""What the tests of the doctor's looks share."""


def said(look, machine):
    """The one finding of a look. Where something is wrong it says what to do, where nothing is it does not."""
    (finding,) = look(machine)
    if finding.state != "note":
        assert bool(finding.fix) == (finding.state == "problem")
    return finding


def program(path):
    """A program that does nothing."""
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755)
