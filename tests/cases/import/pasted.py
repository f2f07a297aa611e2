```python
    class Pasted(dspy.Signature):
        """Pasted from a page, without imports."""
        question = InputField()
        answer: int = OutputField(desc="a number")

    qa = ChainOfThought(Pasted)
```
