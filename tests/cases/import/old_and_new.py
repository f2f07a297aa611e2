# Names of DSPy 2, and syntax of Python 3.12.
import dspy
from pydantic import EmailStr

type Level = Literal[1, 2]
type Levels[T] = dict[str, T]


class Old(dspy.Signature):
    """Old."""

    question = dspy.OldInputField(prefix="Question asked by a person:", desc="the question")
    level: Level = dspy.InputField(format=str)
    mail: EmailStr = dspy.InputField()
    answer = dspy.OldOutputField(prefix="Answer:")


typed = dspy.TypedPredictor("n: int -> m: int")
thought = dspy.TypedChainOfThought(Old)
hinted = dspy.ChainOfThoughtWithHint("question -> answer")
positional = dspy.Signature({"q": dspy.InputField("the question"), "a": dspy.OutputField()})
