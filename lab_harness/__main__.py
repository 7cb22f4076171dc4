"""`python -m lab_harness` is the `lab` command."""

from lab_harness.cli import main

main()
