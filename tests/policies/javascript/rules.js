// Which directories of a project are bound to the machine that made them.

import * as pyvenv from "./pyvenv.js";
import { compare, Report, shown } from "./report.js";
import { invalid, join, sayable, Unreadable } from "./tree.js";

const [VENV, CONDA] = ["pyvenv.cfg", "conda-meta"];

// What people call an environment. `.env` is often a file of settings.
const CANDIDATES = [".venv", "venv", ".virtualenv", "env", ".env"];
// A tool's own directory: below it, at this path, each child may be an environment.
const HOLDERS = new Map([
  [".tox", { tool: "tox", below: "" }],
  [".nox", { tool: "nox", below: "" }],
  [".pixi", { tool: "pixi", below: "envs" }],
]);
const SKIPPED = [".git", "node_modules", "__pycache__"];

export class Rules {
  report = new Report();

  constructor(tree) {
    this.tree = tree;
  }

  /** Looks in the root and in the projects at most `depth` directories below it. */
  auto(depth) {
    const pending = [{ directory: "", level: 0 }];
    while (pending.length) {
      const { directory, level } = pending.pop();
      let entries;
      try {
        entries = this.tree.entries(directory);
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        if (!directory) throw error.refusal("");
        this.report.unread(directory, error);
        continue;
      }
      let deeper = level < depth;
      if (entries.some(({ name }) => isMarker(name)) && this.stranger(directory)) {
        if (directory) continue;
        // What else is in it belongs to the environment that the root is.
        deeper = false;
      }
      if (deeper) this.report.unsayable(directory, entries);
      for (const { name, kind } of entries.filter(matters)) {
        if (this.child(directory, name, kind) && deeper) {
          pending.push({ directory: join(directory, name), level: level + 1 });
        }
      }
    }
  }

  /** Looks at one entry; true if it may be a project to walk into. */
  child(directory, name, kind) {
    const [path, isDirectory] = [join(directory, name), kind === "directory"];
    if (SKIPPED.includes(name)) return false;
    if (CANDIDATES.includes(name)) {
      const found = this.candidate(directory, name, kind, "");
      return isDirectory && !found && !name.startsWith(".");
    }
    if (HOLDERS.has(name)) {
      if (isDirectory) this.held(path, HOLDERS.get(name));
      return false;
    }
    if (name.startsWith(".")) {
      if (isDirectory) this.stranger(path);
      return false;
    }
    return isDirectory;
  }

  /** Looks at a place where an environment is expected; true if one is there. */
  candidate(directory, name, kind, tool) {
    const [path, linked] = [join(directory, name), kind === "link"];
    return this.readable(path, () => {
      const place = linked ? this.tree.resolve(directory, name) : { path, kind };
      if (place.outside) {
        this.report.outside(path, "link out of the project");
        return true;
      }
      if (place.broken) this.report.warn(path, place.broken);
      const found = place.kind === "directory" && this.evidence(place.path);
      if (!found) return false;
      if (!place.path) {
        this.report.warn(path, "leads to the project directory itself, which cannot be hidden");
        return false;
      }
      const reason = tool ? `${found.marker}, ${tool} environment` : found.marker;
      this.report.add(path, found, linked ? place.path : null, reason);
      return true;
    });
  }

  /** Looks at each child of a tool's directory. */
  held(holder, { tool, below }) {
    const directory = below ? join(holder, below) : holder;
    this.readable(directory, () => {
      if (below && this.tree.kind(directory) !== "directory") return;
      const entries = this.tree.entries(directory);
      this.report.unsayable(directory, entries);
      for (const { name, kind } of entries.filter(matters)) this.candidate(directory, name, kind, tool);
    });
  }

  /** Remembers a directory that is an environment by no known name; true if so. */
  stranger(directory) {
    return this.readable(directory, () => {
      const found = this.evidence(directory);
      if (found && directory) this.report.strangers.push({ path: directory, marker: found.marker });
      else if (found) {
        const what = "the project directory is itself an environment; it cannot be hidden";
        this.report.warn("", what);
      }
      return found !== null;
    });
  }

  /** Looks for a marker in a directory that is reached without links. */
  evidence(directory) {
    const venv = this.tree.resolve(directory, VENV);
    // Trees of links into a store have it: nothing else bears that name.
    if (venv.outside) return { kind: "venv", marker: VENV };
    if (venv.kind === "file") {
      const told = pyvenv.parse(this.tree.read(venv.path, pyvenv.LIMIT));
      return { kind: "venv", marker: VENV, ...told };
    }
    const conda = this.tree.resolve(directory, CONDA);
    return conda.kind === "directory" ? { kind: "conda", marker: CONDA } : null;
  }

  /** Looks at each directory that was named, and refuses what cannot be hidden. */
  listed(names) {
    for (const path of names) {
      const fault = pathFault(path);
      if (fault) throw refusal(path, fault);
    }
    const paths = [...new Set(names)].sort(compare);
    for (const path of paths) {
      const outer = paths.filter((other) => path.startsWith(`${other}/`));
      if (outer.length) throw refusal(path, `lies within \`${outer[0]}\`, which is listed too`);
    }
    for (const path of paths) {
      try {
        this.one(path);
      } catch (error) {
        throw error instanceof Unreadable ? error.refusal(path) : error;
      }
    }
  }

  one(path) {
    const place = this.tree.resolve("", path);
    const { report } = this;
    if (place.outside) return report.outside(path, "listed");
    if (place.broken) return report.warn(path, `${place.broken}; nothing is hidden there`);
    if (place.notDirectory !== undefined) {
      throw refusal(path, `lies below \`${place.notDirectory}\`, which is no directory`);
    }
    const target = place.linked ? place.path : null;
    if (place.kind === null) {
      report.info(path, "does not exist yet; its place is reserved");
      return report.add(path, { kind: "reserved" }, target, "listed");
    }
    if (!place.path) throw refusal(path, "leads to the project directory itself");
    if (place.kind === "file") throw refusal(path, "is a file, not a directory");
    if (place.kind !== "directory") throw refusal(path, "is not a directory");
    const found = this.evidence(place.path);
    if (found) return report.add(path, found, target, `listed, ${found.marker}`);
    report.info(path, "holds no environment, but is hidden as listed");
    return report.add(path, { kind: "unmarked" }, target, "listed");
  }

  /** What `look` says; false, with a warning, where something cannot be read. */
  readable(path, look) {
    try {
      return look();
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.report.unread(path, error);
      return false;
    }
  }
}

const isMarker = (name) => name === VENV || name === CONDA;

/** Whether an entry can be an environment, lead to one or hold one. */
const matters = ({ name, kind }) =>
  (kind === "directory" || kind === "link") && name !== null && sayable(name) && !isMarker(name);

/** Says what is wrong with a path by the rules of the package documentation. */
function pathFault(path) {
  if (!path) return "is empty";
  if (path.startsWith("/")) return "is absolute; it must be relative to the project";
  if (!sayable(path)) return "holds a control character";
  const parts = path.split("/");
  const bad = parts.find((part) => part === "" || part === "." || part === "..");
  if (bad === undefined) return null;
  return bad === "" ? "has an empty component" : "has a component `.` or `..`";
}

const refusal = (path, fault) => invalid(`listed directory \`${shown(path)}\` ${fault}`);
