"""Tests for the process of CloudFront Functions: what it has, and what it withstands."""

import base64
import hashlib
import hmac
import importlib.util
import json
import signal
import subprocess
import threading
import time

import pytest

from lab_harness.emulators.inside.edge.functions import engine as module
from lab_harness.emulators.inside.edge.functions.engine import Engine, Engines
from tests.waiting import PATIENCE

NEW, OLD = "cloudfront-js-2.0", "cloudfront-js-1.0"


@pytest.fixture(scope="module")
def running():
    engine = Engine()
    yield engine
    engine.end()


@pytest.fixture
def engine(running):
    value(running, "1")
    return running


@pytest.fixture
def sturdy(engine):
    """An engine whose process must not end."""
    process = engine.process
    yield engine
    assert value(engine, "1") == 1
    assert engine.process is process


def value(engine, expression, runtime=NEW, event=None, before=""):
    """What an expression comes to within a handler."""
    code = f"{before}\n{'async ' if runtime == NEW else ''}function handler(event) {{ return {expression}; }}"
    ran = engine.call(code, runtime, event or {}, {})
    assert ran.state == "done", ran.answer
    return json.loads(ran.answer)


def wrong(engine, expression, runtime=NEW):
    ran = engine.call(f"function handler(event) {{ return {expression}; }}", runtime, {}, {})
    assert ran.state == "failed", ran
    return ran.answer


# What it has.


@pytest.mark.parametrize("text", ["", "abc", "zoë 😀", "x" * 200])
def test_digests_are_those_of_everybody(engine, text):
    names = ("md5", "sha1", "sha256")
    expression = f"{json.dumps(names)}.map((n) => crypto.createHash(n).update(event.text).digest('hex'))"
    found = value(engine, expression, event={"text": text}, before="import crypto from 'crypto';")
    assert found == [hashlib.new(name, text.encode()).hexdigest() for name in names]


@pytest.mark.parametrize("key", ["k", "k" * 100])
def test_hmacs_sign_tokens(engine, key):
    expression = "createHmac('sha256', event.key).update('head.').update('body').digest('base64url')"
    found = value(engine, expression, event={"key": key}, before="import { createHmac } from 'crypto';")
    expected = base64.urlsafe_b64encode(hmac.digest(key.encode(), b"head.body", "sha256")).rstrip(b"=").decode()
    assert found == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("Buffer.from('aGk', 'base64').toString()", "hi"),
        ("Buffer.from('zoë').toString('hex')", "7a6fc3ab"),
        ("Buffer.from('7a6f', 'hex').toString('utf8')", "zo"),
        ("Buffer.concat([Buffer.from('a'), Buffer.from([66])]).toString()", "aB"),
        ("Buffer.from('abc').slice(1).toString()", "bc"),
        ("Buffer.from('abc').equals(Buffer.from('abc'))", True),
        ("Buffer.from([0, 0, 1, 0]).readUInt32BE(0)", 256),
        ("Buffer.byteLength('zoë')", 4),
        ("Buffer.isBuffer(Buffer.alloc(1))", True),
        ("Buffer.from('a-b-c').indexOf('-c')", 3),
        ("atob(btoa('hi'))", "hi"),
        ("new TextDecoder().decode(new TextEncoder().encode('zoë 😀'))", "zoë 😀"),
        ("require('querystring').parse('a=1&b=%20+x&a=2')", {"a": ["1", "2"], "b": "  x"}),
        ("require('querystring').stringify({a: [1, 2], b: 'é'})", "a=1&a=2&b=%C3%A9"),
        ("(await Promise.all([1, Promise.resolve(2)]))", [1, 2]),
        ("event?.a ?? 'none'", "none"),
        ("'2024'.replace(/(?<year>\\d+)/, '$<year>!')", "2024!"),
    ],
)
def test_the_newer_runtime_has_what_aws_says(engine, expression, expected):
    assert value(engine, expression) == expected


def test_the_older_runtime_has_its_own(engine):
    assert value(engine, "String.bytesFrom('aGk=', 'base64')", OLD) == "hi"
    assert value(engine, "typeof require('crypto').createHash('sha1').update('a').digest()", OLD) == "string"
    assert value(engine, "typeof Buffer", OLD) == "undefined"
    assert "Cannot load module" in wrong(engine, "require('buffer')", OLD)


def test_time_stands_still_in_a_call(engine):
    then, now = value(engine, "[Date.now(), new Date().getTime()]")
    assert then == now
    assert abs(then / 1000 - time.time()) < 60
    assert value(engine, "new Date(0).toISOString()") == "1970-01-01T00:00:00.000Z"


