#!/usr/bin/env python3
"""A LiteLLM proxy as a real second server: `switchover serve` behind it, `switchover ask` before it.

    python3 tests/litellm_proxy.py [path/to/switchover]

Needs `pip install 'litellm[proxy]'`; without it this says so and succeeds.
"""
import importlib.util
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

MODEL = "openai/gpt-4o-mini"
# The proxy wants a key of its own; it lives as long as this script.
KEY = "sk-" + secrets.token_hex(32)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(url, process, seconds=90):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise SystemExit(f"the server of {url} ended with {process.returncode}")
        try:
            return urllib.request.urlopen(url, timeout=2).read()
        except OSError:
            time.sleep(0.3)
    raise SystemExit(f"{url} never answered")


def main():
    proxy = shutil.which("litellm", path=os.path.dirname(sys.executable) + os.pathsep + os.environ.get("PATH", ""))
    if proxy is None or importlib.util.find_spec("litellm") is None or importlib.util.find_spec("fastapi") is None:
        print("litellm[proxy] is not installed here: nothing was tried")
        return
    binary = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/debug/switchover")
    ours, theirs = free_port(), free_port()
    processes = []
    with tempfile.TemporaryDirectory() as home:
        try:
            env = {"PATH": os.environ.get("PATH", ""), "HOME": home, "SWITCHOVER_PACE": "0"}
            processes.append(subprocess.Popen([binary, "serve", "--port", str(ours)], env=env, stdout=subprocess.DEVNULL))
            wait_for(f"http://127.0.0.1:{ours}/api/v1/models", processes[-1])
            config = os.path.join(home, "proxy.yaml")
            entry = lambda name, fault: {
                "model_name": name,
                "litellm_params": {
                    "model": f"openrouter/{MODEL}", "api_key": "any",
                    "api_base": f"http://127.0.0.1:{ours}{fault}/api/v1", "max_retries": 0},
            }
            with open(config, "w") as file:
                json.dump({"model_list": [entry("sound", ""), entry("broken", "/503")],
                           "router_settings": {"num_retries": 0}}, file)
            processes.append(subprocess.Popen(
                [proxy, "--config", config, "--host", "127.0.0.1", "--port", str(theirs)],
                env={**env, "LITELLM_MASTER_KEY": KEY, "LITELLM_MODE": "PRODUCTION", "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            wait_for(f"http://127.0.0.1:{theirs}/health/liveliness", processes[-1])
            wrong = [what for what, holds in [
                ("a stream", ask(binary, env, theirs, ["-m", "sound"], "sound")),
                ("a whole answer", ask(binary, env, theirs, ["-m", "sound", "--set", 'request={"stream":false}'], "sound")),
                ("failover", ask(binary, env, theirs, ["-m", "broken", "-m", "sound"], "sound")),
            ] if not holds]
        finally:
            for process in reversed(processes):
                process.terminate()
                process.wait(20)
    if wrong:
        raise SystemExit("through the LiteLLM proxy this did not work: " + ", ".join(wrong))
    print("through the LiteLLM proxy: a stream, a whole answer and failover all work")


def ask(binary, env, port, more, winner):
    command = [binary, "ask", "What is 17 * 23?", "--signature", "question -> answer: int", "--module", "predict", "--json",
               "--base-url", f"http://127.0.0.1:{port}/v1", *more]
    done = subprocess.run(command, env={**env, "OPENROUTER_API_KEY": KEY}, capture_output=True,
                          text=True, timeout=120)
    last = json.loads(done.stdout.splitlines()[-1]) if done.stdout else {}
    holds = (last.get("outcome"), last.get("model"), last.get("fields")) == ("succeeded", winner, {"answer": 391})
    if not holds:
        print(done.stdout[-2000:], done.stderr, sep="\n", file=sys.stderr)
    return holds


if __name__ == "__main__":
    main()
