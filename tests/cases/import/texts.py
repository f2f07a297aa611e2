# How texts are written: concatenations, constants, dedent, f-strings, other quotes.
from textwrap import dedent
import textwrap
import dspy

TONE = "friendly"
LABELS = ["red", "green"]
LIMIT = 3
RULES = (
    "Be short. "
    'Be "clear". '
    r"Keep \n as it is."
)
PROMPT = """
    Sort the texts.
      Keep the order.
"""


class Sorted(dspy.Signature):
    __doc__ = PROMPT
    text: str = dspy.InputField(desc="the " "text " f"in a {TONE} tone")
    label: str = dspy.OutputField(desc="one of " + ", ".join(LABELS))
    more: str = dspy.OutputField(desc=f"at most {LIMIT} words")
    tabs: str = dspy.OutputField(desc=dedent("""\
        first
          second
    """).strip())
    escaped: str = dspy.OutputField(desc="\u00e9\x41\t'")


class Formatted(dspy.Signature):
    f"""This is no docstring, {TONE}."""

    q: str = dspy.InputField()
    a: str = dspy.OutputField()


class Joined(dspy.Signature):
    ("This is "
     "a docstring.")

    q: str = dspy.InputField()
    a: str = dspy.OutputField(desc='''

    kept as it is
    ''')


with_rules = dspy.Predict(dspy.Signature("q -> a", RULES))
dedented = dspy.Signature("q -> a", textwrap.dedent(PROMPT).strip())
later = dspy.Signature("q -> a")
later.instructions = "Set later."
