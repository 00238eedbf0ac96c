// Turns a paude policy into JavaScript, once:
//
//     paude policy export policy.wasm
//     npm install
//     node transpile.js policy.wasm out
//
// `npx jco transpile policy.wasm -o out --name policy -I async` does the same; this program
// needs only a part of jco.

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { argv } from "node:process";
import { transpile } from "@bytecodealliance/jco-transpile";

const [component, out] = argv.slice(2);
const { files } = await transpile(component, { name: "policy", instantiation: "async" });
for (const [name, bytes] of Object.entries(files)) {
  const file = join(out, name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, bytes);
}
