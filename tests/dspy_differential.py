"""Compares Switchover with an installed DSPy.

    python3 tests/dspy_differential.py [-v] [target/debug/switchover]

Needs Python with dspy (tested with 3.4.1) and a built switchover; without one of them it prints so and succeeds.
It checks that both accept the same signatures, that DSPy parses answers in the format of our prompts, that we parse
the answers of DSPy's demos, that both give the same values for random broken answers (or ours come with a repair),
2,000 of them XML, and that DSPy loads the programs that we export. It uses no network and no model.
"""

import html
import json
import math
import os
import random
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
NAMED = [argument for argument in sys.argv[1:] if argument != "-v"]
PROGRAM = NAMED[0] if NAMED else os.path.join(HERE, "..", "target", "debug", "switchover")

os.environ.setdefault("DSPY_CACHEDIR", tempfile.mkdtemp())
try:
    import dspy
    from dspy.adapters import ChatAdapter, JSONAdapter, XMLAdapter
    from dspy.adapters.utils import get_annotation_name
except ImportError:
    print("skipped: no dspy in this Python")
    sys.exit(0)
if not os.path.exists(PROGRAM):
    print(f"skipped: {PROGRAM} does not exist; run cargo build")
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
    """A value of DSPy as it is in our JSON."""
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

    def field_type(depth):
        pick = chance.random()
        if depth > 2 or pick < 0.4:
            return chance.choice(types)
        inner = lambda: field_type(depth + 1)
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
        side = lambda: ", ".join(name() + chance.choice(["", f": {field_type(0)}"]) for _ in range(chance.randint(1, 3)))
        yield f"{side()} {chance.choice(['->', '->', '->', '->', '=>'])} {side()}"


for signature in signatures():
    expected, result = theirs(signature), ours("signature", signature, "--json")
    check(f"signature {signature!r}: {result}, DSPy says {expected}", result.get("accepted") == (expected is not None))
    if expected is not None and result.get("accepted"):
        check(f"signature {signature!r}: {result['fields']} are not {expected}", result["fields"] == expected)

WIDE = "question: str, context: list[str] -> reasoning: str, answer: int, tags: list[str], ok: bool, d: dict[str, float], o: Optional[int], l: Literal['a', 'b']"
GIVEN = {"reasoning": "r1\n\nr2 \"q\" é", "answer": 3, "tags": ["x", "it's"], "ok": True, "d": {"k": 0.5}, "o": None, "l": "b"}
SIGNATURE = dspy.Signature(WIDE)

for name, adapter in ADAPTERS.items():
    # We parse a demo of DSPy.
    shown = adapter.format(SIGNATURE, [{"question": "q", "context": ["c"], **GIVEN}], {"question": "q", "context": []})
    answer = next(m["content"] for m in shown if m["role"] == "assistant")
    result = ours("parse", "--signature", WIDE, "--adapter", name, "--json", text=answer)
    check(f"{name}: DSPy's demo is parsed as {result}", result.get("parsed") == GIVEN)
    # DSPy parses the format of our prompt, filled in.
    prompt = ours("prompt", "--signature", WIDE, "--adapter", name, "--module", "predict", "--json", "question=q", 'context=["c", "d"]').get("messages")
    check(f"{name}: no prompt: {prompt}", isinstance(prompt, list) and [m["role"] for m in prompt] == ["system", "user"])
    if isinstance(prompt, list):
        form = prompt[0]["content"]
        filled = "{}"
        if name != "json":
            start = form.index("[[ ## reasoning ## ]]" if name == "chat" else "<reasoning>")
            # Between the format and the task, the XML prompt says how elements are written.
            stop = form.index("A list has one" if name == "xml" else "The task:")
            filled = form[start:stop]
            for key, value in GIVEN.items():
                text = value if isinstance(value, str) else json.dumps(value)
                hole = filled.find("{" + key + "}")
                if hole < 0:
                    element = XMLAdapter._value_to_xml(value, key)
                    filled = re.sub(f"<{key}>.*</{key}>", lambda _: element, filled)
                    continue
                end = filled.index("\n", hole)
                filled = filled[:hole] + text + filled[end:]
        else:
            filled = json.dumps(GIVEN)
        try:
            read = plain(adapter.parse(SIGNATURE, filled))
        except Exception as error:
            read = str(error)[:300]
        check(f"{name}: DSPy parses the format of our prompt as {read}", read == GIVEN)
        theirs_user = adapter.format(SIGNATURE, [], {"question": "q", "context": ["c", "d"]})[-1]["content"]
        values = lambda text: text.rsplit("\n\n", 1)[0]
        check(f"{name}: inputs are written differently", values(prompt[1]["content"]) == values(theirs_user))

# Broken answers: we give the values of DSPy, or record a repair. What DSPy rejects, we reject or record a repair. A few
# broken answers are parsed by only one of the two; they are counted and must stay below a tenth.
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
    result = ours("parse", "--signature", NARROW, "--adapter", name, "--json", text=text)
    if expected is None:
        check(f"{name} {text!r}: parsed as {result} without a repair, DSPy rejects it", result.get("rejected") or result.get("repairs"))
    elif result.get("rejected"):
        stricter.append(text)
    else:
        read += 1
        check(f"{name} {text!r}: {result}, DSPy parses it as {expected}", result.get("parsed") == expected or result.get("repairs"))
