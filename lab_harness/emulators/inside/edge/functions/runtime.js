// The runtime of CloudFront Functions, in the engine before a function is: what the language itself does not have.
// Python holds the function that this evaluates to; nothing of Python's can be reached from here.
(function () {
  "use strict";
  const { parse, stringify } = JSON, { apply } = Reflect, then = Promise.prototype.then, Clock = Date;
  const text = String, failure = Error, { join } = Array.prototype;
  const MOST_LOGGED = 10240;
  let logged = "", length = 0, state = "pending", answer = "null";

  // Text as bytes, and back.

  const latin = (bytes) => { let out = ""; for (const each of bytes) out += text.fromCharCode(each); return out; };
  const encoded = (value) => {
    const out = [], escaped = encodeURIComponent(text(value).toWellFormed());
    for (let at = 0; at < escaped.length; at++)
      if (escaped[at] === "%") { out.push(parseInt(escaped.slice(at + 1, at + 3), 16)); at += 2; }
      else out.push(escaped.charCodeAt(at));
    return Uint8Array.from(out);
  };
  const decoded = (bytes) => {
    let out = "";
    for (let at = 0; at < bytes.length;) {
      const first = bytes[at], more = first < 0x80 ? 0 : first < 0xc2 ? -1 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : -1;
      let code = more < 0 ? 0xfffd : more === 0 ? first : first & (0x3f >> more), step = 1;
      for (; more > 0 && step <= more; step++) {
        if ((bytes[at + step] & 0xc0) !== 0x80) { code = 0xfffd; break; }
        code = (code << 6) | (bytes[at + step] & 0x3f);
      }
      out += text.fromCodePoint(code > 0x10ffff ? 0xfffd : code);
      at += step;
    }
    return out;
  };
  const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const base64 = (bytes) => {
    let out = "";
    for (let at = 0; at < bytes.length; at += 3) {
      const three = (bytes[at] << 16) | ((bytes[at + 1] || 0) << 8) | (bytes[at + 2] || 0);
      const left = bytes.length - at;
      out += DIGITS[three >> 18] + DIGITS[(three >> 12) & 63];
      out += (left > 1 ? DIGITS[(three >> 6) & 63] : "=") + (left > 2 ? DIGITS[three & 63] : "=");
    }
    return out;
  };
  const unbase64 = (given) => {
    const out = [];
    let held = 0, bits = 0;
    for (const each of text(given).replace(/-/g, "+").replace(/_/g, "/")) {
      const digit = DIGITS.indexOf(each);
      if (each === "=" ) break;
      if (digit < 0) continue;
      held = ((held << 6) | digit) & 0xffff; bits += 6;
      if (bits >= 8) { bits -= 8; out.push((held >> bits) & 255); }
    }
    return Uint8Array.from(out);
  };
  const url = (given) => given.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const hex = (bytes) => { let out = ""; for (const each of bytes) out += (each < 16 ? "0" : "") + each.toString(16); return out; };
  const unhex = (given) => Uint8Array.from((given.match(/[0-9a-f]{2}/gi) || []).map((each) => parseInt(each, 16)));
  const bytesOf = (given, encoding) => {
    switch (text(encoding || "utf8").toLowerCase()) {
      case "utf8": case "utf-8": return encoded(given);
      case "hex": return unhex(given);
      case "base64": case "base64url": return unbase64(given);
      default: throw new TypeError(`"${encoding}" encoding is not supported`);
    }
  };
  const textOf = (bytes, encoding) => {
    switch (text(encoding || "utf8").toLowerCase()) {
      case "utf8": case "utf-8": return decoded(bytes);
      case "hex": return hex(bytes);
      case "base64": return base64(bytes);
      case "base64url": return url(base64(bytes));
      default: throw new TypeError(`"${encoding}" encoding is not supported`);
    }
  };

  class Buffer extends Uint8Array {
    static from(given, encoding) {
      const bytes = typeof given === "string" ? bytesOf(given, encoding) : given.type === "Buffer" ? given.data : given;
      return bytes instanceof ArrayBuffer ? new Buffer(bytes) : Buffer.alloc(bytes.length).copied(bytes);
    }
    static alloc(size, fill) { const made = new Buffer(size); return fill === undefined ? made : made.fill(fill); }
    static allocUnsafe(size) { return new Buffer(size); }
    static byteLength(given, encoding) { return typeof given === "string" ? bytesOf(given, encoding).length : given.byteLength; }
    static isBuffer(given) { return given instanceof Buffer; }
    static isEncoding(name) { return ["utf8", "utf-8", "hex", "base64", "base64url"].includes(text(name).toLowerCase()); }
    static concat(list, total) {
      const made = new Buffer(total === undefined ? list.reduce((sum, each) => sum + each.length, 0) : total);
      let at = 0;
      for (const each of list) { made.set(each.subarray(0, Math.max(0, made.length - at)), at); at += each.length; }
      return made;
    }
    static compare(one, other) {
      for (let at = 0; at < Math.min(one.length, other.length); at++)
        if (one[at] !== other[at]) return one[at] < other[at] ? -1 : 1;
      return Math.sign(one.length - other.length);
    }
    copied(bytes) { this.set(bytes); return this; }
    compare(other) { return Buffer.compare(this, other); }
    equals(other) { return Buffer.compare(this, other) === 0; }
    slice(from, to) { return this.subarray(from, to); }
    copy(target, at = 0, from = 0, to = this.length) {
      const part = this.subarray(from, Math.min(to, from + target.length - at));
      target.set(part, at);
      return part.length;
    }
    fill(value, from, to, encoding) {
      if (typeof value === "number") return super.fill(value, from, to);
      const bytes = bytesOf(value, encoding), end = to === undefined ? this.length : to;
      for (let at = from || 0; at < end && bytes.length; at++) this[at] = bytes[(at - (from || 0)) % bytes.length];
      return this;
    }
    write(given, at = 0, size = this.length, encoding = "utf8") {
      const bytes = bytesOf(given, encoding).subarray(0, Math.min(size, this.length - at));
      this.set(bytes, at);
      return bytes.length;
    }
    indexOf(value, from, encoding) {
      if (typeof value === "number") return super.indexOf(value, from);
      const bytes = typeof value === "string" ? bytesOf(value, encoding) : value;
      for (let at = from || 0; at + bytes.length <= this.length; at++)
        if (bytes.every((each, number) => this[at + number] === each)) return at;
      return -1;
    }
    includes(value, from, encoding) { return this.indexOf(value, from, encoding) >= 0; }
    toJSON() { return { type: "Buffer", data: Array.from(this) }; }
    toString(encoding, from, to) { return textOf(this.subarray(from, to), encoding); }
  }
  const NUMBERS = { UInt8: ["Uint8", 1], Int8: ["Int8", 1], UInt16: ["Uint16", 2], Int16: ["Int16", 2], UInt32: ["Uint32", 4],
    Int32: ["Int32", 4], Float: ["Float32", 4], Double: ["Float64", 8] };
  for (const name of Object.keys(NUMBERS))
    for (const order of NUMBERS[name][1] === 1 ? [""] : ["LE", "BE"]) {
      const [kind, size] = NUMBERS[name], view = (buffer) => new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
      Buffer.prototype[`read${name}${order}`] = function (at = 0) { return view(this)[`get${kind}`](at, order === "LE"); };
      Buffer.prototype[`write${name}${order}`] = function (value, at = 0) { view(this)[`set${kind}`](at, value, order === "LE"); return at + size; };
    }

  // Digests.

  const turned = (word, by) => (word << by) | (word >>> (32 - by));
  const padded = (bytes, bigEnd) => {
    const made = new Uint8Array(((bytes.length + 8 >> 6) + 1) << 6), view = new DataView(made.buffer);
    made.set(bytes); made[bytes.length] = 0x80;
    view.setUint32(made.length - (bigEnd ? 4 : 8), bytes.length << 3, !bigEnd);
    view.setUint32(made.length - (bigEnd ? 8 : 4), bytes.length >>> 29, !bigEnd);
    return view;
  };
  const words = (state, bigEnd) => {
    const view = new DataView(new ArrayBuffer(state.length * 4));
    state.forEach((word, at) => view.setUint32(at * 4, word >>> 0, !bigEnd));
    return new Uint8Array(view.buffer);
  };
  const roots = (count, power) => {
    const found = [];
    for (let each = 2; found.length < count; each++) {
      let prime = true;
      for (let by = 2; by * by <= each; by++) if (each % by === 0) { prime = false; break; }
      if (prime) { const root = Math.pow(each, power); found.push(((root - Math.floor(root)) * 4294967296) | 0); }
    }
    return found;
  };
  let K256 = null, KMD5 = null;
  const DIGESTS = {
    sha256(bytes) {
      K256 = K256 || roots(64, 1 / 3);
      const state = roots(8, 1 / 2), view = padded(bytes, true), w = new Int32Array(64);
      for (let block = 0; block < view.byteLength; block += 64) {
        let [a, b, c, d, e, f, g, h] = state;
        for (let i = 0; i < 64; i++) {
          if (i < 16) w[i] = view.getInt32(block + i * 4);
          else {
            const x = w[i - 15], y = w[i - 2];
            w[i] = w[i - 16] + w[i - 7] + (turned(x, 25) ^ turned(x, 14) ^ (x >>> 3)) + (turned(y, 15) ^ turned(y, 13) ^ (y >>> 10));
          }
          const one = (h + (turned(e, 26) ^ turned(e, 21) ^ turned(e, 7)) + ((e & f) ^ (~e & g)) + K256[i] + w[i]) | 0;
          const two = ((turned(a, 30) ^ turned(a, 19) ^ turned(a, 10)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
          h = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0;
        }
        [a, b, c, d, e, f, g, h].forEach((word, at) => { state[at] = (state[at] + word) | 0; });
      }
      return words(state, true);
    },
    sha1(bytes) {
      const state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0], view = padded(bytes, true), w = new Int32Array(80);
      for (let block = 0; block < view.byteLength; block += 64) {
        let [a, b, c, d, e] = state;
        for (let i = 0; i < 80; i++) {
          w[i] = i < 16 ? view.getInt32(block + i * 4) : turned(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
          const mixed = i < 20 ? ((b & c) | (~b & d)) + 0x5a827999 : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1
            : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc : (b ^ c ^ d) + 0xca62c1d6;
          const next = (turned(a, 5) + mixed + e + w[i]) | 0;
          e = d; d = c; c = turned(b, 30); b = a; a = next;
        }
        [a, b, c, d, e].forEach((word, at) => { state[at] = (state[at] + word) | 0; });
      }
      return words(state, true);
    },
    md5(bytes) {
      KMD5 = KMD5 || Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 4294967296) | 0);
      const state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476], view = padded(bytes, false);
      const shifts = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
      for (let block = 0; block < view.byteLength; block += 64) {
        let [a, b, c, d] = state;
        for (let i = 0; i < 64; i++) {
          const round = i >> 4;
          const mixed = [(b & c) | (~b & d), (d & b) | (~d & c), b ^ c ^ d, c ^ (b | ~d)][round];
          const at = [i, 5 * i + 1, 3 * i + 5, 7 * i][round] & 15;
          const next = (b + turned((a + mixed + KMD5[i] + view.getInt32(block + at * 4, true)) | 0, shifts[round][i & 3])) | 0;
          a = d; d = c; c = b; b = next;
        }
        [a, b, c, d].forEach((word, at) => { state[at] = (state[at] + word) | 0; });
      }
      return words(state, false);
    },
  };
  const joined = (parts) => Buffer.concat(parts.map((each) => Buffer.from(each)));
  const raw = (given) => (typeof given === "string" ? encoded(given) : given);
  let newer = true;
  class Hash {
    #name; #parts = []; #key;
    constructor(name, key) {
      if (!Object.hasOwn(DIGESTS, name)) throw new TypeError(`not supported algorithm: "${name}"`);
      this.#name = name;
      if (key === undefined) return;
      const short = raw(key).length > 64 ? DIGESTS[name](raw(key)) : raw(key);
      this.#key = Buffer.concat([short, new Uint8Array(64 - short.length)]);
      this.#parts.push(this.#key.map((each) => each ^ 0x36));
    }
    update(data, encoding) {
      if (!this.#parts) throw new failure("Digest already called");
      this.#parts.push(typeof data === "string" ? bytesOf(data, encoding) : data);
      return this;
    }
    digest(encoding) {
      if (!this.#parts) throw new failure("Digest already called");
      let found = DIGESTS[this.#name](joined(this.#parts));
      if (this.#key) found = DIGESTS[this.#name](joined([this.#key.map((each) => each ^ 0x5c), found]));
      this.#parts = null;
      if (encoding) return textOf(found, encoding);
      return newer ? Buffer.from(found) : latin(found);
    }
  }

  // Modules.

  const escape = (value) => encodeURIComponent(text(value));
  const unescape = (value) => { try { return decodeURIComponent(value.replace(/\+/g, " ")); } catch { return value; } };
  const querystring = {
    escape, unescape,
    parse(given, between = "&", equals = "=", options = {}) {
      const found = {}, most = options.maxKeys === undefined ? 1000 : options.maxKeys;
      const decode = options.decodeURIComponent || unescape;
      text(given).split(between).filter((each) => each).slice(0, most || undefined).forEach((each) => {
        const at = each.indexOf(equals), name = decode(at < 0 ? each : each.slice(0, at));
        const value = at < 0 ? "" : decode(each.slice(at + equals.length));
        if (Object.hasOwn(found, name)) found[name] = [].concat(found[name], value);
        else found[name] = value;
      });
      return found;
    },
    stringify(given, between = "&", equals = "=", options = {}) {
      const encode = options.encodeURIComponent || escape;
      return Object.keys(given || {}).flatMap((name) =>
        [].concat(given[name]).map((each) => encode(name) + equals + encode(each))).join(between);
    },
  };
  querystring.decode = querystring.parse; querystring.encode = querystring.stringify;

  let stores = {};
  const store = (named) => {
    const names = Object.keys(stores);
    const found = named === undefined ? names[0] : names.find((each) => each === named || each.endsWith("/" + named));
    if (found === undefined) throw new failure("No key value store is associated with the function.");
    const { id, items, ...about } = stores[found];
    return {
      async get(key, options = {}) {
        if (!Object.hasOwn(items, key)) throw new failure("KeyNotFound");
        const form = options.format || "string";
        return form === "json" ? parse(items[key]) : form === "bytes" ? Buffer.from(items[key]) : items[key];
      },
      async exists(key) { return Object.hasOwn(items, key); },
      async count() { return Object.keys(items).length; },
      async meta() { return { keyCount: Object.keys(items).length, ...about }; },
    };
  };
  const MODULES = {
    crypto: { createHash: (name) => new Hash(name), createHmac: (name, key) => new Hash(name, key) },
    querystring, buffer: { Buffer }, cloudfront: { kvs: store },
  };
  const required = (name) => {
    if (Object.hasOwn(MODULES, name) && (newer || name === "crypto" || name === "querystring")) return MODULES[name];
    throw new failure(`Cannot load module "${name}"`);
  };

  // What a function finds.

  const shown = (value) => (typeof value === "string" ? value : value && typeof value === "object" && !(value instanceof failure)
    ? stringify(value) : text(value));
  const log = (...given) => {
    if (length >= MOST_LOGGED) return;
    const line = given.map(shown).join(" ").slice(0, MOST_LOGGED - length);
    length += line.length + 1;
    logged += line + "\n";
  };
  const define = (name, value) => Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  const prepare = (runtime, now, given) => {
    newer = runtime !== "cloudfront-js-1.0"; stores = parse(given); now = parse(now);
    define("console", { log, info: log, warn: log, error: log, debug: log });
    define("require", required);
    define("Date", class Date extends Clock {
      constructor(...given) { if (given.length) super(...given); else super(now); }
      static now() { return now; }
    });
    define("atob", (given) => latin(unbase64(given)));
    define("btoa", (given) => base64(Uint8Array.from(text(given), (each) => {
      if (each.charCodeAt(0) > 255) throw new TypeError("invalid character (>= U+00FF)");
      return each.charCodeAt(0);
    })));
    if (newer) {
      define("Buffer", Buffer);
      define("TextEncoder", class TextEncoder { encode(given = "") { return encoded(given); } });
      define("TextDecoder", class TextDecoder { decode(given = []) { return decoded(new Uint8Array(given.buffer || given)); } });
    } else {
      text.bytesFrom = (given, encoding) => latin(typeof given === "string" ? bytesOf(given, encoding) : given);
      text.prototype.fromUTF8 = function () { return decoded(Uint8Array.from(this, (each) => each.charCodeAt(0))); };
      text.prototype.toUTF8 = function () { return latin(encoded(this)); };
      text.prototype.toBytes = text.prototype.fromBytes = function (from, to) { return text(this).slice(from, to); };
    }
    const never = () => { throw new TypeError("Code generation from strings disallowed for this context"); };
    define("eval", never);
    for (const each of [function () {}, async function () {}, function* () {}, async function* () {}])
      Object.defineProperty(Object.getPrototypeOf(each), "constructor", { value: never });
    define("Function", never);
    for (const name of ["setTimeout", "setInterval", "queueMicrotask", "performance", "WebAssembly", "gc", "navigator", "print", "scriptArgs"])
      delete globalThis[name];
  };
  const fail = (error) => {
    state = error === null ? "throttled" : "failed"; // The engine has no memory left for a real error.
    try {
      answer = error === null ? "memory" : error instanceof failure ? `${error}\n${error.stack || ""}` : text(error);
    } catch { answer = "Error"; }
  };
  const done = (value) => {
    try { answer = value === undefined ? "null" : stringify(value); state = "done"; } catch (error) { fail(error); }
  };
  const whole = (rope) => apply(join, [rope], [""]); // The engine keeps a sum of texts in parts, which Python cannot read.
  // Each answer is a text of its own, so that nothing that a function has changed has a part in it.
  return function (what, ...given) {
    if (what === "prepare") return prepare(...given);
    if (what === "logs") return whole(logged);
    if (what === "state") return state;
    if (what === "answer") return whole(answer);
    try {
      const value = given[0](parse(given[1]));
      if (value instanceof Promise) apply(then, value, [done, fail]); else done(value);
    } catch (error) { fail(error); }
  };
})()
