"""The options and arguments that several commands share."""

import click

lab_id = click.argument("lab", help="The lab's id, as `lab list` shows it.")
lab_ids = click.argument("labs", nargs=-1, metavar="[LAB]...", help="These labs; all if none is given.")
emulator_name = click.option(
    "--emulator",
    metavar="NAME",
    envvar="LAB_EMULATOR",
    show_envvar=True,
    help="embedded or localstack. Without it AWS_ENDPOINT_URL decides, then the embedded one is used.",
)
