import dspy as d
from dspy import ChainOfThought as Think
from dspy.signatures.signature import Signature as Sig
from dspy.signatures import InputField as In, OutputField as Out

SHAPE = "context, question -> answer"
compare = d.MultiChainComparison("question -> answer", M=4)
default = d.MultiChainComparison(SHAPE)
think = Think(SHAPE)
twice = d.Predict("question -> answer")


class Twice(Sig):
    q: str = In()
    a: str = Out()


Alias = Twice
first = d.Predict(Alias)
second = Think(Twice)


class Program(d.Module):
    class Inner(Sig):
        """Inside of a module."""

        q: str = In()
        a: str = Out()

    def __init__(self):
        self.inner = Think(Program.Inner)
        self.steps = [d.Predict("a -> b"), d.Predict("b -> c")]
        twice = d.Predict("x -> y")
        self.named = d.Predict(signature="k -> v")

    def local(self):
        class Local(Sig):
            q: str = In()
            a: str = Out()

        return Think(Local.with_instructions("Locally."))
