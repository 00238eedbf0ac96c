"""Runs a paude policy in Python, with the package wasmtime (48 or newer).

    paude policy export policy.wasm
    python3 policy.py policy.wasm PROJECT [QUESTION]

In the package paude_policy, this is the module, and the component is in it:

    import paude_policy
    paude_policy.detect("~/project")["findings"]

QUESTION is JSON such as DEFAULT below. The result is printed as one line of JSON, the
same that `paude policy run --format json` prints. If the policy refuses, its refusal is
printed, and the exit code is 1.
"""

import json
import os
import sys
import threading

from wasmtime import Config, Engine, Store, WasiConfig
from wasmtime.component import Component, Linker, Record, Variant

INTERFACE = "paude:isolation/{}@0.1.0"
DEFAULT = {
    "layout": {"backing": "tmpfs", "size": None, "workspace": "/workspace"},
    "query": {
        "also": [],
        "depth": None,
        "except": [],
        "root": "/workspace",
        "selection": "auto",
        "skip": [],
    },
}
COMPONENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "policy.wasm")
SECONDS = 30  # as paude gives the built-in policy
MEMORY = 256 << 20


class Refused(Exception):
    """The policy returned a refusal in place of a result."""


def detect(project, policy="python", component=COMPONENT, **query):
    """Which directories of a project are bound to this machine, and why.

    The result has `findings`, `notes` and `primary`, as `paude policy run --format json` prints
    them. `policy` is `python`, `node` or `rust`. Further arguments are those of the query: `also`,
    `except_`, `skip`, `depth` and `selection`. Raises Refused if the policy refuses.
    """
    result = ask(project, policy, component, query, {})
    return {key: result[key] for key in ("findings", "notes", "primary")}


def plan(project, policy="python", component=COMPONENT, layout={}, **query):
    """How a container would be laid out: `mounts` and `notes`. `layout` changes DEFAULT's."""
    return ask(project, policy, component, query, layout)["plan"]


def ask(project, policy, component, query, layout):
    query = {name.rstrip("_"): value for name, value in query.items()}
    question = {
        "layout": {**DEFAULT["layout"], **layout},
        "query": {**DEFAULT["query"], **query},
    }
    instance = INTERFACE.format("detection") if policy == "python" else policy
    project = os.path.expanduser(project)
    return run(Policy(component, project, question["query"]["root"], instance), question)


class Policy:
    """A policy over one project, which it can read and not change."""

    def __init__(self, component, project, root, detection=INTERFACE.format("detection")):
        self.detection = detection
        config = Config()
        config.epoch_interruption = True
        self.engine = Engine(config)
        component = Component.from_file(self.engine, component)
        self.store = Store(self.engine)
        self.store.set_limits(memory_size=MEMORY)
        self.store.set_epoch_deadline(1)
        wasi = WasiConfig()  # no arguments, no environment, no terminal, no network
        wasi.preopen_dir(project, root, False)  # False: read-only
        self.store.set_wasi(wasi)
        linker = Linker(self.engine)
        linker.add_wasip2()
        watchdog = threading.Timer(SECONDS, self.engine.increment_epoch)
        watchdog.daemon = True
        watchdog.start()
        self.instance = linker.instantiate(self.store, component)

    def call(self, interface, function, *arguments):
        index = self.instance.get_export_index(self.store, interface)
        if index is None:
            raise LookupError(f"this component does not export {interface}")
        index = self.instance.get_export_index(self.store, function, index)
        result = self.instance.get_func(self.store, index)(self.store, *arguments)
        if isinstance(result, Variant):  # a record is a result, a variant a refusal
            raise Refused(result)
        return result


def record(**fields):
    new = Record()
    new.__dict__.update(fields)
    return new


def run(policy, question):
    query, layout = question["query"], question["layout"]
    selection = query["selection"]
    if isinstance(selection, dict):
        selection = Variant("listed", selection["listed"])
    else:
        selection = Variant(selection)  # auto, off
    query = record(**{**query, "selection": selection})
    found = policy.call(policy.detection, "detect", query)
    plan = policy.call(INTERFACE.format("planning"), "plan", found, record(**layout))
    return {
        "findings": [finding(one) for one in found.environments],
        "notes": [vars(note) for note in found.notes],
        "plan": {
            "mounts": [mount(one) for one in plan.mounts],
            "notes": [vars(note) for note in plan.notes],
        },
        "primary": found.primary,
        "question": question,
    }


# The package tags a variant only if the type of its payload does not determine the case.


def finding(found):
    kind, link = found.kind, None
    if found.link.tag == "some":
        link = "outside" if found.link.payload is None else {"inside": found.link.payload}
    kind = {kind.tag: kind.payload} if kind.tag == "other" else kind.tag
    return {**vars(found), "kind": kind, "link": link}


def mount(one):
    return {"workspace": one} if isinstance(one, str) else {"shadow": vars(one)}


def refusal(refused):
    payload = refused.payload
    return {refused.tag: payload if isinstance(payload, str) else vars(payload)}


def main(component, project, question=None):
    question = json.loads(question) if question else DEFAULT
    code = 0
    try:
        result = run(Policy(component, project, question["query"]["root"]), question)
    except Refused as refused:
        result, code = {"question": question, "refusal": refusal(refused.args[0])}, 1
    text = json.dumps(result, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    sys.stdout.buffer.write(text.encode() + b"\n")
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
