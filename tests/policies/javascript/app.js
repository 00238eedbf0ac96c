// The built-in detection rules again, in JavaScript.
//
// A policy in JavaScript is a module with an object for each exported interface. Build it,
// with the texts of wasi:filesystem, wasi:io and wasi:clocks beside those of paude, with
//
//     jco componentize app.js --wit wit -n policy --backend qjs --backend-qjs-disable-async -o javascript.wasm
//
// - app.js     this file: the border; what comes from and goes to the host
// - rules.js   which directories are environments
// - report.js  what was seen so far, and how it is put in order
// - tree.js    the project as the rules see it, and where its links lead
// - pyvenv.js  what pyvenv.cfg tells

import { Rules } from "./rules.js";
import { Tree } from "./tree.js";

export const detection = {
  detect({ root, selection, depth }) {
    const rules = new Rules(Tree.open(root));
    if (selection.tag === "listed") rules.listed(selection.val);
    else rules.auto(depth);
    return rules.report.answer(selection.tag !== "off");
  },
};
