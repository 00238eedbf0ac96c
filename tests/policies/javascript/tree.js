// The project as the rules see it: read-only, and links are followed in one place only.

import { getDirectories } from "wasi:filesystem/preopens@0.2.12";

const MAX_LINKS = 40; // as many as Linux follows in one path

/** What a policy throws in place of an answer: a `refusal` of the interface. */
export const invalid = (message) => ({ tag: "invalid", val: message });

/** Something that is there cannot be read. */
export class Unreadable {
  constructor(code) {
    const denied = code === "access" || code === "not-permitted";
    this.message = denied ? "permission denied" : String(code);
  }

  refusal(path) {
    return { tag: "unreadable", val: { path, message: this.message } };
  }
}

/** Whether a name or path may stand in an answer: no control character. */
export const sayable = (text) => !/[\u0000-\u001f\u007f-\u009f]/.test(text);

export const join = (directory, name) => (directory ? `${directory}/${name}` : name);

/** Calls the host; the error codes in `given` become their values. */
function ask(call, given = {}) {
  try {
    return call();
  } catch (error) {
    const code = error?.payload ?? error;
    if (code in given) return given[code];
    throw new Unreadable(code);
  }
}

const KINDS = { directory: "directory", "regular-file": "file", "symbolic-link": "link" };

export class Tree {
  static open(root) {
    const preopen = getDirectories().find(([, path]) => path === root);
    if (!preopen) throw invalid(`root \`${root}\` is not a preopened directory`);
    return new Tree(preopen[0]);
  }

  constructor(root) {
    this.root = root;
  }

  /** `directory`, `file`, `link` or `other`; null if nothing is there. */
  kind(path) {
    const nothing = { "no-entry": null, "not-directory": null };
    const stat = ask(() => this.root.statAt({}, path), nothing);
    return stat && (KINDS[stat.type] ?? "other");
  }

  /** The names in a directory and what each is; the name is null if it is not UTF-8. */
  entries(path) {
    // The root is listed as it was handed over: a host has to be able to do that.
    const directory =
      path === "" ? this.root : ask(() => this.root.openAt({}, path, { directory: true }, { read: true }));
    const stream = ask(() => directory.readDirectory());
    const skipped = {};
    const unsayable = { name: null, kind: "directory" };
    const entries = [];
    for (;;) {
      const entry = ask(() => stream.readDirectoryEntry(), {
        "no-entry": skipped,
        "illegal-byte-sequence": unsayable,
      });
      if (!entry) break;
      if (entry === skipped) continue;
      entries.push(entry === unsayable ? entry : { name: entry.name, kind: KINDS[entry.type] ?? "other" });
    }
    stream[Symbol.dispose]?.();
    if (directory !== this.root) directory[Symbol.dispose]?.();
    return entries;
  }

  /** The first bytes of a regular file; nothing if it cannot be read. */
  read(path, limit) {
    const bytes = [];
    try {
      const file = this.root.openAt({}, path, {}, { read: true });
      while (bytes.length < limit) {
        const [more, end] = file.read(limit - bytes.length, bytes.length);
        for (const byte of more) bytes.push(byte);
        if (end || more.length === 0) break;
      }
      file[Symbol.dispose]?.();
    } catch {
      return [];
    }
    return bytes;
  }

  link(path) {
    // By its specification, wasi:filesystem refuses to read an absolute link.
    return ask(() => this.root.readlinkAt(path), { "not-permitted": "/" });
  }

  /**
   * Follows `path` below `base` name by name, to one of
   * `{ path, kind, linked }` with `kind` null if nothing is there yet,
   * `{ notDirectory }`, `{ outside: true }` or `{ broken: "how" }`.
   *
   * Hosts differ in how they follow a link out of a project; asking for one name at a time
   * leaves nothing to differ in.
   */
  resolve(base, path) {
    const place = this.follow(base, path);
    if (place.linked && !sayable(place.path)) {
      return { broken: "leads to a path with a control character" };
    }
    return place;
  }

  follow(base, path) {
    const dangling = { broken: "is a dangling link" };
    let [here, kind, links] = [base, "directory", 0];
    // The next name last; what a link brought in lies on top of what was asked.
    const [asked, brought] = [path.split("/").reverse(), []];
    while (asked.length || brought.length) {
      const fromLink = brought.length > 0;
      const name = fromLink ? brought.pop() : asked.pop();
      if (kind !== "directory") return links ? dangling : { notDirectory: here };
      if (name === "" || name === ".") continue;
      if (name === "..") {
        if (!here) return { outside: true };
        here = here.slice(0, Math.max(here.lastIndexOf("/"), 0));
        continue;
      }
      const step = join(here, name);
      const found = this.kind(step);
      if (found === null) {
        if (fromLink) return dangling;
        return { path: [step, ...asked.reverse()].join("/"), kind: null, linked: links > 0 };
      }
      if (found !== "link") {
        [here, kind] = [step, found];
        continue;
      }
      links += 1;
      if (links > MAX_LINKS) return { broken: "is a link that leads in a circle" };
      const text = this.link(step);
      if (text.startsWith("/")) return { outside: true };
      brought.push(...text.split("/").reverse());
    }
    return { path: here, kind, linked: links > 0 };
  }
}
