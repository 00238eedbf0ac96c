"""The built-in detection rules again, in Python.

A policy in Python is a module with a class for each exported interface. Build it with

    componentize-py --wit-path wit --world detector componentize app --output python.wasm

- app.py     this file: the border; what comes from and goes to the host
- rules.py   what is done for each selection
- walk.py    the search of the whole project
- marker.py  what one listing of a directory shows, and what proves an environment
- names.py   the names that mean something
- report.py  what was found so far, and the order in which it is returned
- tree.py    the project as the rules see it, and where its links lead
- pyvenv.py  what pyvenv.cfg says
- paths.py   paths as the interface has them
"""

import wit_world.exports
from componentize_py_types import Err
from wit_world.imports import types

from rules import Refused, detect
from tree import Tree, Unreadable


class Detection(wit_world.exports.Detection):
    def detect(self, query: types.Query) -> types.Findings:
        try:
            return detect(Tree(query.root), query)
        except Refused as refused:
            raise Err(types.Refusal_Invalid(str(refused)))
        except Unreadable as error:
            raise Err(types.Refusal_Unreadable(types.Unreadable(error.path, str(error))))
