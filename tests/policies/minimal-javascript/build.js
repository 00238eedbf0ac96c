// Builds policy.wasm. jco needs one folder with the world and all that it names: the WIT files
// of paude are in `wit`, those of WASI come with jco.

import { spawnSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { resolve } from "node:path";

const jco = "node_modules/@bytecodealliance/jco";
rmSync("build", { recursive: true, force: true });
cpSync("world.wit", "build/wit/world.wit");
cpSync("wit", "build/wit/deps/paude", { recursive: true });
for (const name of ["wasi-filesystem", "wasi-io", "wasi-clocks"]) {
  cpSync(`${jco}/lib/wit/builtin/0.2.12/${name}`, `build/wit/deps/${name}`, { recursive: true });
}
// This backend needs absolute paths.
const built = spawnSync(process.execPath, [
  `${jco}/dist/jco.js`, "componentize", resolve("app.js"), "--wit", resolve("build/wit"),
  "--world-name", "policy", "--backend", "qjs", "--backend-qjs-disable-async",
  "--out", resolve("policy.wasm"),
], { stdio: "inherit" });
process.exit(built.status ?? 1);
