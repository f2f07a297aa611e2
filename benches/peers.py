#!/usr/bin/env python3
"""The same work through DSPy and LiteLLM, and through us, side by side.

    cargo build --release && python3 benches/peers.py [path/to/switchover]

Needs a Python with `dspy` and `litellm`. All of them talk to one `switchover serve --pace 0`, so the server's share
is the same for all; its answers are those of the simulator, so a call here is slower than one to a canned server.
Ours is measured as a process: a run of `switchover ask` per call, start-up and all, is what a script would pay.
"""
import concurrent.futures
import os
import re
import statistics
import subprocess
import sys
import time

BINARY = sys.argv[1] if len(sys.argv) > 1 else "target/release/switchover"
QUESTION = "What is DSPy?"
MODEL, BACKUP = "openai/gpt-4o-mini", "anthropic/claude-3-haiku"


def median_ms(work, times):
    samples = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        samples.append((time.perf_counter() - began) * 1e3)
    return f"{statistics.median(samples):9.2f} ms  ({min(samples):.2f}–{max(samples):.2f})"


def row(what, measured):
    print(f"  {what:<58}{measured}", flush=True)


def ask(url, *more):
    command = [BINARY, "ask", QUESTION, "--signature", "question -> answer", "--base-url", url, *more]
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "OPENROUTER_API_KEY": "sk-any"}
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr.decode()


def process_of(url, imports, code):
    program = f"{imports}\n{code}"
    def work():
        subprocess.run([sys.executable, "-c", program, url], check=True, capture_output=True)
    return work


DSPY_PROCESS = f"""
lm = dspy.LM('openai/{MODEL}', api_base=sys.argv[1], api_key='any', cache=False)
dspy.configure(lm=lm)
print(dspy.ChainOfThought('question -> answer')(question='{QUESTION}').answer)
"""


def main():
    server = subprocess.Popen([BINARY, "serve", "--port", "0", "--pace", "0"], stdout=subprocess.PIPE, text=True)
    try:
        url = re.search(r"http://\S+", server.stdout.readline()).group()
        broken = url.replace("/api/v1", "/503/api/v1")
        print("process start to one ChainOfThought answer")
        row("switchover ask", median_ms(lambda: ask(url, "--model", MODEL), 40))
        row("DSPy", median_ms(process_of(url, "import sys, dspy", DSPY_PROCESS), 5))
        ours_failover(url)

        import dspy
        import litellm

        litellm.suppress_debug_info = True
        common = {"api_base": url, "api_key": "any"}
        lm = dspy.LM(f"openai/{MODEL}", cache=False, num_retries=0, **common)
        dspy.configure(lm=lm)
        program = dspy.ChainOfThought("question -> answer")
        messages = [{"role": "user", "content": QUESTION}]
        bare = lambda: litellm.completion(model=f"openai/{MODEL}", messages=messages, **common)
        program(question=QUESTION)
        bare()
        print("one call, in a process that is warm")
        row("DSPy ChainOfThought", median_ms(lambda: program(question=QUESTION), 200))
        row("LiteLLM completion", median_ms(bare, 100))
        print("  (ours: cargo bench --bench call)")
        print("failover: the primary says 503 at once, the backup answers at once")
        fallbacks = [{"model": f"openai/{BACKUP}", **common}]
        row("LiteLLM completion(fallbacks=…)", median_ms(lambda: litellm.completion(
            model=f"openai/{MODEL}", messages=messages, api_base=broken, api_key="any",
            num_retries=0, max_retries=0, fallbacks=fallbacks), 20))
        print("500 calls, 32 at a time")
        row("DSPy ChainOfThought", median_ms(lambda: many(program), 3))
        print("a stream, first chunk and last")
        firsts, lasts = [], []
        for _ in range(30):
            began = time.perf_counter()
            stream = litellm.completion(model=f"openai/{MODEL}", messages=messages, stream=True, **common)
            next(iter(stream))
            firsts.append((time.perf_counter() - began) * 1e3)
            for _ in stream:
                pass
            lasts.append((time.perf_counter() - began) * 1e3)
        row("LiteLLM, first chunk", f"{statistics.median(firsts):9.2f} ms")
        row("LiteLLM, last chunk", f"{statistics.median(lasts):9.2f} ms")
    finally:
        server.kill()


def ours_failover(url):
    print("process start to an answer by the backup, the primary broken (503)")
    row("switchover ask --fault", median_ms(
        lambda: ask(url, "--model", MODEL, "--model", BACKUP, "--fault", f"{MODEL}=503"), 40))


def many(program):
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        list(pool.map(lambda i: program(question=f"{QUESTION} {i}"), range(500)))


if __name__ == "__main__":
    try:
        import importlib.util
        missing = [name for name in ("dspy", "litellm") if importlib.util.find_spec(name) is None]
    except ImportError:
        missing = ["dspy", "litellm"]
    if missing:
        sys.exit(f"this Python has no {' and no '.join(missing)}: pip install dspy litellm")
    main()
