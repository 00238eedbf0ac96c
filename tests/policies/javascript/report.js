// What was seen so far, and how it is put in order.

import { sayable } from "./tree.js";

const MAX_NOTES = 100; // more than a person reads; the rest is counted

/** The order of the interface: by code point. JavaScript compares halves of them. */
export function compare(a, b) {
  const [left, right] = [[...a], [...b]];
  const at = left.findIndex((c, n) => c !== right[n]);
  if (at < 0) return left.length - right.length;
  return at < right.length ? left[at].codePointAt(0) - right[at].codePointAt(0) : 1;
}

/** The text with control characters spelled out, fit for a message. */
export const shown = (text) =>
  [...text].map((c) => (sayable(c) ? c : `\\u{${c.codePointAt(0).toString(16)}}`)).join("");

/** Where a finding leads, if it is a link to the inside. */
const inside = (finding) => (finding.link?.tag === "inside" ? finding.link.val : null);

export class Report {
  found = [];
  notes = [];
  /** Environments whose names say nothing, and their markers. */
  strangers = [];

  add(path, { kind, python = null, home = null }, target, reason) {
    const link = target === null ? null : { tag: "inside", val: target };
    this.found.push({ path, kind: { tag: kind }, python, home, link, reason });
  }

  /** A link that only the host can follow. */
  outside(path, reason) {
    const [kind, link] = [{ tag: "unseen" }, { tag: "outside" }];
    this.found.push({ path, kind, python: null, home: null, link, reason });
  }

  info(path, message) {
    this.note("info", path, message);
  }

  warn(path, message) {
    this.note("warning", path, message);
  }

  note(severity, path, message) {
    // The root is not a path: a note about it has none.
    this.notes.push({ severity, path: path || null, message: shown(message) });
  }

  unread(path, error) {
    this.warn(path, `cannot be read (${error.message}); an environment there is not hidden`);
  }

  /** Says once for the whole directory what could not be looked at. */
  unsayable(directory, entries) {
    const skipped = entries.filter(
      ({ name, kind }) => kind === "directory" && (name === null || !sayable(name)),
    );
    if (!skipped.length) return;
    const count = skipped.length === 1 ? "a name was" : `${skipped.length} names were`;
    const [example] = skipped.flatMap(({ name }) => name ?? []).sort(compare);
    const such = example === undefined ? "" : `, such as \`${example}\``;
    const why = "not UTF-8, or with a control character; an environment there is not hidden";
    this.warn(directory, `${count} skipped${such}: ${why}`);
  }

  /** The findings sorted, and one of several for the same directory. */
  united() {
    const found = this.found.sort((a, b) => compare(a.path, b.path));
    const seen = new Set(found.filter(({ link }) => !link).map(({ path }) => path));
    return found.filter((finding) => {
      const target = inside(finding);
      const first = target === null || !seen.has(target);
      seen.add(target);
      return first;
    });
  }

  /** The answer; unless `hide` is set, the findings are only told. */
  answer(hide) {
    const environments = this.united();
    const linked = new Set(environments.map(inside));
    for (const { path, marker } of this.strangers) {
      if (linked.has(path)) continue;
      const how = "under a name of its own is not hidden; list it to hide it";
      this.warn(path, `an environment (${marker}) ${how}`);
    }
    if (!hide) {
      // What lies outside is not in the container at all.
      for (const { path, reason } of environments.filter(({ kind }) => kind.tag !== "unseen")) {
        const what = `an environment of the host (${reason})`;
        this.warn(path, `${what} is not hidden: the container sees it broken`);
      }
    }
    // Warnings first, then by path: what a listing's order cannot change.
    const key = ({ severity, path, message }) => [severity === "warning" ? "0" : "1", path ?? "", message];
    this.notes.sort((a, b) => {
      const [left, right] = [key(a), key(b)];
      return compare(left[0], right[0]) || compare(left[1], right[1]) || compare(left[2], right[2]);
    });
    const more = this.notes.length - MAX_NOTES;
    if (more > 0) {
      this.notes.length = MAX_NOTES;
      this.warn("", `${more} more notes are not shown`);
    }
    return { environments: hide ? environments : [], notes: this.notes };
  }
}
