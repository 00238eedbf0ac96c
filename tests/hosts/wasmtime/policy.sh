#!/bin/sh
# Runs a paude policy with the `wasmtime` command line (48 or newer):
#
#     paude policy export policy.wasm
#     sh policy.sh policy.wasm PROJECT [QUERY [LAYOUT]]
#
# QUERY, LAYOUT and the results are in WAVE, the text form of component values that wasmtime
# uses: one line for the findings, one for the plan. If the policy refuses, the line is
# err(...), and the exit code is 1.
#
# wasmtime has no read-only --dir. The built-in policy writes nothing; give a policy that
# you do not trust a copy of the project, or a read-only bind mount of it.
set -eu
component=$1
project=$2
query=${3:-'{root: "/workspace", selection: auto, also: [], except: [], skip: []}'}
layout=${4:-'{workspace: "/workspace", backing: tmpfs}'}

call() {
    result=$(wasmtime run -W timeout=30s -W max-memory-size=268435456 \
        --dir "$project::/workspace" --invoke "$1" "$component")
    printf '%s\n' "$result"
    case $result in
    "ok("*) ;;
    *) exit 1 ;;
    esac
}

call "detect($query)"
found=${result#"ok("}
found=${found%")"}
call "plan($found, $layout)"
