#!/usr/bin/env python3
"""The same work through us, DSPy and LiteLLM, side by side, from one server that has its answers ready.

    python3 -m venv venv && venv/bin/pip install dspy==3.4.1 litellm==1.106.2
    cargo build --release && venv/bin/python benches/peers.py [path/to/switchover]

The server is that of `cargo bench --bench call`, which also measures our side (`ours`, with bare reqwest as `floor`);
what begins with a process is measured here for all. Medians, the least and the most in brackets. BENCH=dev takes an
unoptimised server and bench: good for trying this script, and for no number.
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
# Names that the server knows: one answers, one says 503, one goes on for 2000 chunks.
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
    """Does it so many times, after once for warmth, and says how long it took."""
    work()
    samples = [took(work) for _ in range(times)]
    tell(who, samples)


def took(work):
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e3


def tell(who, samples):
    print(f"  {who:<34}{statistics.median(samples):10.2f} ms  ({min(samples):.2f}–{max(samples):.2f})", flush=True)


def processes(url):
    """What a script pays that asks once: start, imports, one ChainOfThought answer."""
    ours_env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "OPENROUTER_API_KEY": "sk-any"}

    def ours(*chain):
        command = [BINARY, "ask", QUESTION, "--signature", "question -> answer", "--module", "chain_of_thought"]
        # Asked once each: the pause before a second try is a choice, and not a cost.
        command += ["--base-url", url, "--set", "failover.attempts_per_model=1"]
        done = subprocess.run(command + [word for model in chain for word in ("-m", model)], env=ours_env, capture_output=True)
        assert done.stdout == b"The Nile.\n", done.stderr.decode()

    def theirs(*arguments):
        subprocess.run([sys.executable, "-c", DSPY, url, *arguments], check=True, capture_output=True)

    title("process start to one ChainOfThought answer")
    row("switchover ask", 40, lambda: ours(MODEL))
    row("DSPy", 5, lambda: theirs(MODEL))
    title("the same, the first model saying 503 at once")
    row("switchover ask", 40, lambda: ours(DOWN, BACKUP))
    row("DSPy, fallbacks=[…]", 5, lambda: theirs(DOWN, "fallback"))


def calls(url):
    """In one process that is warm."""
    import dspy
    import litellm

    # To print a traceback for each broken call would be measured too.
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
    row("LiteLLM completion, nothing read", 100, lambda: complete(MODEL))
    title("first token of a stream")
    tell("DSPy streamify", [asyncio.run(streamed[MODEL](stop=True)) for _ in range(30)])
    row("LiteLLM", 30, lambda: first(MODEL))
    title("failover, 503 at once and a backup at once")
    row("DSPy, fallbacks=[…]", 20, lambda: over(question=QUESTION))
    row("LiteLLM, fallbacks=[…]", 20, lambda: complete(DOWN, **fallbacks))
    title("2000 chunks without delay")
    tell("DSPy streamify, to the end", [asyncio.run(streamed[LONG](stop=False)) for _ in range(5)])
    row("LiteLLM, nothing read", 5, lambda: last(LONG))
    title("500 calls, 32 at a time")
    row("DSPy ChainOfThought, asynchronous", 3, lambda: asyncio.run(many(plain)))


def streamify(program):
    """A stream of the answer's fields: the milliseconds to its first text, or to its end."""
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
    # Otherwise importing LiteLLM waits for a price list from the network.
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    missing = [name for name in ("dspy", "litellm") if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(f"this Python has no {' and no '.join(missing)}: pip install dspy litellm")
    if not os.path.exists(BINARY):
        sys.exit(f"{BINARY} is not there: cargo build --release")
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
    title("our side of the rest")
    subprocess.run(BENCH, check=True)


if __name__ == "__main__":
    main()
