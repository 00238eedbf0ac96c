"""The built-in detection rules again, in Python.

A policy in Python is a module with a class for each exported interface. Build it with

    componentize-py -d wit -w detector componentize app -o python.wasm

- app.py     this file: the border; what comes from and goes to the host
- rules.py   which directories are environments
- tree.py    the project as the rules see it, and where its links lead
- pyvenv.py  what pyvenv.cfg tells
"""

import wit_world.exports
from componentize_py_types import Err
from wit_world.imports import types

from rules import Rules, Refused
from tree import Tree, Unreadable


class Detection(wit_world.exports.Detection):
    def detect(self, query: types.Query) -> types.Findings:
        rules = Rules(Tree(query.root))
        try:
            match query.selection:
                case types.Selection_Listed(paths):
                    rules.listed(paths)
                case _:
                    rules.auto(query.depth)
        except Refused as refused:
            raise Err(types.Refusal_Invalid(str(refused)))
        except Unreadable as error:
            raise Err(types.Refusal_Unreadable(types.Unreadable(error.path, str(error))))
        return rules.answer(hide=not isinstance(query.selection, types.Selection_Off))
