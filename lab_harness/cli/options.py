"""The options and arguments that several commands share."""

from typing import Annotated

import typer

LabId = Annotated[str, typer.Argument(metavar="LAB", help="The lab's id, as `lab list` shows it.")]
EmulatorName = Annotated[
    str | None,
    typer.Option(
        "--emulator",
        metavar="NAME",
        envvar="LAB_EMULATOR",
        help="embedded or localstack. Without it AWS_ENDPOINT_URL decides, then the embedded one is used.",
    ),
]
