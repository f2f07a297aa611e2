import dspy
from dspy import InputField, OutputField


class Base(dspy.Signature):
    """Answer from the context."""

    context: list[str] = InputField(desc="facts")
    question: str = InputField()


class Short(Base):
    answer: str = OutputField(desc="a few words", max_length=40)


class Long(Base):
    """Answer at length."""

    question: str = InputField(desc="asked by a customer")
    answer: str = OutputField()
    sources: set[str] = OutputField()


class Bare(dspy.Signature):
    a: int = InputField()
    b: int = OutputField()


class OfBare(Bare):
    c: int = OutputField()


Renamed = Short.with_instructions("Answer in one word.")
Wider = Bare.append("d", OutputField(desc="more"), type_=list[int]).prepend("z", InputField()).delete("b")
Updated = Bare.with_updated_fields("a", desc="the number", type_=float)
Inserted = Bare.insert(-1, "y", InputField(), int).insert(0, "x", OutputField(), bool)
Made = dspy.make_signature("q: str -> r: int", "Count.", "Counter")
Dict = dspy.Signature({"q": InputField(desc="in"), "r": (list[str], OutputField())}, "List.")
