"""What the checks of api_in_depth do as people in the chat would: connect with a token, talk, and go."""

import json
import time
from contextlib import contextmanager, suppress

from websocket import (
    WebSocketBadStatusException,
    WebSocketConnectionClosedException,
    WebSocketException,
    WebSocketTimeoutException,
)

from lab_harness.authors import Failure, customers, eventually, expect, items, policies

CHAT, TABLE, KEY, STAGE = "pet-chat", "pet-chat-connections", "connectionId", "live"
SITE = "pet-chat-site-000000000000"
ROUTES = ("$connect", "$disconnect", "$default", "say")
NAMES = {"paw-7": "Ana", "claw-3": "Ben"}  # by token
PATIENCE, SOON = 3.0, 2.0  # seconds: to hear, and until a row is written or gone
AFTERWARDS = 0.5  # seconds in which what the function has done is seen, once it is at rest
LONG = 15.0  # seconds: to connect, for which a function may have to start
FAILED = 500  # from this status on nobody has decided anything
MOST = 100  # messages that are heard while one is waited for: a function can send for ever
SHOWN = 300  # characters of what was heard
MANAGE = "execute-api:ManageConnections"


def chat_id(gateway):
    """The id of the WebSocket API; Failure where there is none of its name, or several."""
    found = [each for page in gateway.get_paginator("get_apis").paginate() for each in page["Items"]]
    sockets = [each for each in found if each["ProtocolType"] == "WEBSOCKET"]
    named = [each["ApiId"] for each in sockets if each["Name"] == CHAT]
    if len(named) != 1:
        names = ", ".join(sorted(each["Name"] for each in sockets)) or "no WebSocket API"
        next_step = "create_api makes one, with its ProtocolType; delete what is too many."
        raise Failure(expected=f"one WebSocket API {CHAT}", found=names, next_step=next_step, there=bool(named))
    return named[0]


def routes_arns(api):
    """What the API's calls of a function come from."""
    return [policies.arn("execute-api", f"{api}/{STAGE}/{route}") for route in ROUTES]


class Chat:
    """The chat, its table, and what is seen of its function."""

    def __init__(self, gateway, dynamodb, http, witness):
        self.id = chat_id(gateway)
        self.dynamodb, self.http, self.witness = dynamodb, http, witness

    def ids(self):
        """The connections of which the table knows."""
        return set(items.ids(self.dynamodb, TABLE, KEY))

    def soon(self, look):
        """What `look` finds soon, or once the function is at rest, which on a busy machine is at work for longer."""
        try:
            return eventually(look, within=SOON)
        except Failure:
            self.witness.at_rest()
            return eventually(look, within=AFTERWARDS)


class Guest:
    """Somebody in the chat, connected with this query."""

    def __init__(self, chat, query):
        self._socket, self._witness = chat.http.connect(chat.id, STAGE, query, timeout=LONG), chat.witness

    def say(self, **message):
        """Send a message; that nobody is there any more to take it, is heard."""
        with self._ending([]):
            self._socket.send(json.dumps(message))

    def hears(self, wanted, next_step):
        """What is heard until a message has these members; Failure with it where none has."""
        heard, why = [], [f"nothing within {PATIENCE:g} s"]
        for patience in (PATIENCE, AFTERWARDS):
            self._socket.settimeout(patience)
            until = time.monotonic() + patience
            with suppress(WebSocketTimeoutException), self._ending(why):
                while time.monotonic() < until and len(heard) < MOST:
                    heard.append(_read(self._socket.recv()))
                    if isinstance(heard[-1], dict) and wanted.items() <= heard[-1].items():
                        return heard
            self._witness.at_rest()  # On a busy machine the function may be at work still.
        found = f"{heard or why[-1]}"[:SHOWN]
        raise Failure(expected=f"the message {json.dumps(wanted)}", found=found, next_step=next_step)

    @contextmanager
    def _ending(self, why):
        """Adds why the connection has ended meanwhile, if it has."""
        try:
            yield
        except (ConnectionError, WebSocketConnectionClosedException) as error:
            why.append(f"a connection that ended: {error}")

    def go(self):
        """Leave."""
        self._socket.close(timeout=PATIENCE)


def _read(text):
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


@contextmanager
def guests(chat, *tokens):
    """People who connected with these tokens; afterwards they are gone, and so is what the table kept of them."""
    before, here = chat.ids(), []
    try:
        for token in tokens:
            here.append(_let_in(chat, token))
        yield here
    finally:
        for each in here:
            each.go()
        _tidy(chat, before)


def _let_in(chat, token):
    try:
        return Guest(chat, f"?token={token}")
    except (WebSocketException, OSError) as error:
        status = f"{error.status_code}" if isinstance(error, WebSocketBadStatusException) else str(error)
    next_step = "lab.logs() shows what pet-chat did, lab.why() what was refused; $connect answers with a statusCode."
    raise Failure(expected=f"a connection for the token {token}", found=status, next_step=next_step)


