// An example: hides each directory that holds `pyvenv.cfg`, in the project and one level below.
//
// A policy in JavaScript is a module with an object for each exported interface. Build it,
// with the WIT files of wasi:filesystem, wasi:io and wasi:clocks beside those of paude, with
//
//     jco componentize app.js --wit wit -n policy --backend qjs --backend-qjs-disable-async -o javascript.wasm

import { getDirectories } from "wasi:filesystem/preopens@0.2.12";

const MARKER = "pyvenv.cfg";

export const detection = {
  detect({ root, selection, also, except, depth, skip }) {
    const [directory] = getDirectories().find(([, path]) => path === root);
    const project = new Project(directory, skip);
    const found = selection.tag === "auto" ? project.environments(depth === 0 ? 0 : 1) : [];
    // `also` is empty unless the selection is `auto`.
    const listed = selection.tag === "listed" ? selection.val : also;
    for (const path of listed) {
      if (!found.some((one) => one.path === path)) found.push(project.listed(path));
    }
    const isOpen = ({ path }) => except.some((open) => path === open || path.startsWith(`${open}/`));
    const environments = found.filter((one) => !isOpen(one)).sort(byPath);
    // Its `bin` comes first on PATH in the container.
    const primary = selection.tag === "listed" ? listed[0] : ".venv";
    const hidden = environments.some(({ path }) => path === primary);
    return { environments, primary: hidden ? primary : null, notes: project.notes };
  },
};

class Project {
  notes = [];

  constructor(root, skip) {
    this.root = root;
    this.skip = skip;
  }

  /** The environments in a directory, and in those below it as far as `levels` reaches. */
  environments(levels, directory = "") {
    return this.directories(directory).flatMap((path) => {
      if (this.isEnvironment(path)) return [finding(path, "venv", MARKER)];
      return levels > 0 ? this.environments(levels - 1, path) : [];
    });
  }

  /** A listed directory is hidden whatever it holds, and its place is reserved if it is missing. */
  listed(path) {
    const type = this.type(path);
    if (type === null) return finding(path, "reserved", "listed");
    if (type === "directory") return finding(path, this.isEnvironment(path) ? "venv" : "unmarked", "listed");
    throw { tag: "unsupported", val: `\`${path}\` is not a directory; this policy hides no links or files` };
  }

  isEnvironment(path) {
    return this.type(`${path}/${MARKER}`) === "regular-file";
  }

  /** What is at a path, or null. No link is followed. */
  type(path) {
    try {
      return this.root.statAt({}, path).type;
    } catch {
      return null;
    }
  }

  /** The directories in a directory, without those that are not walked. */
  directories(directory) {
    const found = [];
    const warn = (what) => {
      // The root is not a path: a note about it has none.
      const message = `${what}; an environment there is not hidden`;
      this.notes.push({ severity: "warning", path: directory || null, message });
    };
    try {
      const opened = directory ? this.root.openAt({}, directory, { directory: true }, { read: true }) : this.root;
      const stream = opened.readDirectory();
      for (let entry; (entry = stream.readDirectoryEntry()); ) {
        const path = directory ? `${directory}/${entry.name}` : entry.name;
        if (entry.type !== "directory" || this.skip.includes(entry.name) || this.skip.includes(path)) continue;
        // A name with a control character cannot be in a result.
        if (/\p{Cc}/u.test(entry.name)) warn("has a name that is not representable");
        else found.push(path);
      }
    } catch {
      warn("cannot be read");
    }
    // Sorted, so that the notes too are the same on every machine.
    return found.sort();
  }
}

function finding(path, kind, reason) {
  return { path, kind: { tag: kind }, python: null, home: null, link: null, reason };
}

/** The order of the interface: by code point, where JavaScript compares UTF-16 units. */
function byPath({ path: a }, { path: b }) {
  const [left, right] = [[...a], [...b]];
  const at = left.findIndex((c, n) => c !== right[n]);
  if (at < 0) return left.length - right.length;
  return at < right.length ? left[at].codePointAt(0) - right[at].codePointAt(0) : 1;
}
