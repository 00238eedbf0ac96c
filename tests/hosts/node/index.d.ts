/** The types of the package paude-policy. */

/** What to look for, as `query` in `wit/types.wit` documents it. */
export interface Query {
  /** The rules: `python` if absent. */
  policy?: "python" | "node" | "rust";
  selection?: "auto" | "off" | { listed: string[] };
  also?: string[];
  except?: string[];
  depth?: number | null;
  skip?: string[];
}

export interface Finding {
  /** Relative to the project, with `/`. */
  path: string;
  kind: "venv" | "conda" | "unmarked" | "reserved" | "unseen" | { other: string };
  python: string | null;
  home: string | null;
  link: "outside" | { inside: string } | null;
  reason: string;
}

export interface Note {
  severity: "info" | "warning";
  path: string | null;
  message: string;
}

export interface Findings {
  findings: Finding[];
  notes: Note[];
  /** The path of the environment that is meant if none is named. */
  primary: string | null;
}

export interface Layout {
  workspace?: string;
  backing?: "tmpfs" | "volume";
  size?: number | null;
}

export type Mount =
  | { workspace: string }
  | { shadow: { path: string; backing: "tmpfs" | "volume"; size: number | null } };

/**
 * Which directories of a project are bound to this machine, and why. The project is only read.
 *
 * The first call starts a worker that keeps the process alive: end it with `process.exit()`.
 * A refusal of the policy is thrown as an error with a `kind`.
 */
export function detect(project: string, query?: Query): Promise<Findings>;

/** How a container would be laid out, in which these directories are hidden. */
export function plan(
  project: string,
  query?: Query & { layout?: Layout },
): Promise<{ mounts: Mount[]; notes: Note[] }>;
