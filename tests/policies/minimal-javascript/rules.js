// Which directories to hide. `type(path)` returns what is there: "directory", "file", "link",
// "other", or null for nothing.

const NAME = "node_modules";

/** The findings, and notes for the person. */
export function find(type, selection, also = [], except = []) {
  switch (selection.tag) {
    case "auto": {
      const { found, notes } = auto(type);
      const byPath = new Map([...listed(type, also), ...found].map((one) => [one.path, one]));
      const isOpen = (path) => except.some((open) => `${path}/`.startsWith(`${open}/`));
      const hidden = [...byPath.keys()].filter((path) => !isOpen(path)).sort();
      return { found: hidden.map((path) => byPath.get(path)), notes };
    }
    case "listed":
      return { found: listed(type, selection.val), notes: [] };
    default:
      return { found: [], notes: [] };
  }
}

function auto(type) {
  if (type("package.json") !== "file") return { found: [], notes: [] };
  if (type(NAME) === "link") {
    const note = { severity: "warning", path: NAME, message: "is a link and is not hidden" };
    return { found: [], notes: [note] };
  }
  const kind = { tag: "other", val: "node-modules" };
  return { found: [directory(type, NAME, kind, "beside package.json")], notes: [] };
}

/** Exactly these directories, sorted, whether or not they exist. */
function listed(type, paths) {
  return [...paths].sort().map((path) => directory(type, path, { tag: "unmarked" }, "listed"));
}

/** A directory that does not exist yet is reserved: paude creates it as a mount point, and
 * removes it afterwards. */
function directory(type, path, kind, reason) {
  return { path, kind: type(path) === "directory" ? kind : { tag: "reserved" }, reason };
}
