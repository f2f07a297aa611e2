#!/usr/bin/env python3
"""The same work done by Switchover, DSPy, LiteLLM and other gateways, with servers that have prepared answers.

    python3 -m venv venv && venv/bin/pip install dspy==3.4.1 'litellm[proxy]==1.108.7' tensorzero==2026.6.0
    mkdir portkey && cd portkey && npm init -y && npm pkg set 'overrides.@hono/node-server=1.14.1'
    npm install @portkey-ai/gateway@1.15.2 && cd ..
    cargo build --release && venv/bin/python benches/peers.py [path/to/switchover]

The servers are parts of `cargo bench --bench call` and `--bench gateway`, which also measure Switchover. Whole processes
are measured here. Each line of calls is a median, with the lowest and the highest time in brackets. A gateway that is not
installed is left out, and that is said; PORTKEY is the folder of its node_modules (default: portkey). ONLY=gateways
leaves the rest out. BENCH=dev uses an unoptimised server and benchmark: enough to try this script, but its numbers mean
nothing.
"""
import asyncio
import contextlib
import importlib.metadata
import importlib.util
import logging
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

BINARY = sys.argv[1] if len(sys.argv) > 1 else "target/release/switchover"
PROFILE = ["--profile", "dev"] if os.environ.get("BENCH") == "dev" else []
CALLS, GATEWAYS = (["cargo", "bench", "-q", "--bench", name, *PROFILE, "--"] for name in ("call", "gateway"))
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


def silence(litellm):
    """What LiteLLM says of broken calls would be measured too. At the end of each event loop it leaves a task behind,
    which Python reports."""
    litellm.suppress_debug_info = True
    logging.getLogger("LiteLLM").setLevel(logging.CRITICAL + 1)
    logging.getLogger("asyncio").addFilter(lambda record: "LoggingWorker" not in record.getMessage())
    warnings.filterwarnings("ignore", "coroutine 'LoggingWorker", RuntimeWarning)


def calls(url):
    """Calls in one process that is warmed up."""
    import dspy
    import litellm

    silence(litellm)
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


@contextlib.contextmanager
def serving(command):
    """A server of prepared answers, which prints its URL and ends with its input."""
    server = subprocess.Popen([*command, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        url = server.stdout.readline().strip()
        assert url.startswith("http://"), f"no server: {url!r}"
        yield url
    finally:
        server.stdin.close()
        server.wait()


def litellm_proxy(floor, folder, port):
    program = shutil.which("litellm", path=os.path.dirname(sys.executable)) or shutil.which("litellm")
    if program is None or importlib.util.find_spec("fastapi") is None:
        return None, "pip install 'litellm[proxy]'"
    config = os.path.join(folder, "litellm.yaml")
    models = [{"model_name": "bench/model",
               "litellm_params": {"model": "openai/bench/model", "api_base": floor, "api_key": "any"}}]
    # It does not start without a key or this setting.
    settings = {"dangerously_permit_weak_or_unset_master_key": True}
    with open(config, "w") as file:  # JSON is YAML, too.
        json.dump({"model_list": models, "general_settings": settings}, file)
    command = [program, "--config", config, "--port", str(port), "--host", "127.0.0.1", "--telemetry", "False"]
    return command, {"name": "LiteLLM", "url": f"http://127.0.0.1:{port}/v1"}


def portkey(floor, _folder, port):
    start = os.path.join(os.environ.get("PORTKEY", "portkey"), "node_modules/@portkey-ai/gateway/build/start-server.js")
    if not os.path.exists(start):
        return None, f"{start} does not exist"
    headers = {"x-portkey-provider": "openai", "x-portkey-custom-host": floor}
    return ["node", start, f"--port={port}", "--headless"], {
        "name": "Portkey", "url": f"http://127.0.0.1:{port}/v1", "headers": headers}


# Its wheel has the whole gateway, and one function that starts it on a port of its own choice.
TENSORZERO = """
import sys, openai, tensorzero
client = openai.OpenAI(api_key="any")
tensorzero.patch_openai_client(client, config_file=sys.argv[1], async_setup=False)
print(str(client.base_url).rstrip("/"), flush=True)
sys.stdin.read()
"""


def tensorzero(floor, folder, _port):
    if importlib.util.find_spec("tensorzero") is None:
        return None, "pip install tensorzero"
    config = os.path.join(folder, "tensorzero.toml")
    with open(config, "w") as file:
        file.write(f"""
[gateway.observability]
enabled = false
[models.bench]
routing = ["one"]
[models.bench.providers.one]
type = "openai"
api_base = "{floor}/"
model_name = "bench/model"
api_key_location = "none"
""")
    return [sys.executable, "-W", "ignore", "-c", TENSORZERO, config], {
        "name": "TensorZero", "model": "tensorzero::model_name::bench"}


def gateways():
    """Gateways before one server, each with its default settings and nothing stored."""
    title("gateways: one client, then 32 at once, three rounds")
    with serving(GATEWAYS) as floor, tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as ends:
        beside = []
        for prepare in (tensorzero, portkey, litellm_proxy):
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
            command, target = prepare(floor, folder, port)
            if command is None:
                title(f"  left out: {prepare.__name__} ({target})")
                continue
            began = time.perf_counter()
            # Into a file, which does not fill up as a pipe does when a gateway logs each request.
            said = os.path.join(folder, prepare.__name__)
            with open(said, "w") as output:
                process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.DEVNULL)
            ends.callback(process.wait)
            ends.callback(process.kill)
            wait_until(process, lambda: listening(target, said))
            memory = resident(process.pid)
            title(f"  {target['name']}: listens after {(time.perf_counter() - began) * 1e3:.0f} ms, {memory:.0f} MiB")
            beside += ["--beside", json.dumps(target)]
        subprocess.run([*GATEWAYS, "--floor", floor, *beside], check=True)


def wait_until(process, ready):
    while not ready():
        if process.poll() is not None:
            sys.exit(f"{process.args}: has ended")
        time.sleep(0.005)


def listening(target, said):
    """Whether the gateway accepts connections. One that chooses its port has printed its URL."""
    if "url" not in target:
        with open(said) as output:
            target.update({"url": line.strip() for line in output if line.startswith("http://") and line.endswith("\n")})
    host, _, port = target.get("url", "").removeprefix("http://").split("/")[0].partition(":")
    with contextlib.suppress(OSError), socket.create_connection((host, int(port or 9)), timeout=1):
        return "url" in target
    return False


def resident(pid):
    """MiB of memory, where the system says it."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS:"))
    return float("nan")


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
    if os.environ.get("ONLY") != "gateways":
        with serving(CALLS) as url:
            processes(url)
            calls(url)
        title("the same calls by Switchover")
        subprocess.run(CALLS, check=True)
    gateways()


if __name__ == "__main__":
    main()
