#!/usr/bin/env python3
"""Compares what `switchover` reads in Python source with what DSPy makes of it when the source runs.

    python3 tests/dspy_import.py [target/debug/switchover] [FILE.py ...]

Needs Python with dspy (tested with 3.4.1) and a built switchover; without one of them it prints so and succeeds. Runs
every file (by default those of `tests/cases/import`) and compares, for each signature that has a name there, the
fields, their sides, types, descriptions and constraints, and the instructions. A file that Python cannot run (a syntax
error, a missing package) is named and skipped. A field that we leave out must be named in a note. Uses no network.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else HERE.parent / "target/debug/switchover")

os.environ.setdefault("DSPY_CACHEDIR", tempfile.mkdtemp())
try:
    import dspy
    from dspy.adapters.utils import get_annotation_name as name_of
except ImportError:
    print("skipped: no dspy in this Python")
    sys.exit(0)
if not PROGRAM.exists():
    print(f"skipped: {PROGRAM} does not exist; run cargo build")
    sys.exit(0)

import logging

logging.disable(logging.CRITICAL)
# Types that we write as the one that JSON has for them, and what DSPy prints oddly.
SAME = {"UserId": "int", "HttpUrl": "str", "list[]": "list", "Pair": "tuple[int, float]"}


def recorded(method):
    """Notes the signature that a module gets, under the name of the attribute that it will be found by."""

    def record(self, signature, *args, **kwargs):
        method(self, signature, *args, **kwargs)
        self.given = dspy.Signature(signature) if isinstance(signature, str) else signature

    return record


for module in (dspy.Predict, dspy.ChainOfThought, dspy.MultiChainComparison):
    module.__init__ = recorded(module.__init__)


def is_signature(value):
    return isinstance(value, type) and issubclass(value, dspy.Signature) and value is not dspy.Signature


def signatures(names, classes=()):
    """The signatures of a file by name: classes, values, modules, and the modules that modules hold."""
    found, later = {}, []
    named = [value for value in names.values() if is_signature(value)] + list(classes)
    for name, value in names.items():
        if is_signature(value) and value not in found.values():
            found.setdefault(name, value)
        elif is_signature(getattr(value, "given", None)) and value.given not in named:
            found.setdefault(name, value.given)
        elif isinstance(value, type) and issubclass(value, dspy.Module) and value.__module__ == "__imported__":
            later.append(value)
    for program in later:
        for name, value in signatures({**vars(program), **vars(program())}, named).items():
            found.setdefault(name, value)
    return found


def theirs(signature):
    fields = {}
    for kind, side in (("input", signature.input_fields), ("output", signature.output_fields)):
        for name, field in side.items():
            extra = field.json_schema_extra
            desc = extra.get("desc")
            fields[name] = {
                "kind": kind,
                "type": SAME.get(name_of(field.annotation), name_of(field.annotation)),
                "description": None if not desc or desc == f"${{{name}}}" else desc,
                "constraints": extra.get("constraints"),
            }
    text = signature.instructions
    is_default = text.startswith("Given the fields `") and "produce the fields" in text
    return fields, "" if is_default else text


def ours(entry):
    keys = ("kind", "type", "description", "constraints")
    return {field["name"]: {key: field.get(key) for key in keys} for field in entry["fields"]}, entry["instructions"]


def compare(path):
    """The differences in one file, and how many signatures were compared."""
    done = subprocess.run([PROGRAM, "signature", "--json", path.read_text()], capture_output=True, text=True)
    read = json.loads(done.stdout)
    names = {"__name__": "__imported__"}
    try:
        sys.modules["__imported__"] = type(sys)("__imported__")
        sys.modules["__imported__"].__dict__.update(names)
        names = sys.modules["__imported__"].__dict__
        exec(compile(path.read_text(), str(path), "exec"), names)
        expected = signatures(dict(names))
    except Exception as error:
        return [], f"skipped: Python cannot run it: {type(error).__name__}: {str(error).splitlines()[0][:100]}"
    entries = {entry["name"]: ours(entry) for entry in read.get("signatures", [])}
    notes, wrong, compared = " ".join(read.get("notes", [])), [], 0
    for name, signature in expected.items():
        fields, instructions = theirs(signature)
        if name not in entries:
            if f"{name} is left out" not in notes and signature.output_fields:
                wrong.append(f"{name} is missing without a note")
            continue
        compared += 1
        mine, my_instructions = entries[name]
        for field in set(fields) - set(mine):
            if f".{field} is left out" not in notes:
                wrong.append(f"{name}.{field} is missing without a note")
        left = {field: value for field, value in fields.items() if field in mine}
        if list(left) != list(mine):
            wrong.append(f"{name} has the fields {list(mine)}, in DSPy {list(left)}")
        for field, value in left.items():
            for key, expects in value.items():
                if mine[field][key] != expects and f"{key} of {name}.{field} is left out" not in notes:
                    wrong.append(f"{name}.{field}: {key} {mine[field][key]!r}, in DSPy {expects!r}")
        if my_instructions != instructions:
            wrong.append(f"{name}: instructions {my_instructions!r}, in DSPy {instructions!r}")
    return wrong, f"{compared} signatures compared"


def main():
    paths = [pathlib.Path(path) for path in sys.argv[2:]] or sorted((HERE / "cases/import").glob("*.py"))
    failed = False
    for path in paths:
        wrong, summary = compare(path)
        failed |= bool(wrong)
        print(f"{'FAILED' if wrong else 'ok':<7} {path.name}: {summary}")
        for line in wrong:
            print(f"        {line}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
