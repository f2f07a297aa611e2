# What cannot be imported is named with its line; the rest is imported.
import os
import dspy
import PIL.Image
from app.types import Report
from app import signatures
from app.signatures import Base, Triage


class Look(dspy.Signature):
    """Say what is in the picture."""

    picture: dspy.Image = dspy.InputField()
    audio: list[dspy.Audio] = dspy.InputField()
    raw: PIL.Image.Image = dspy.InputField()
    tools: list[dspy.Tool] = dspy.InputField()
    hint: str = dspy.InputField(desc=os.environ["HINT"])
    report: Report = dspy.OutputField()
    words: list[str] = dspy.OutputField(ge=os.cpu_count(), desc="words")


class OnlyPictures(dspy.Signature):
    text: str = dspy.InputField()
    picture: dspy.Image = dspy.OutputField()


class Special(Base):
    extra: str = dspy.OutputField()


class Unmarked(dspy.Signature):
    q: str = dspy.InputField()
    a: str
    b: str = dspy.OutputField()
    instructions: str = dspy.OutputField()


def build(name, signature):
    triage = dspy.Predict(Triage)
    other = dspy.ChainOfThought(signatures.Other)
    given = dspy.ChainOfThought(signature)
    made = dspy.Predict(f"{name} -> answer")
    agent = dspy.ReAct("question -> answer", tools=[build])
    program = dspy.ProgramOfThought(Unmarked)
    wrong = dspy.Predict("question, answer")
    image = dspy.Predict("photo: dspy.Image, question -> answer")
    return dspy.Signature("text -> report: Report, ok: bool")
