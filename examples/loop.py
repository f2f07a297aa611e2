"""Asks a question every second through `switchover --gateway`. Break its model there with F4: the answers go on."""

import sys
import time

import dspy

address = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:4141"
lm = dspy.LM("openai/openai/gpt-4o-mini", api_base=f"http://{address}/v1", api_key="unused", model_type="chat", cache=False)
dspy.configure(lm=lm)
ask = dspy.ChainOfThought("question -> answer: int")

for number in range(1, 1000):
    answer = ask(question=f"What is {number} * 17?").answer
    print(f"{number} * 17 = {answer}", flush=True)
    time.sleep(1)