def test_key_value_stores_are_read(engine):
    code = """import cf from 'cloudfront';
    async function handler() {
        const kvs = cf.kvs();
        return [await kvs.get('a'), await kvs.exists('z'), await kvs.get('j', {format: 'json'}), await kvs.count()];
    }"""
    ran = engine.call(code, NEW, {}, {"arn/store/1": {"id": "1", "items": {"a": "b", "j": '{"x": 1}'}}})
    assert json.loads(ran.answer) == ["b", False, {"x": 1}, 2]
    missing = engine.call(
        "import cf from 'cloudfront'; async function handler() { await cf.kvs().get('z') }", NEW, {}, {}
    )
    assert "No key value store" in missing.answer


def test_an_error_tells_its_line_in_the_function(engine):
    ran = engine.call("\n\nfunction handler(event) {\n  return event.a.b;\n}", NEW, {}, {})
    assert ran.answer.splitlines()[0] == "TypeError: cannot read property 'b' of undefined"
    assert ran.answer.splitlines()[1].strip().startswith("at handler (function.js:4")


# What it does not have.


@pytest.mark.parametrize(
    "expression",
    [
        "eval('1')",
        "new Function('return 1')()",
        "(() => {}).constructor('return 1')()",
        "(async () => {}).constructor('return 1')()",
        "(function* () {}).constructor('return 1')()",
        "setTimeout(() => {}, 1)",
        "fetch('http://127.0.0.1')",
        "new XMLHttpRequest()",
        "require('fs')",
        "require('http')",
        "require('std')",
        "process.exit()",
        "std.exit()",
        "os.exec(['ls'])",
        "globalThis.constructor.constructor('return 1')()",
    ],
)
def test_there_is_no_way_out(engine, expression):
    assert wrong(engine, expression)


@pytest.mark.parametrize("name", ["fs", "std", "os", "/etc/passwd", "./runtime.js"])
def test_nothing_is_imported(engine, name):
    ran = engine.call(f"async function handler() {{ return Object.keys(await import('{name}')); }}", NEW, {}, {})
    assert ran.state == "failed"
    assert engine.call(f"import x from '{name}'; function handler() {{}}", NEW, {}, {}).state == "failed"


# What it withstands.

LOOPS = [
    "function handler() { for (;;); }",
    "for (;;);",
    "for (;;) { try { for (;;); } catch (e) {} }",
    "function handler() { try { for (;;); } finally { for (;;); } }",
    "async function handler() { for (;;) await 0; }",
    "function handler() { return /^(a+)+$/.test('a'.repeat(50) + 'b'); }",
    "function handler() { return new Proxy({}, { ownKeys() { for (;;); } }); }",
    "function handler() { return { toJSON() { for (;;); } }; }",
    "function handler() { return { get then() { for (;;); } }; }",
    "async function handler() { return { get then() { for (;;); } }; }",
    "function handler() { throw { toString() { for (;;); } }; }",
    "function handler() { for (let n = 3n; ; n = n * n % (2n ** 4000n)); }",
]
BOMBS = [
    "function handler() { const all = []; for (;;) all.push(new Uint8Array(99999)); }",
    "function handler() { return new Uint8Array(3e6); }",
    "function handler() { return 'x'.repeat(3e6); }",
    "const all = new Array(1e6).fill(1); function handler() { return all; }",
    "function handler() { return 'x'.repeat(1e6) + 'é'.repeat(1e6); }",
]


@pytest.mark.parametrize("code", LOOPS)
def test_a_loop_is_stopped(sturdy, code):
    ran = sturdy.call(code, NEW, {}, {})
    assert (ran.state, ran.answer, ran.utilization) == ("throttled", "time", 100)


@pytest.mark.parametrize("code", BOMBS)
def test_more_memory_than_there_is_is_refused(sturdy, code):
    ran = sturdy.call(code, NEW, {}, {})
    assert ran.state != "done"
    assert ran.answer == "memory" or "out of memory" in ran.answer


def test_what_the_engine_cannot_stop_is_ended_with_itsprocess(engine, monkeypatch):
    monkeypatch.setattr(module, "DEADLINE", 0.2)
    search = "let s = 'a'.repeat(6e5); let t = 'a'.repeat(3e5) + 'b'; for (let i = 0; i < 9e9; i++) s.indexOf(t);"
    began = time.monotonic()
    ran = engine.call(f"function handler() {{ {search} }}", NEW, {}, {})
    assert (ran.state, ran.answer) == ("throttled", "time")
    assert time.monotonic() - began < 20
    monkeypatch.undo()
    assert value(engine, "1") == 1


@pytest.mark.parametrize(
    "code",
    [
        "function handler() { function f() { return f() + 1; } return f(); }",
        "function handler() { return JSON.parse('['.repeat(1e5)); }",
        "function handler() { let a = []; for (let i = 0; i < 2e4; i++) a = [a]; return a; }",
        "function handler() { return new RegExp('('.repeat(1e4)).test(''); }",
    ],
)
def test_recursion_ends(sturdy, code):
    assert sturdy.call(code, NEW, {}, {}).state in ("failed", "throttled")


