// Hides `node_modules`: native modules in there are bound to the machine that installed them.
//
//     npm test
//     npm install
//     npm run build
//
// - app.js         this file: the border; what comes from and goes to paude
// - rules.js       which directories to hide, in plain JavaScript
// - rules.test.js  its test
// - build.js       how it becomes policy.wasm, with world.wit
// - wit            the interface, documented field by field

import { getDirectories } from "wasi:filesystem/preopens@0.2.12";
import { find } from "./rules.js";

const TYPES = { directory: "directory", "regular-file": "file", "symbolic-link": "link" };

export const detection = {
  detect({ root, selection, also, except }) {
    const [directory] = getDirectories().find(([, path]) => path === root);
    /** The type of what is at a path; null if nothing is there. Links are not followed. */
    const type = (path) => {
      try {
        return TYPES[directory.statAt({}, path).type] ?? "other";
      } catch {
        return null;
      }
    };
    const { found, notes } = find(type, selection, also, except);
    const finding = ({ path, kind, reason }) =>
      ({ path, kind, python: null, home: null, link: null, reason });
    // None of them has a `bin` for PATH.
    return { environments: found.map(finding), primary: null, notes };
  },
};
