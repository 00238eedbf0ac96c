// Runs a paude policy in Node, from the output of transpile.js:
//
//     node policy.js out PROJECT [QUESTION]
//
// In the package paude-policy, this is the module, and the output is in it:
//
//     import { detect } from "paude-policy";
//     const { findings } = await detect("project");
//
// QUESTION is JSON such as DEFAULT below. The result is printed as one line of JSON, the
// same that `paude policy run --format json` prints. If the policy refuses, its refusal is
// printed, and the exit code is 1.

import { readFile, realpath } from "node:fs/promises";
import { join, resolve } from "node:path";
import { argv, exit, platform, stdout } from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { types } from "@bytecodealliance/preview2-shim/filesystem";
import { WASIShim } from "@bytecodealliance/preview2-shim/instantiation";

const DEFAULT = {
  layout: { backing: "tmpfs", size: null, workspace: "/workspace" },
  query: { also: [], depth: null, except: [], root: "/workspace", selection: "auto", skip: [] },
};

const OWN = fileURLToPath(import.meta.url);

/** Which directories of a project are bound to this machine, and why. See index.d.ts. */
export async function detect(project, { policy = "python", ...query } = {}) {
  const { findings, notes, primary } = await ask(project, policy, query, {});
  return { findings, notes, primary };
}

/** How a container would be laid out. See index.d.ts. */
export async function plan(project, { policy = "python", layout = {}, ...query } = {}) {
  return (await ask(project, policy, query, layout)).plan;
}

async function ask(project, policy, query, layout) {
  const question = {
    layout: { ...DEFAULT.layout, ...layout },
    query: { ...DEFAULT.query, ...query },
  };
  const result = await run(join(OWN, "../out"), project, policy, question);
  if (result.refusal === undefined) return JSON.parse(json(result));
  const [[kind, payload]] = Object.entries(JSON.parse(json(result.refusal)));
  throw Object.assign(new Error(payload.message ?? payload), { kind });
}

async function main(out, project, text) {
  const question = text === undefined ? DEFAULT : JSON.parse(text);
  const result = await run(out, project, "python", question);
  // Exits when it is written: the shim's worker would keep the process alive.
  stdout.write(json(result) + "\n", () => exit("refusal" in result ? 1 : 0));
}

async function run(out, project, policy, question) {
  const instances = await load(out, project, question.query.root);
  const detection = policy === "python" ? instances.detection : instances[policy];
  if (detection?.detect === undefined) throw new Error(`there is no policy ${policy}`);
  try {
    const found = detection.detect(query(question.query));
    const plan = instances.planning.plan(found, layout(question.layout));
    const { environments: findings, notes, primary } = found;
    return { findings, notes, plan, primary, question };
  } catch (error) {
    const refusal = error.payload ?? error; // jco wraps it, or not, by an option
    if (refusal.tag === undefined) throw error;
    return { question, refusal };
  }
}

/** The policy over one project, which it can read and not change. */
async function load(out, project, root) {
  patch();
  const preopens = { [root]: resolve(project) };
  const sandbox = { preopens, env: {}, args: [], enableNetwork: false };
  const wasi = new WASIShim({ sandbox }).getImportObject();
  const { instantiate } = await import(pathToFileURL(resolve(out, "policy.js")));
  return instantiate(async (core) => WebAssembly.compile(await readFile(join(out, core))), wasi);
}

let isPatched = false;

/** The shim is one for the whole process, and is changed once. */
function patch() {
  if (isPatched) return;
  isPatched = true;
  readOnly();
  verbatim();
}

/** A preopen of the shim is writable, so every method of a descriptor that writes is replaced. */
function readOnly() {
  const descriptor = types.Descriptor.prototype;
  const writes = ["appendViaStream", "createDirectoryAt", "linkAt", "removeDirectoryAt"];
  writes.push("renameAt", "setSize", "setTimes", "setTimesAt", "symlinkAt", "unlinkFileAt");
  writes.push("write", "writeViaStream");
  for (const method of writes) {
    descriptor[method] = () => {
      throw "read-only";
    };
  }
  const { openAt } = descriptor;
  descriptor.openAt = function (follow, path, open, flags) {
    if (open.create || open.truncate || flags.write || flags.mutateDirectory) throw "read-only";
    return openAt.call(this, follow, path, open, flags);
  };
}

/** The shim takes a backslash in a path for a slash; except on Windows it is part of a name. */
function verbatim() {
  if (platform === "win32") return;
  const descriptor = types.Descriptor.prototype;
  const path = (text) => ({ replace: () => text }); // the shim's replacement does nothing
  const { openAt, readlinkAt, statAt } = descriptor;
  descriptor.openAt = function (follow, text, ...rest) {
    return openAt.call(this, follow, path(text), ...rest);
  };
  descriptor.readlinkAt = function (text) {
    return readlinkAt.call(this, path(text));
  };
  descriptor.statAt = function (follow, text) {
    return statAt.call(this, follow, path(text));
  };
}

function query({ depth, selection, ...rest }) {
  const { listed } = selection;
  const variant = listed ? { tag: "listed", val: listed } : { tag: selection };
  return { ...rest, depth: depth ?? undefined, selection: variant };
}

function layout({ backing, size, workspace }) {
  return { backing, size: size === null ? undefined : BigInt(size), workspace };
}

/** JSON with sorted keys; a variant is its case's name, or {name: payload}. */
function json(value) {
  return JSON.stringify(value, (_, value) => {
    if (typeof value === "bigint") return Number(value);
    if (value === undefined) return null;
    if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
    if ("tag" in value) return value.val === undefined ? value.tag : { [value.tag]: value.val };
    return Object.fromEntries(Object.keys(value).sort().map((key) => [key, value[key]]));
  });
}

const program = await realpath(argv[1] ?? "").catch(() => undefined);
if (program === OWN) await main(...argv.slice(2));