check(f"{len(stricter)} broken answers that only DSPy parses: {stricter}", len(stricter) * 10 <= read)

# Broken XML answers, 2,000 of them. Where both give values, they are the same, or the difference has one of the reasons
# of docs/dspy.md. What only DSPy parses is counted.
XML_TYPES = {
    "str": ["Paris", "a & b", "two\nlines"],
    "int": [3],
    "Optional[int]": [5],
    "Optional[str]": ["x"],
    "bool": [True],
    "list[str]": [["a", "b c"], []],
    "list[int]": [[1, 2]],
    "dict[str, int]": [{"k": 1, "odd key": 2}],
    "dict[str, list[int]]": [{"k": [1, 2], "m": []}],
    "list[dict[str, str]]": [[{"a": "x"}, {"a": "y", "b": "z"}]],
}
MUTATIONS = ["", "", " ", "\n", "<", ">", "/", "&amp;", "&lt;", "<b>x</b>", "<br/>", "</item>", "<item>", "</f0>", "<f0>", "<f1/>", "<!-- c -->", "[", "text "]


def xml_answers(count):
    while count:
        kinds = [chance.choice(list(XML_TYPES)) for _ in range(2)]
        inline = "q -> " + ", ".join(f"f{i}: {kind}" for i, kind in enumerate(kinds))
        signature = dspy.Signature(inline)
        values = {f"f{i}": chance.choice(XML_TYPES[kind]) for i, kind in enumerate(kinds)}
        text = ADAPTERS["xml"].format_assistant_message_content(signature, values)
        for _ in range(chance.randint(0, 3)):
            at = chance.randrange(len(text) + 1)
            to = at if chance.random() < 0.5 else min(len(text), at + chance.choice([1, 1, 6]))
            text = text[:at] + chance.choice(MUTATIONS) + text[to:]
        if chance.random() < 0.3:
            text = chance.choice(["Sure:\n", "<think>I see <f0>9</f0></think>", "```xml\n"]) + text
        yield inline, signature, text
        count -= 1


def literal(value):
    """A value of DSPy 3.4.1 as its text would be without entities, comments and white space at the ends."""
    if isinstance(value, str):
        return " ".join(value.replace("<br />", "<br/>").split())
    if isinstance(value, list):
        return [literal(v) for v in value]
    if isinstance(value, dict):
        return {k: literal(v) for k, v in value.items()}
    return value


def unescaped(value):
    if isinstance(value, str):
        return literal(html.unescape(re.sub("<!--.*?-->", "", value)))
    if isinstance(value, list):
        return [unescaped(v) for v in value]
    if isinstance(value, dict):
        return {unescaped(k): unescaped(v) for k, v in value.items()}
    return value


def explained(inline, text, expected, result):
    """The reason for which our values differ from those of DSPy 3.4.1; nothing if there is none."""
    values = result["parsed"]
    if literal(values) == literal(expected):
        return "white space"
    if unescaped(values) == unescaped(expected):
        return "literal text"
    repairs = " ".join(repair["what"] for repair in result["repairs"])
    for name, kind in (field.split(": ", 1) for field in inline.split("-> ")[1].split(", f") for field in [field if field.startswith("f") else "f" + field]):
        if unescaped(values[name]) == unescaped(expected[name]):
            continue
        if "twice" in repairs and text.count(f"<{name}>") + text.count(f"<{name}/>") > 1:
            continue  # DSPy writes the list of both as a text.
        if kind.startswith("Optional[str]") and values[name] in ("", None) and expected[name] in ("", None):
            continue  # An empty pair is a text.
        return None
    return "one field"


both, only_theirs, only_ours, reasons = 0, [], 0, {}
for inline, signature, text in xml_answers(2000):
    try:
        expected = plain(ADAPTERS["xml"].parse(signature, text))
    except Exception:
        expected = None
    result = ours("parse", "--signature", inline, "--adapter", "xml", "--json", text=text)
    if expected is None:
        only_ours += "parsed" in result
    elif result.get("rejected"):
        only_theirs.append((inline, text, expected, result))
    elif result["parsed"] == expected:
        both += 1
    else:
        reason = explained(inline, text, expected, result)
        reasons[reason] = reasons.get(reason, 0) + 1
        check(f"xml {inline} {text!r}: {result}, DSPy parses it as {expected}", reason)
check(f"{len(only_theirs)} broken XML answers that only DSPy parses: {only_theirs}", len(only_theirs) * 10 <= both)
print(f"XML: {both} equal, {reasons} with a reason, {len(only_theirs)} that only DSPy parses, {only_ours} that only we parse")
for one in only_theirs if "-v" in sys.argv else []:
    print(*one)

# DSPy loads what we export: an entry of each module.
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
print(f"{len(wrong)} differences" if wrong else f"no difference; {len(stricter)} broken answers that only DSPy parses")
sys.exit(1 if wrong else 0)
