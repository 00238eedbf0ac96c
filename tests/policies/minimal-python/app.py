"""Hides `build`, where setuptools puts what it compiled for this machine.

    python3 -m unittest
    python3 -m pip install -r requirements.txt
    componentize-py --wit-path wit --world detector componentize app --output policy.wasm

- app.py         this file: the border; what comes from and goes to paude
- rules.py       which directories to hide, in plain Python
- test_rules.py  its test
- wit            the interface, documented field by field
"""

import wit_world.exports
from wit_world.imports import types

import rules

KINDS = {
    "built": types.Kind_Other("build"),
    "unmarked": types.Kind_Unmarked(),
    "reserved": types.Kind_Reserved(),
}


class Detection(wit_world.exports.Detection):
    def detect(self, query: types.Query) -> types.Findings:
        match query.selection:
            case types.Selection_Auto():
                found, notes = rules.auto(query.root, query.also, query.except_)
            case types.Selection_Listed(paths):
                found, notes = rules.listed(query.root, paths), []
            case _:
                found, notes = [], []
        return types.Findings(
            environments=[
                types.Finding(path, KINDS[kind], None, None, None, why) for path, kind, why in found
            ],
            primary=None,  # none of them has a `bin` for PATH
            notes=[types.Note(types.Severity.WARNING, path, message) for path, message in notes],
        )
