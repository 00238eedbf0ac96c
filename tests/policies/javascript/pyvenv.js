// What pyvenv.cfg tells: the version of Python, and the directory it was made from.

import { sayable } from "./tree.js";

export const LIMIT = 64 * 1024; // enough for any pyvenv.cfg that a tool wrote
const MAX_HOME = 4096;
const LINE_END = 10;

/** Without what Unicode calls white space; `trim` takes other characters. */
const trim = (text) => text.replace(/^[\p{White_Space}]+|[\p{White_Space}]+$/gu, "");
const lower = (text) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

export function parse(bytes) {
  // The last line may have been cut; half a value is a wrong one.
  if (bytes.length === LIMIT) bytes = bytes.slice(0, Math.max(bytes.lastIndexOf(LINE_END), 0));
  const values = new Map();
  for (const line of decode(bytes).replace(/^\ufeff/, "").split("\n")) {
    const equals = line.indexOf("=");
    if (equals >= 0) values.set(lower(trim(line.slice(0, equals))), trim(line.slice(equals + 1)));
  }
  return {
    python: release(values.get("version")) ?? release(values.get("version_info")),
    home: directory(values.get("home") ?? ""),
  };
}

function directory(value) {
  // A byte that was not UTF-8 was replaced: the path would be another one.
  const sane = sayable(value) && !value.includes("\ufffd") && encodedLength(value) <= MAX_HOME;
  return value && sane ? value : null;
}

/** `3.11.7` of `3.11.7.final.0`, `3.13.0` of `3.13.0rc1`, `3.14` of `3.14t`. */
function release(value = "") {
  const [first, second = "", third = ""] = value.split(".");
  const patch = number(third, false);
  const [major, minor] = [number(first, true), number(second, patch !== null)];
  if (major === null || minor === null) return null;
  return [major, minor, ...(patch === null ? [] : [patch])].join(".");
}

/** The digits that a part begins with, or is made of if it is `whole`; at most four. */
function number(part, whole) {
  const [digits] = part.match(/^[0-9]*/);
  return digits.length >= 1 && digits.length <= 4 && !(whole && digits !== part) ? digits : null;
}

const encodedLength = (text) => [...text].reduce((sum, c) => sum + bytesOf(c.codePointAt(0)), 0);
const bytesOf = (code) => (code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4);

/** UTF-8 to text, where this engine has no TextDecoder; what is not UTF-8 becomes U+FFFD. */
function decode(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at];
    const length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    let code = length < 2 ? lead : lead & (0x7f >> length);
    let valid = length > 0;
    for (let next = 1; next < length; next++) {
      const byte = bytes[at + next] ?? 0;
      valid &&= (byte & 0xc0) === 0x80;
      code = (code << 6) | (byte & 0x3f);
    }
    valid &&= bytesOf(code) === length && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
    text += valid ? String.fromCodePoint(code) : "\ufffd";
    at += valid ? length : 1;
  }
  return text;
}