def _tidy(chat, before):
    """Wait until the table is as it was; what the handler has left there is deleted."""
    try:
        chat.soon(lambda: _expect_rows(chat, before, ""))
    except Failure:
        for each in chat.ids() - before:
            chat.dynamodb.delete_item(TableName=TABLE, Key={KEY: {"S": each}})


def _expect_rows(chat, wanted, next_step):
    found = chat.ids()
    if found != wanted:
        more = len(found - wanted)
        raise Failure(expected="no row of who has gone", found=f"{more} in {TABLE}", next_step=next_step)


def expect_refused(chat, query):
    """Whether a connection with this query is refused, by who decides and not by an error."""
    try:
        Guest(chat, query).go()
    except WebSocketBadStatusException as error:
        if error.status_code < FAILED:
            return
        step = f"The function fails for {query or 'no token'}, so it refuses nobody on purpose: lab.logs() shows why."
        raise Failure(expected="401", found=f"{error.status_code}", next_step=step) from error
    next_step = "For $connect the handler answers a statusCode other than 200 where TOKENS does not know the token."
    raise Failure(expected="no connection", found=f"a connection with {query or 'no token'}", next_step=next_step)


def expect_kept(chat):
    """Whether the table has a row of who is there, with the name, by pet-chat, and none once they have gone."""
    before, moment = chat.ids(), chat.witness.moment()
    with guests(chat, "claw-3") as (guest,):
        new = chat.soon(lambda: _new_rows(chat, before))
        names = [row.get("name") for row in new]
        if names != ["Ben"]:
            next_step = "$connect puts a row with connectionId and name; TOKENS has the name for a token."
            raise Failure(expected="one row more, of Ben", found=f"rows of {names}", next_step=next_step)
        next_step = "The integration of the API's routes leads to pet-chat, whose handler puts the row."
        expect.written_by(chat.witness, CHAT, TABLE, new[0][KEY], moment, next_step)
        guest.go()
        next_step = "For $disconnect the handler deletes the row; the API needs this route, too."
        chat.soon(lambda: _expect_rows(chat, before, next_step))


def _new_rows(chat, before, least=1):
    rows = [row for row in items.read_items(chat.dynamodb, TABLE) if row[KEY] not in before]
    if len(rows) < least:
        next_step = "$connect puts a row with connectionId and name; lab.logs() shows what the handler did."
        raise Failure(
            expected=f"a row in {TABLE} for who is there", found=f"{len(rows) or 'none'}", next_step=next_step
        )
    return rows


def _text():
    """What somebody says: to be JSON, it must be written as such."""
    return f'{customers.remark()} "Até amanhã!"'


def expect_heard(chat):
    """Whether what somebody says reaches everybody, with who says it."""
    text = _text()
    with guests(chat, "paw-7", "claw-3") as here:
        here[0].say(action="say", text=text)
        for each in here:
            next_step = (
                "lab.logs() shows what pet-chat did, lab.why() what was refused; json.dumps makes the message; "
                f"pet-chat-role needs {MANAGE} to send."
            )
            each.hears({"from": "Ana", "text": text}, next_step)


def expect_told(chat):
    """Whether who asks for what there is not is told so, and nobody else."""
    with guests(chat, "claw-3", "paw-7") as (asks, other):
        asks.say(action=customers.pet())
        asks.hears({"error": "The action is say."}, "The route $default sends it to the connection that asks.")
        text = customers.remark()
        asks.say(action="say", text=text)
        heard = other.hears({"from": "Ben", "text": text}, "")
        if any("error" in each for each in heard if isinstance(each, dict)):
            next_step = "The route $default sends to the connection that asks, and to no other."
            raise Failure(expected="nothing of the error for anybody else", found=str(heard), next_step=next_step)


def expect_removed(chat):
    """Whether the rows of connections that are gone go, all of them, and all others still hear."""
    before = chat.ids()
    with guests(chat, *NAMES) as here:
        rows = chat.soon(lambda: _new_rows(chat, before, len(NAMES)))
        for each in here:
            each.go()
        chat.soon(lambda: _expect_rows(chat, before, ""))
    gone = {row[KEY]: row for row in rows}
    with guests(chat, "claw-3") as (guest,), items.probe_items(chat.dynamodb, TABLE, KEY, gone):
        text = _text()
        guest.say(action="say", text=text)
        next_step = "post_to_connection raises GoneException for each who has gone: delete the row, and go on."
        guest.hears({"from": "Ben", "text": text}, next_step)
        chat.soon(lambda: _expect_gone(chat, gone, next_step))


def _expect_gone(chat, gone, next_step):
    if left := chat.ids() & gone.keys():
        found = f"{len(left)} of the {len(gone)} rows"
        raise Failure(expected="no rows of two who have gone", found=found, next_step=next_step)
