#!/usr/bin/env python3
"""Real servers on this machine: `switchover plain` asks each thirty questions, 0.3 s and 3 s apart. None may be lost,
none may fail, and no model may be barred.

    python3 tests/local_servers.py [path/to/switchover] [--gaps 0.3,3] [--questions 30]

- llama.cpp's server, as the package `xllamacpp` embeds it, with a tiny model of random weights that this script writes:
  `pip install xllamacpp gguf`. A JSON schema makes even random weights answer. It is also asked a question that is
  longer than its context.
- A LiteLLM proxy before `switchover serve`: `pip install 'litellm[proxy]'`.

What is not installed is said and left out. It takes about four minutes.
"""
import argparse
import glob
import importlib.util
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time

from litellm_proxy import MODEL, free_port, wait_for

SIGNATURE = "question -> answer: Literal['yes', 'no']"
# The proxy wants a key of its own; it lives as long as this script.
KEY = "sk-" + secrets.token_hex(32)


def has(*modules):
    return all(importlib.util.find_spec(module) is not None for module in modules)


def write_model(path):
    """A Llama of one layer and random weights, with a token for each byte and each printable ASCII character."""
    import gguf
    import numpy

    random = numpy.random.default_rng(1)
    width, inner, heads = 64, 128, 4
    tokens = [b"<unk>", b"<s>", b"</s>"] + [f"<0x{byte:02X}>".encode() for byte in range(256)]
    kinds = [2, 3, 3] + [6] * 256  # unknown, control, byte
    for code in range(32, 127):
        tokens.append("\u2581".encode() if code == 32 else chr(code).encode())
        kinds.append(1)
    out = gguf.GGUFWriter(path, "llama")
    out.add_context_length(4096)
    out.add_embedding_length(width)
    out.add_block_count(1)
    out.add_feed_forward_length(inner)
    out.add_head_count(heads)
    out.add_head_count_kv(heads)
    out.add_layer_norm_rms_eps(1e-5)
    out.add_rope_dimension_count(width // heads)
    out.add_vocab_size(len(tokens))
    out.add_file_type(0)
    out.add_tokenizer_model("llama")
    out.add_token_list(tokens)
    out.add_token_scores([0.0] * len(tokens))
    out.add_token_types(kinds)
    out.add_bos_token_id(1)
    out.add_eos_token_id(2)
    out.add_unk_token_id(0)
    out.add_add_bos_token(True)
    out.add_chat_template("{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant: ")
    tensor = lambda *shape: (random.standard_normal(shape) * 0.02).astype(numpy.float32)
    norm = numpy.ones(width, dtype=numpy.float32)
    layer = {"attn_norm": norm, "ffn_norm": norm, "ffn_gate": tensor(inner, width), "ffn_up": tensor(inner, width),
             "ffn_down": tensor(width, inner), **{f"attn_{name}": tensor(width, width) for name in ("q", "k", "v", "output")}}
    tensors = {"token_embd": tensor(len(tokens), width), "output_norm": norm, "output": tensor(len(tokens), width),
               **{f"blk.0.{name}": value for name, value in layer.items()}}
    for name, value in tensors.items():
        out.add_tensor(f"{name}.weight", value)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


LLAMA = """
import sys, time, xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.n_ctx, params.hostnames, params.port = sys.argv[1], 4096, ["127.0.0.1"], int(sys.argv[2])
server = xllamacpp.Server(params)
while True:
    time.sleep(1)
"""


def llama(home, env, processes, _binary):
    """The base URL and the model of a llama.cpp server."""
    model, port = os.path.join(home, "tiny.gguf"), free_port()
    write_model(model)
    processes.append(subprocess.Popen([sys.executable, "-c", LLAMA, model, str(port)], env=env,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    wait_for(f"http://127.0.0.1:{port}/v1/models", processes[-1])
    return f"http://127.0.0.1:{port}/v1", "tiny"


def proxy(home, env, processes, binary):
    """The base URL and the model of a LiteLLM proxy before the simulator."""
    ours, theirs = free_port(), free_port()
    processes.append(subprocess.Popen([binary, "serve", "--port", str(ours)], env=env, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL))
    wait_for(f"http://127.0.0.1:{ours}/api/v1/models", processes[-1])
    config = os.path.join(home, "proxy.yaml")
    params = {"model": f"openrouter/{MODEL}", "api_key": "any", "api_base": f"http://127.0.0.1:{ours}/api/v1", "max_retries": 0}
    with open(config, "w") as file:
        json.dump({"model_list": [{"model_name": "sound", "litellm_params": params}], "router_settings": {"num_retries": 0}}, file)
    command = shutil.which("litellm", path=os.path.dirname(sys.executable) + os.pathsep + os.environ.get("PATH", ""))
    processes.append(subprocess.Popen(
        [command, "--config", config, "--host", "127.0.0.1", "--port", str(theirs)],
        env={**env, "LITELLM_MASTER_KEY": KEY, "LITELLM_MODE": "PRODUCTION", "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    wait_for(f"http://127.0.0.1:{theirs}/health/liveliness", processes[-1])
    return f"http://127.0.0.1:{theirs}/v1", "sound"


def kept(data):
    """Every line of the history below `data`."""
    for path in sorted(glob.glob(os.path.join(data, "**", "*.jsonl"), recursive=True)):
        with open(path) as file:
            yield from (json.loads(line) for line in file if line.endswith("\n"))


def ended(data):
    return [line for line in kept(data) if line["event"] == "finished"]


def asked(binary, env, base, model, data):
    common = ["--base-url", base, "-m", model, "-s", SIGNATURE, "--module", "predict", "--adapter", "json"]
    return common, {**env, "OPENROUTER_API_KEY": KEY, "XDG_DATA_HOME": data}


def converse(binary, env, base, model, data, questions, gap):
    """Asks in one session of `plain`, each question `gap` seconds after the last answer. Returns what was wrong."""
    args, env = asked(binary, env, base, model, data)
    plain = subprocess.Popen([binary, "plain", *args], env=env, cwd=data, stdin=subprocess.PIPE, text=True,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for number in range(questions):
        plain.stdin.write(f"Is {number} even?\n")
        plain.stdin.flush()
        end = time.monotonic() + 60
        while len(ended(data)) <= number and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(gap)
    plain.stdin.write("/quit\n")
    plain.stdin.close()
    plain.wait(60)
    lines = list(kept(data))
    wrong = [f"{len(ended(data))} of {questions} questions ended"] if len(ended(data)) != questions else []
    wrong += [f"{line['outcome']}: {line.get('headline')}" for line in ended(data) if line["outcome"] != "succeeded"]
    wrong += [f"{line['rule']}: {line['failure']['reason']}" for line in lines if line["event"] == "failed"]
    wrong += [f"{line['name']} is {line['to']['state']}" for line in lines if line["event"] == "breaker"]
    return wrong


def too_long(binary, env, base, model, data):
    """A question beyond the context of llama.cpp is `context`, and bars nothing."""
    args, env = asked(binary, env, base, model, data)
    done = subprocess.run([binary, "ask", "word " * 3000, *args], env=env, cwd=data, capture_output=True, text=True, timeout=100)
    lines = list(kept(data))
    rules = [line["rule"] for line in lines if line["event"] == "failed"]
    barred = [line for line in lines if line["event"] == "breaker"]
    return [] if rules == ["context"] and not barred else [f"exit {done.returncode}, rules {rules}: {done.stderr[-300:]}"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary", nargs="?", default="target/debug/switchover")
    parser.add_argument("--gaps", default="0.3,3")
    parser.add_argument("--questions", type=int, default=30)
    options = parser.parse_args()
    binary, failed = os.path.abspath(options.binary), False
    servers = [("llama.cpp", llama, ["xllamacpp", "gguf", "numpy"], "xllamacpp gguf"),
               ("LiteLLM proxy", proxy, ["litellm", "fastapi"], "'litellm[proxy]'")]
    for name, start, modules, packages in servers:
        if not has(*modules):
            print(f"{name}: left out, it is not installed here (pip install {packages})")
            continue
        processes = []
        with tempfile.TemporaryDirectory() as home:
            env = {"PATH": os.environ.get("PATH", ""), "HOME": home, "SWITCHOVER_PACE": "0"}
            fresh = lambda: tempfile.mkdtemp(dir=home)
            try:
                base, model = start(home, env, processes, binary)
                results = [(f"{options.questions} questions, {gap} s apart",
                            converse(binary, env, base, model, fresh(), options.questions, float(gap)))
                           for gap in options.gaps.split(",")]
                if start is llama:
                    results.append(("a question beyond the context", too_long(binary, env, base, model, fresh())))
            finally:
                for process in reversed(processes):
                    process.terminate()
                    process.wait(20)
        for what, wrong in results:
            failed |= bool(wrong)
            print(f"{name}: {what}: {'right' if not wrong else '; '.join(wrong[:5])}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
