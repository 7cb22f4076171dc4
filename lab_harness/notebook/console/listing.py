"""A table of what there is of a service, by a listing of its own."""

from datetime import datetime
from functools import partial

from lab_harness.account.service import Listing
from lab_harness.authors.made import is_made
from lab_harness.aws import Clients
from lab_harness.lab.labs import Lab
from lab_harness.notebook.console.parts import Blocks, nothing, part, rest
from lab_harness.notebook.console.words import clock
from lab_harness.render.blocks import Table

MOST_ROWS = 50


def show(title: str, listing: Listing, lab: Lab, clients: Clients) -> Blocks:
    """The listing's first rows, those first that the lab asks for by name, then in the order of the listing."""
    return part(title, partial(_table, title, listing, lab, clients))


def _table(title: str, listing: Listing, lab: Lab, clients: Clients) -> Blocks:
    asked = [resource.name for resource in lab.file.resources]
    rows = [tuple(map(_cell, row)) for row in listing.rows(clients)]
    rows = sorted((row for row in rows if not is_made(row[0])), key=lambda row: row[0] not in asked)
    if not rows:
        return nothing(listing.empty)
    shown = rows[:MOST_ROWS]
    return [Table(title, listing.columns, shown, note=rest(len(rows), len(shown)))]


def _cell(value: object) -> str:
    return clock(value.timestamp()) if isinstance(value, datetime) else str(value)
