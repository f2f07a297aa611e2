#!/usr/bin/env python3
"""The same work done by Switchover, DSPy and LiteLLM, with one server that has prepared answers.

    python3 -m venv venv && venv/bin/pip install dspy==3.4.1 litellm==1.106.2
    cargo build --release && venv/bin/python benches/peers.py [path/to/switchover]

The server is part of `cargo bench --bench call`, which also measures Switchover's calls (`ours`, with bare reqwest as
`floor`). Whole processes are measured here for all three. Each line is a median, with the lowest and the highest time in
brackets. BENCH=dev uses an unoptimised server and benchmark: enough to try this script, but its numbers mean nothing.
"""
import asyncio
import importlib.metadata
import importlib.util
import logging
import os
import statistics
import subprocess
import sys
import time

BINARY = sys.argv[1] if len(sys.argv) > 1 else "target/release/switchover"
BENCH = ["cargo", "bench", "-q", "--bench", "call", *(["--profile", "dev"] if os.environ.get("BENCH") == "dev" else []), "--"]
QUESTION = "Which river is the longest?"
# The models of the server: two that answer, one that sends 503, one that sends 2000 chunks.
MODEL, BACKUP, DOWN, LONG = "openai/gpt-4o-mini", "anthropic/claude-3-haiku", "mistralai/down", "mistralai/long"

DSPY = f"""
import sys, dspy
common = dict(api_base=sys.argv[1], api_key='any')
lm = dspy.LM('openai/' + sys.argv[2], cache=False, num_retries=0, **common,
             **({{'fallbacks': [dict(model='openai/{BACKUP}', **common)]}} if sys.argv[3:] else {{}}))
dspy.configure(lm=lm)
assert dspy.ChainOfThought('question -> answer')(question='{QUESTION}').answer == 'The Nile.'
"""


def title(text):
    print(text, flush=True)


def row(who, times, work):
    """Runs the work once to warm up, then `times` times, and prints how long it takes."""
    work()
    samples = [milliseconds(work) for _ in range(times)]
    report(who, samples)


def milliseconds(work):
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e3


def report(who, samples):
    print(f"  {who:<34}{statistics.median(samples):10.2f} ms  ({min(samples):.2f}–{max(samples):.2f})", flush=True)


def processes(url):
    """A script with one call: process start, imports, one ChainOfThought answer."""
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "OPENROUTER_API_KEY": "sk-any"}

    def switchover(*chain):
        command = [BINARY, "ask", QUESTION, "--signature", "question -> answer", "--module", "chain_of_thought"]
        # One attempt for each model: the pause before a retry is a choice, not a cost.
        command += ["--base-url", url, "--set", "failover.attempts_per_model=1"]
        done = subprocess.run(command + [word for model in chain for word in ("-m", model)], env=env, capture_output=True)
        assert done.stdout == b"The Nile.\n", done.stderr.decode()

    def dspy(*arguments):
        subprocess.run([sys.executable, "-c", DSPY, url, *arguments], check=True, capture_output=True)

    title("process start to one ChainOfThought answer")
    row("switchover ask", 40, lambda: switchover(MODEL))
    row("DSPy", 5, lambda: dspy(MODEL))
    title("the same, with a first model that sends 503 at once")
    row("switchover ask", 40, lambda: switchover(DOWN, BACKUP))
    row("DSPy, fallbacks=[…]", 5, lambda: dspy(DOWN, "fallback"))


def calls(url):
    """Calls in one process that is warmed up."""
    import dspy
    import litellm

    # Tracebacks for broken calls would be measured too.
    litellm.suppress_debug_info = True
    logging.getLogger("LiteLLM").setLevel(logging.CRITICAL + 1)
    common = {"api_base": url, "api_key": "any"}
    fallbacks = {"num_retries": 0, "max_retries": 0, "fallbacks": [{"model": f"openai/{BACKUP}", **common}]}
    messages = [{"role": "user", "content": QUESTION}]

    def program(model, **more):
        one = dspy.ChainOfThought("question -> answer")
        one.set_lm(dspy.LM(f"openai/{model}", cache=False, num_retries=0, **common, **more))
        return one

    def complete(model, **more):
        return litellm.completion(model=f"openai/{model}", messages=messages, **common, **more)

    def first(model):
        next(iter(complete(model, stream=True)))

    def last(model):
        for _ in complete(model, stream=True):
            pass

    plain = program(MODEL)
    over = program(DOWN, fallbacks=fallbacks["fallbacks"])
    streamed = {model: streamify(program(model)) for model in (MODEL, LONG)}

    title("call in one piece")
    row("DSPy ChainOfThought", 200, lambda: plain(question=QUESTION))
    row("LiteLLM completion, not parsed", 100, lambda: complete(MODEL))
    title("first token of a stream")
    report("DSPy streamify", [asyncio.run(streamed[MODEL](stop=True)) for _ in range(30)])
    row("LiteLLM", 30, lambda: first(MODEL))
    title("failover, 503 at once and a backup at once")
    row("DSPy, fallbacks=[…]", 20, lambda: over(question=QUESTION))
    row("LiteLLM, fallbacks=[…]", 20, lambda: complete(DOWN, **fallbacks))
    title("2000 chunks without delay")
    report("DSPy streamify, to the end", [asyncio.run(streamed[LONG](stop=False)) for _ in range(5)])
    row("LiteLLM, not parsed", 5, lambda: last(LONG))
    title("500 calls, 32 at a time")
    row("DSPy ChainOfThought, asynchronous", 3, lambda: asyncio.run(many(plain)))


def streamify(program):
    """A call that streams the answer's fields. Returns the milliseconds to the first text, or to the end."""
    import dspy

    async def run(stop):
        listeners = [dspy.streaming.StreamListener(signature_field_name=name) for name in ("reasoning", "answer")]
        began, first = time.perf_counter(), None
        async for piece in dspy.streamify(program, stream_listeners=listeners)(question=QUESTION):
            if first is None and isinstance(piece, dspy.streaming.StreamResponse):
                first = (time.perf_counter() - began) * 1e3
        end = (time.perf_counter() - began) * 1e3
        return (first or end) if stop else end

    return run


async def many(program):
    turn = asyncio.Semaphore(32)

    async def one():
        async with turn:
            await program.acall(question=QUESTION)

    await asyncio.gather(*(one() for _ in range(500)))


def main():
    # Otherwise the import of LiteLLM loads a price list from the network.
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    missing = [name for name in ("dspy", "litellm") if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(f"this Python lacks {' and '.join(missing)}: pip install dspy litellm")
    if not os.path.exists(BINARY):
        sys.exit(f"{BINARY} does not exist: cargo build --release")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("dspy", "litellm"))
    print(f"Python {sys.version.split()[0]}, {versions}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    server = subprocess.Popen([*BENCH, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        url = server.stdout.readline().strip()
        assert url.startswith("http://"), f"no server: {url!r}"
        processes(url)
        calls(url)
    finally:
        server.stdin.close()
        server.wait()
    title("the same calls by Switchover")
    subprocess.run(BENCH, check=True)


if __name__ == "__main__":
    main()
