"""Switchover against the real DSPy, both ways.

    python3 tests/dspy_differential.py [target/debug/switchover]

Needs Python with dspy (tried with 3.4.1) and a built switchover; says so and succeeds where either is missing.
It checks that signatures are accepted or rejected alike, that DSPy reads the answers our prompts ask for, that we
read the answers DSPy shows as examples, that random broken answers are judged alike or marked as repaired, and
that DSPy loads what we export. No network, no model.
"""

import json
import math
import os
import random
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "..", "target", "debug", "switchover")

os.environ.setdefault("DSPY_CACHEDIR", tempfile.mkdtemp())
try:
    import dspy
    from dspy.adapters import ChatAdapter, JSONAdapter, XMLAdapter
    from dspy.adapters.utils import get_annotation_name
except ImportError:
    print("skipped: no dspy in this Python")
    sys.exit(0)
if not os.path.exists(PROGRAM):
    print(f"skipped: no {PROGRAM}; cargo build makes it")
    sys.exit(0)

import logging

logging.disable(logging.CRITICAL)
ADAPTERS = {"chat": ChatAdapter(), "json": JSONAdapter(), "xml": XMLAdapter()}
wrong = []


def ours(*arguments, text=""):
    done = subprocess.run([PROGRAM, *arguments], input=text, capture_output=True, text=True, encoding="utf-8")
    try:
        return json.loads(done.stdout)
    except ValueError:
        return {"error": done.stderr.strip() or f"exit code {done.returncode}"}


def check(what, good):
    if not good:
        wrong.append(what)