@pytest.mark.parametrize(
    "code",
    [
        "JSON.stringify = () => 'x'; JSON.parse = () => 1;",
        "Promise.prototype.then = () => { throw 1; };",
        "Object.prototype.toJSON = () => 'mine';",
        "Object.defineProperty(Object.prototype, 'state', { get() { return 'x'; }, set() {} });",
        "Array.prototype[Symbol.iterator] = function* () {};",
        "Array.prototype.join = () => 5; Array.prototype.map = null; String.prototype.slice = null;",
        "Object.freeze(globalThis); Object.freeze(Object.prototype);",
        "globalThis.Date = globalThis.console = globalThis.Promise = undefined;",
    ],
)
def test_what_a_function_changes_is_its_own_loss_and_gone_with_the_next_call(sturdy, code):
    sturdy.call(f"{code} async function handler(event) {{ return event; }}", NEW, {}, {})
    assert value(sturdy, "JSON.stringify({ a: [1].map((x) => x + 1) })") == '{"a":[2]}'


def test_nothing_is_kept_between_calls(engine):
    code = "globalThis.count = (globalThis.count || 0) + 1; function handler() { return count; }"
    assert [engine.call(code, NEW, {}, {}).answer for _ in range(2)] == ["1", "1"]


def test_a_log_has_ten_kilobytes_at_most(engine):
    ran = engine.call("function handler() { for (let i = 0; i < 50; i++) console.log('x'.repeat(999)); }", NEW, {}, {})
    assert 10_000 < sum(len(line) + 1 for line in ran.logs) <= 10_241


def test_aprocess_that_was_ended_is_started_again(engine):
    assert value(engine, "1") == 1
    engine.process.kill()
    engine.process.wait()
    assert value(engine, "2") == 2


def test_a_call_takes_milliseconds(engine):
    value(engine, "1")
    began = time.perf_counter()
    for _ in range(20):
        value(engine, "event", event={"request": {"uri": "/pets/", "headers": {}}})
    assert (time.perf_counter() - began) / 20 < 0.1  # a millisecond where nothing else runs


def test_a_machine_without_the_engine_is_told_what_to_do(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    ran = Engine().call("function handler() {}", NEW, {}, {})
    assert ran.state == "failed"
    assert "pip install quickjs-ng" in ran.answer


def test_the_emulator_does_not_load_the_engine():
    program = "import sys, lab_harness.emulators.inside.server; sys.exit('_quickjs' in sys.modules)"
    assert subprocess.run([module.sys.executable, "-c", program], check=False).returncode == 0


def test_a_call_ends_with_the_emulator_and_starts_no_other_process():
    engine, told = Engine(), []
    value(engine, "1")
    loop = "throw { get stack() { while (1); }, get message() { while (1); }, toString() { while (1); } };"
    call = threading.Thread(target=lambda: told.append(engine.call(loop, NEW, {}, {})))
    process = engine.process
    call.start()
    call.join(0.3)  # by now it is in its loop, most probably
    engine.close()
    call.join(2)
    assert told[0].state == "failed"
    assert process.poll() is not None
    assert engine.process is None


ENDLESS = "throw { get stack() { while (1); }, get message() { while (1); }, toString() { while (1); } };"


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system does not end a process for what it has done")
def test_what_the_engine_cannot_stop_is_stopped_for_the_processor_time_that_it_took(engine, monkeypatch):
    monkeypatch.setattr(module, "DEADLINE", PATIENCE)  # by the clock, which is over first on a busy machine
    value(engine, "1")
    process = engine.process
    ran = engine.call(ENDLESS, NEW, {}, {})
    assert (ran.state, ran.answer) == ("throttled", "time")
    assert process.poll() == -signal.SIGVTALRM
    assert value(engine, "2") == 2


def test_a_function_that_does_not_end_keeps_no_other_waiting(monkeypatch):
    monkeypatch.setattr(module, "ENDED", 60)  # so that only the wall's time ends it
    engines, ended = Engines(), threading.Event()
    call = threading.Thread(target=lambda: (engines.call(ENDLESS, NEW, {}, {}), ended.set()))
    try:
        call.start()
        assert [value(engines, str(number)) for number in range(3)] == [0, 1, 2]
        assert not ended.is_set()
    finally:
        engines.close()
        call.join()


def test_calls_one_after_the_other_take_one_process():
    engines = Engines()
    try:
        assert [value(engines, str(number)) for number in range(3)] == [0, 1, 2]
        assert len([each for each in engines.engines if each.process]) == 1
    finally:
        engines.close()
