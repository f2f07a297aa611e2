"""What most files look like: imports, a model, a few signatures, a module that uses them."""
import dspy
from typing import Literal, Optional
from pydantic import BaseModel, Field

lm = dspy.LM("openrouter/openai/gpt-4o-mini", api_key="not-a-key")
dspy.configure(lm=lm)


class Finding(BaseModel):
    """One finding."""

    title: str = Field(..., description="A short title")
    severity: Literal["low", "high"] = Field(..., description="How bad it is")
    lines: list[int] = Field(default_factory=list, description="Lines that it concerns")


class ReviewCode(dspy.Signature):
    """Review a change.

    - Name every finding once.
    - Do not invent lines.
    """

    diff: str = dspy.InputField(desc="The change as a unified diff")
    focus: Optional[str] = dspy.InputField(desc="What to look for")
    findings: list[Finding] = dspy.OutputField(desc="All findings, most severe first")
    approve: bool = dspy.OutputField()
    score: float = dspy.OutputField(ge=0.0, le=1.0, desc="How good it is")


class Old(dspy.Signature):
    question = dspy.InputField()
    answer = dspy.OutputField(desc="often between 1 and 5 words")


class Reviewer(dspy.Module):
    def __init__(self):
        super().__init__()
        self.review = dspy.ChainOfThought(ReviewCode)
        self.summarize = dspy.Predict("findings: list[str] -> summary: str")
        self.answer = dspy.Predict(Old)

    def forward(self, diff):
        return self.review(diff=diff, focus=None)


if __name__ == "__main__":
    print(dspy.ChainOfThought("question -> answer: int")(question="What is 6 * 7?"))