def plain(value):
    """A DSPy value as our JSON has it."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((plain(v) for v in value), key=str)
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def theirs(signature):
    try:
        read = dspy.Signature(signature)
    except Exception:
        return None
    fields = [("input", read.input_fields), ("output", read.output_fields)]
    return [
        {"name": name, "kind": kind, "type": get_annotation_name(field.annotation)}
        for kind, side in fields
        for name, field in side.items()
    ]


def signatures():
    types = ["str", "int", "float", "bool", "list", "dict", "Any", "bytes", "strng", "Foo"]
    chance = random.Random(7)

    def kind(depth):
        pick = chance.random()
        if depth > 2 or pick < 0.4:
            return chance.choice(types)
        inner = lambda: kind(depth + 1)
        return chance.choice(
            [
                lambda: f"list[{inner()}]",
                lambda: f"dict[str, {inner()}]",
                lambda: f"Optional[{inner()}]",
                lambda: f"{inner()} | {inner()}",
                lambda: f"Union[{inner()}, None]",
                lambda: f"tuple[{inner()}, ...]",
                lambda: "Literal['a', \"b c\", 3, True]",
            ]
        )()

    for _ in range(60):
        name = lambda: chance.choice(["a", "question", "_x", "class", "größe", "x1"])
        side = lambda: ", ".join(name() + chance.choice(["", f": {kind(0)}"]) for _ in range(chance.randint(1, 3)))
        yield f"{side()} {chance.choice(['->', '->', '->', '->', '=>'])} {side()}"


for signature in signatures():
    expected, told = theirs(signature), ours("signature", signature, "--json")
    check(f"signature {signature!r}: {told}, DSPy says {expected}", told.get("accepted") == (expected is not None))
    if expected is not None and told.get("accepted"):
        check(f"signature {signature!r}: {told['fields']} are not {expected}", told["fields"] == expected)

WIDE = "question: str, context: list[str] -> reasoning: str, answer: int, tags: list[str], ok: bool, d: dict[str, float], o: Optional[int], l: Literal['a', 'b']"
GIVEN = {"reasoning": "r1\n\nr2 \"q\" é", "answer": 3, "tags": ["x", "it's"], "ok": True, "d": {"k": 0.5}, "o": None, "l": "b"}
SIGNATURE = dspy.Signature(WIDE)

for name, adapter in ADAPTERS.items():
    # What DSPy shows as an example, we read.
    shown = adapter.format(SIGNATURE, [{"question": "q", "context": ["c"], **GIVEN}], {"question": "q", "context": []})
    answer = next(m["content"] for m in shown if m["role"] == "assistant")
    told = ours("parse", "--signature", WIDE, "--adapter", name, "--json", text=answer)
    check(f"{name}: DSPy's own example is {told}", told.get("parsed") == GIVEN)
    # What our prompt asks for, filled in, DSPy reads.
    prompt = ours("prompt", "--signature", WIDE, "--adapter", name, "--module", "predict", "--json", "question=q", 'context=["c", "d"]').get("messages")
    check(f"{name}: no prompt: {prompt}", isinstance(prompt, list) and [m["role"] for m in prompt] == ["system", "user"])
    if isinstance(prompt, list):
        shape = prompt[0]["content"]
        filled = "{}"
        if name != "json":
            start = shape.index("[[ ## reasoning ## ]]" if name == "chat" else "<reasoning>")
            stop = shape.index("The task:")
            filled = shape[start:stop]
            for key, value in GIVEN.items():
                text = value if isinstance(value, str) else json.dumps(value)
                hole = filled.index("{" + key + "}")
                end = filled.index("\n", hole)
                filled = filled[:hole] + text + filled[end:]
        else:
            filled = json.dumps(GIVEN)
        try:
            read = plain(adapter.parse(SIGNATURE, filled))
        except Exception as error:
            read = str(error)[:300]
        check(f"{name}: DSPy reads the shape our prompt shows as {read}", read == GIVEN)
        theirs_user = adapter.format(SIGNATURE, [], {"question": "q", "context": ["c", "d"]})[-1]["content"]
        values = lambda text: text.rsplit("\n\n", 1)[0]
        check(f"{name}: inputs are written differently", values(prompt[1]["content"]) == values(theirs_user))

# Broken answers: what DSPy reads, we read alike, or mark as repaired; what it rejects, we do not pass off as whole.
# Of the worst a few are read by one and not by the other: those are counted, and must stay few.
MARKED = "[[ ## answer ## ]]\n3\n\n[[ ## tags ## ]]\n[\"a\", 'b',]\n\n[[ ## completed ## ]]"
OBJECT = '{"answer": "3", "tags": ["a", "b"]}'
NARROW = "q -> answer: int, tags: list[str]"
chance = random.Random(11)
read, stricter = 0, []
for name, whole in [("chat", MARKED), ("json", OBJECT)] * 100:
    text = list(whole)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(text))
        text[at] = chance.choice(["", "", " ", "\n", '"', "'", ",", "]", text[at] * 2])
    text = "".join(text)
    try:
        expected = plain(ADAPTERS[name].parse(dspy.Signature(NARROW), text))
    except Exception:
        expected = None
    told = ours("parse", "--signature", NARROW, "--adapter", name, "--json", text=text)
    if expected is None:
        check(f"{name} {text!r}: read as {told} without a repair, DSPy rejects it", told.get("rejected") or told.get("repairs"))
    elif told.get("rejected"):
        stricter.append(text)
    else:
        read += 1
        check(f"{name} {text!r}: {told}, DSPy reads {expected}", told.get("parsed") == expected or told.get("repairs"))
check(f"{len(stricter)} broken answers read by DSPy alone: {stricter}", len(stricter) * 10 <= read)

# What we export, DSPy loads. A module of the library each way.
for name, module in [("question", dspy.ChainOfThought("question -> answer")), ("sentiment", dspy.Predict("review -> sentiment, confidence: float"))]:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "program.json")
        done = subprocess.run([PROGRAM, "export", "--signature", name, "--to", "dspy-state"], capture_output=True, text=True, encoding="utf-8")
        with open(path, "w", encoding="utf-8") as file:
            file.write(done.stdout)
        try:
            module.load(path)
            loaded = module.predictors()[0].signature.instructions
        except Exception as error:
            loaded = ""
            check(f"export of {name}: DSPy does not load it: {error}", False)
        check(f"export of {name}: the instructions are lost", loaded)

for line in wrong:
    print(line)
print(f"{len(wrong)} differences" if wrong else f"no difference; {len(stricter)} broken answers that DSPy alone reads")
sys.exit(1 if wrong else 0)
