// Which directories to hide. `type(path)` says what stands there: "directory", "file", "link",
// "other", or null for nothing.

const NAME = "node_modules";
const UNMARKED = { tag: "unmarked" };

/** What is found and what the person should know, by what was selected. */
export function find(type, selection, listed) {
  switch (selection) {
    case "auto":
      return auto(type);
    case "listed":
      return { found: [...listed].sort().map((path) => directory(type, path, UNMARKED, "listed")), notes: [] };
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

/** What does not exist yet is reserved: made as a mount point, and removed afterwards. */
function directory(type, path, kind, reason) {
  return { path, kind: type(path) === "directory" ? kind : { tag: "reserved" }, reason };
}
