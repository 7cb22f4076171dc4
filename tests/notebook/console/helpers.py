"""What the tests of the console's tabs share: looking at one, and clients that refuse."""

import re
from xml.etree import ElementTree

from lab_harness import load_lab
from lab_harness.notebook import console

HOSTILE = "<img src=x onerror=alert(1)>&\"'"


def look(lab_id, tab_id, clients, **how):
    """The blocks of a lab's tab."""
    tab = next(tab for tab in console.tabs(load_lab(lab_id)) if tab.id == tab_id)
    return tab.show(clients, **how)


def words(blocks):
    """All that the blocks' HTML says, part by part; an error where it is not well-formed."""
    pages = (re.sub("</?code>", "", block.html()) for block in blocks)  # it divides no words
    return [text for page in pages for text in ElementTree.fromstring(page).itertext() if text.strip()]


def rows(block):
    """A table's rows, each as a dict by its columns."""
    return [dict(zip(block.columns, row, strict=True)) for row in block.rows]


class Partly:
    """Clients, some of which are replaced."""

    def __init__(self, clients, emulator=None, **replaced):
        self._clients = clients
        self._replaced = replaced
        self.emulator = emulator or clients.emulator

    def __getitem__(self, service):
        return self._replaced.get(service) or self._clients[service]


class Refusing:
    """A client that answers one of its operations with an error."""

    def __init__(self, client, operation, code="InternalFailure", message="It is broken.", when=lambda arguments: True):
        self._client, self._operation = client, operation
        self._error = client.exceptions.from_code(code)({"Error": {"Code": code, "Message": message}}, operation)
        self._when = when

    def __getattr__(self, name):
        return self._refuse if name == self._operation else getattr(self._client, name)

    def _refuse(self, **arguments):
        if self._when(arguments):
            raise self._error
        return getattr(self._client, self._operation)(**arguments)

    def get_paginator(self, name):
        return self if name == self._operation else self._client.get_paginator(name)

    def paginate(self, **arguments):
        if self._when(arguments):
            raise self._error
        return self._client.get_paginator(self._operation).paginate(**arguments)
