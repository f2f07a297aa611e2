# Syntax errors cost only what they stand in.
import dspy

config = {"a": 1, "b": (2, 3
model = call(

class First(dspy.Signature):
    """Before an error."""
    q: str = dspy.InputField()
    a: str = dspy.OutputField(desc="x"

class Second(dspy.Signature):
    """
# A heading at the start of a line
print("is not a statement here")
    """
    q: str = dspy.InputField()
    wrong: = dspy.InputField()
    a: int = dspy.OutputField()

print "python 2"
def f(:
>>> prompt

@decorator
class Third(dspy.Signature):
    q = dspy.InputField()
    a = dspy.OutputField()
