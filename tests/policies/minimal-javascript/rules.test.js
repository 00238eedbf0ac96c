import assert from "node:assert/strict";
import { test } from "node:test";
import { find } from "./rules.js";

const AUTO = { tag: "auto" };

/** A project with these entries. */
const project = (entries) => (path) => entries[path] ?? null;
const paths = ({ found }) => found.map(({ path, kind }) => `${path}: ${kind.tag}`);

test("node_modules is found beside package.json", () => {
  assert.deepEqual(paths(find(project({}), AUTO)), []);
  const fresh = project({ "package.json": "file" });
  assert.deepEqual(paths(find(fresh, AUTO)), ["node_modules: reserved"]);
  const installed = project({ "package.json": "file", node_modules: "directory" });
  assert.deepEqual(paths(find(installed, AUTO)), ["node_modules: other"]);
});

test("a link is reported and not hidden", () => {
  const linked = find(project({ "package.json": "file", node_modules: "link" }), AUTO);
  assert.deepEqual(paths(linked), []);
  assert.equal(linked.notes[0].path, "node_modules");
});

test("directories are added and excepted", () => {
  const installed = project({ "package.json": "file", node_modules: "directory" });
  const added = find(installed, AUTO, ["new", "node_modules"]);
  assert.deepEqual(paths(added), ["new: reserved", "node_modules: other"]);
  assert.deepEqual(paths(find(installed, AUTO, [], ["node_modules"])), []);
});

test("what is listed is found sorted", () => {
  const listed = find(project({ src: "directory" }), { tag: "listed", val: ["src", "new"] });
  assert.deepEqual(paths(listed), ["new: reserved", "src: unmarked"]);
  assert.deepEqual(paths(find(project({}), { tag: "off" })), []);
});
