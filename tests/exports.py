#!/usr/bin/env python3
"""Runs every export of `switchover export`, and the Python of the README and of docs/, for real, and looks at what reaches the server.

    cargo build && python3 tests/exports.py [path/to/switchover]   (EXPORTS=curl,openai runs only these)

The first model is broken on the simulator, first with a 503, then in ways that look like success; between the exported program and the simulator
stands a small proxy that writes down every request. An export passes when the backup was asked and
its answer came out, with our attribution headers and a secret header, once each, on every request; after a fault that
looks like success, it may also fail. What needs a Python package that is not installed is skipped with a word: run it
once with LiteLLM and once without. Exits 0 when nothing failed, 1 otherwise.
"""

import http.client
import http.server
import importlib.metadata
import json
import os
import pathlib
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PRIMARY, BACKUP = "openai/gpt-4o-mini", "anthropic/claude-3-haiku"
REFERER, TITLE = "https://exports.example", "Exports"
SECRET = "not-written-into-any-export"
SETTING = ["-m", PRIMARY, "-m", BACKUP, "--referer", REFERER, "--title", TITLE, "--set", f"headers.X-Api-Key={SECRET}"]
# What a client may take for an answer, and a model that never answers.
FAULTS = ["empty", "garbled", "no-finish", "error-event", "content-filter", "length", "black-hole"]
QUESTION = "What is 6 * 7? It's for a test."


class Recorder(http.server.BaseHTTPRequestHandler):
    """Hands requests on, and writes them down."""

    upstream = None
    seen = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        onward = http.client.HTTPConnection(self.upstream, timeout=30)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        onward.request("POST", self.path, body, headers)
        try:
            answer = onward.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            # The simulator closed the connection, and so does this.
            Recorder.seen.append((self.headers, json.loads(body), 0))
            self.close_connection = True
            return
        Recorder.seen.append((self.headers, json.loads(body), answer.status))
        self.send_response(answer.status)
        self.send_header("content-type", answer.getheader("content-type", "application/json"))
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def missing(*packages):
    installed = {distribution.name.lower() for distribution in importlib.metadata.distributions()}
    return [name for name in packages if name not in installed]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Bench:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.failed = []
        home = {"HOME": str(folder), "PATH": os.environ["PATH"]}
        keys = {"OPENROUTER_API_KEY": "any-key-will-do", "SWITCHOVER_HEADER_X_API_KEY": SECRET}
        self.env = {**home, **keys, "PYTHONDONTWRITEBYTECODE": "1", "NO_PROXY": "*"}
        self.home = home
        self.proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
        threading.Thread(target=self.proxy.serve_forever, daemon=True).start()
        self.serve = None
        self.broken("503")

    def broken(self, fault):
        """Starts the simulator with a fault of the first model."""
        if self.serve:
            self.serve.terminate()
            self.serve.wait()
        command = [self.program, "serve", "--port", "0", "--pace", "0", "--fault", f"{PRIMARY}={fault}"]
        self.serve = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=self.home, cwd=self.folder
        )
        for line in self.serve.stdout:
            if line.startswith("base URL"):
                url = line.split()[2]
                break
        origin = url.split("/")[2]
        Recorder.upstream = origin
        self.base = url.replace(origin, f"127.0.0.1:{self.proxy.server_port}")

    def export(self, to, name, *more):
        command = [self.program, "export", "--to", to, *SETTING, "--base-url", self.base, *more, QUESTION]
        text = subprocess.run(command, env=self.env, cwd=self.folder, check=True, capture_output=True, text=True).stdout
        assert SECRET not in text, f"{to} holds the value of a secret header"
        path = self.folder / name
        path.write_text(text)
        Recorder.seen.clear()
        return path

    def export_chat(self, to, name):
        """Exports a chat that was asked before: its body is a file, its run a file of JSON lines."""
        body, run = self.folder / "chat.json", self.folder / "chat.jsonl"
        body.write_text(json.dumps({"messages": [{"role": "user", "content": QUESTION}], "temperature": 0.5}))
        base = ["--base-url", self.base]
        command = [self.program, "ask", *SETTING, *base, "--body", body, "--json"]
        run.write_text(subprocess.run(command, env=self.env, cwd=self.folder, capture_output=True, text=True).stdout)
        command = [self.program, "export", "--to", to, *base, "--run", run]
        text = subprocess.run(command, env=self.env, cwd=self.folder, check=True, capture_output=True, text=True).stdout
        assert SECRET not in text, f"{to} holds the value of a secret header"
        path = self.folder / name
        path.write_text(text)
        Recorder.seen.clear()
        return path

    def run(self, command):
        done = subprocess.run(command, env=self.env, cwd=self.folder, capture_output=True, text=True, timeout=180)
        return done.returncode, done.stdout, done.stderr

    def judge(self, name, code, out, err, server_side=False):
        """What was received decides, not what was meant to be sent."""
        problems = []
        asked = [(body["model"], status) for _, body, status in Recorder.seen]
        if code != 0:
            problems.append(f"exit code {code}: {err.strip()[-600:]}")
        if "42" not in out:
            problems.append(f"no answer in {out!r}")
        if server_side:
            lists = [body.get("models") for _, body, _ in Recorder.seen]
            if asked != [(PRIMARY, 200)] or lists != [[BACKUP]] or BACKUP not in out:
                problems.append(f"asked {asked} with models {lists}")
        elif asked[:1] != [(PRIMARY, 503)] or asked[-1:] != [(BACKUP, 200)]:
            problems.append("the backup was not asked after the dead primary")
        for headers, body, _ in Recorder.seen:
            ours = [("http-referer", REFERER), ("x-title", TITLE), ("x-openrouter-title", TITLE)]
            if not name.startswith("README"):
                ours.append(("x-api-key", SECRET))
            for header, wanted in ours:
                if headers.get_all(header) != [wanted]:
                    problems.append(f"{body['model']} was asked with {header}: {headers.get_all(header)}")
        print(f"{'FAILED' if problems else 'ok':<7} {name}: the server received {asked}")
        for problem in problems:
            print(f"        {problem}")
        if problems:
            self.failed.append(name)


    def judge_fault(self, name, fault, code, out, err):
        """An answer of the backup, or an error; never the text of the model that failed."""
        answered = code == 0 and "42" in out and BACKUP in out
        asked = [body["model"] for _, body, _ in Recorder.seen]
        good = answered or (code != 0 and err.strip() and "Traceback" not in err)
        word = "the backup's answer" if answered else f"exit code {code}"
        print(f"{'ok' if good else 'FAILED':<7} {name}, {fault}: {word}, the server received {asked}")
        if not good:
            print(f"        {out.strip()[-300:]!r} {err.strip()[-600:]}")
            self.failed.append(f"{name}, {fault}")


def without_key(bench, to, path):
    """A program without its key says in one line what is missing."""
    env = {name: value for name, value in bench.env.items() if name != "OPENROUTER_API_KEY"}
    done = subprocess.run([sys.executable, path], env=env, cwd=bench.folder, capture_output=True, text=True, timeout=180)
    lines = done.stderr.strip().splitlines()
    good = done.returncode != 0 and bool(lines) and "Set OPENROUTER_API_KEY first" in lines[-1] and "Traceback" not in done.stderr
    print(f"{'ok' if good else 'FAILED':<7} {to}, without a key: exit code {done.returncode}, {lines[-1:]}")
    bench.failed += [] if good else [f"{to}, without a key"]


def faults(bench, to, name, *command):
    """Runs an export against a first model that fails without an HTTP error."""
    for fault in FAULTS:
        bench.broken(fault)
        for adapter in ["chat", "json", "xml"] if fault in ("garbled", "length") else ["chat"]:
            path = bench.export(to, name, "--adapter", adapter)
            bench.judge_fault(to, f"{fault}, {adapter}", *bench.run([*command, path]))
    bench.broken("503")


def python(bench):
    faults(bench, "python", "exported_dspy.py", sys.executable)
    for module in ["predict", "chain_of_thought", "majority:3", "multi_chain_comparison:2"]:
        for adapter in ["chat", "json", "xml"] if module == "predict" else ["chat"]:
            path = bench.export("python", "exported_dspy.py", "--module", module, "--adapter", adapter)
            bench.judge(f"python, {module}, {adapter}", *bench.run([sys.executable, path]))
    without_key(bench, "python", path)
    typed = ["--signature", "question, hints: list[str] -> answer: int, sure: Optional[bool], kind: Literal['a', \"it's\"]"]
    text = bench.export("python", "exported_dspy.py", *typed, "--module", "predict", "hints=one").read_text()
    code, _, err = bench.run([sys.executable, "-c", text.split("\n\nif __name__")[0]])
    print(f"{'FAILED' if code else 'ok':<7} python, a typed signature is understood by DSPy {err.strip()[-300:]}")
    bench.failed += ["python, typed"] if code else []


def litellm_router(bench):
    faults(bench, "litellm-router", "exported_router.py", sys.executable)
    path = bench.export("litellm-router", "exported_router.py")
    bench.judge("litellm-router", *bench.run([sys.executable, path]))
    without_key(bench, "litellm-router", path)


def openai(bench):
    faults(bench, "openai", "exported_openai.py", sys.executable)
    path = bench.export("openai", "exported_openai.py")
    bench.judge("openai", *bench.run([sys.executable, path]), server_side=True)
    without_key(bench, "openai", path)


def curl(bench):
    faults(bench, "curl", "exported.sh", "sh")
    path = bench.export("curl", "exported.sh")
    bench.judge("curl", *bench.run(["sh", path]), server_side=True)


def litellm_proxy(bench):
    path, port = bench.export("litellm-proxy", "litellm.yaml"), free_port()
    command = [pathlib.Path(sys.executable).parent / "litellm", "--config", path, "--port", str(port)]
    log = open(bench.folder / "proxy.log", "w")
    master = f"sk-{secrets.token_hex(32)}"
    proxy = subprocess.Popen(command, env={**bench.env, "LITELLM_MASTER_KEY": master}, cwd=bench.folder, stdout=log, stderr=log)
    try:
        body = json.dumps({"model": PRIMARY, "messages": [{"role": "user", "content": QUESTION}]})
        deadline, out, code = time.monotonic() + 120, "", 1
        while time.monotonic() < deadline and proxy.poll() is None:
            try:
                client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                headers = {"content-type": "application/json", "authorization": f"Bearer {master}"}
                client.request("POST", "/v1/chat/completions", body, headers)
                answer = client.getresponse()
                out, code = answer.read().decode(), 0 if answer.status == 200 else answer.status
                break
            except ConnectionRefusedError:
                time.sleep(0.2)
        bench.judge("litellm-proxy", code, out, out or (bench.folder / "proxy.log").read_text())
    finally:
        proxy.terminate()
        proxy.wait()


def chat(bench):
    targets = {"curl": ("chat.sh", ["sh"]), "openai": ("chat_openai.py", [sys.executable])}
    targets["litellm-router"] = ("chat_router.py", [sys.executable])
    for to, (name, command) in targets.items():
        package = to.split("-")[0]
        if package != "curl" and missing(package):
            print(f"skipped chat, {to}: not installed: {package}")
            continue
        for fault in FAULTS:
            # What a garbled text should have been, nobody can tell in a chat; and LiteLLM invents a finish reason.
            if fault != "garbled" and (to, fault) != ("litellm-router", "no-finish"):
                bench.broken(fault)
                path = bench.export_chat(to, name)
                bench.judge_fault(f"chat, {to}", fault, *bench.run([*command, path]))
        bench.broken("503")
        path = bench.export_chat(to, name)
        bench.judge(f"chat, {to}", *bench.run([*command, path]), server_side=to != "litellm-router")


def dspy_state(bench):
    bench.export("dspy-state", "state.json", "--module", "chain_of_thought")
    load = (
        "import dspy\np = dspy.ChainOfThought('question -> answer')\np.load('state.json')\n"
        "print(p.predict.signature.instructions)"
    )
    code, out, err = bench.run([sys.executable, "-c", load])
    print(f"{'FAILED' if code else 'ok':<7} dspy-state: load() reads it: {out.strip()!r} {err.strip()[-300:]}")
    bench.failed += ["dspy-state"] if code else []


def readme(bench):
    """The README's own Python, with nothing changed but where and as whom it asks."""
    for number, block in enumerate((ROOT / "README.md").read_text().split("```python\n")[1:]):
        text = block.split("```")[0].replace("https://openrouter.ai/api/v1", bench.base)
        text = text.replace("https://example.org/app", REFERER).replace('"App"', f'"{TITLE}"')
        path = bench.folder / f"readme_{number}.py"
        path.write_text(text)
        Recorder.seen.clear()
        bench.judge(f"README, Python block {number + 1}", *bench.run([sys.executable, path]))


def docs(bench):
    """The Python of the pages in docs/. A block that nothing here knows how to run is a failure."""
    ways = {"gateway.md": through_the_gateway, "evaluate.md": metric}
    for page in sorted((ROOT / "docs").glob("*.md")):
        for number, block in enumerate(page.read_text().split("```python\n")[1:]):
            name = f"docs/{page.name}, Python block {number + 1}"
            problem = ways[page.name](bench, block.split("```")[0]) if page.name in ways else "no way to run it"
            print(f"{'FAILED' if problem else 'ok':<7} {name} {problem or ''}")
            bench.failed += [name] if problem else []


def through_the_gateway(bench, line):
    """The model of a DSPy program, at a gateway with a broken first model."""
    if line not in (ROOT / "README.md").read_text():
        return "the README has another line"
    command = [bench.program, "gateway", "--listen", "127.0.0.1:0", "--simulate", "--fault", f"{PRIMARY}=503"]
    gateway = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=bench.env, cwd=bench.folder)
    try:
        address = gateway.stdout.readline().split("http://")[1].split("/")[0]
        program = f"import dspy\n{line}dspy.configure(lm=lm)\n"
        program += f"print(dspy.Predict('question -> answer: int')(question={QUESTION!r}).answer)\n"
        code, out, err = bench.run([sys.executable, "-c", program.replace("127.0.0.1:4141", address)])
        return None if (code, out) == (0, "42\n") else f"{out!r} {err.strip()[-600:]}"
    finally:
        gateway.terminate()
        gateway.wait()


def metric(bench, program):
    """A metric of an evaluation: one case has the answer that it wants, one has not."""
    (bench.folder / "score.py").write_text(program)
    cases = ["What is 6 * 7?", "What is 2 + 3?"]
    (bench.folder / "cases.jsonl").write_text("".join(json.dumps({"question": case}) + "\n" for case in cases))
    command = [bench.program, "eval", "cases.jsonl", "--signature", "question -> answer: int", "-m", BACKUP, "--simulate"]
    command += ["--metric", f"answer=cmd:{sys.executable} score.py", "--json"]
    code, out, err = bench.run(command)
    lines = [json.loads(line) for line in out.splitlines()]
    scores = [line["score"] for line in lines if line["event"] == "scored"]
    return None if (code, scores) == (0, [1.0, 0.0]) else f"scores {scores} {err.strip()[-600:]}"


EXPORTS = [
    (curl, []),
    (chat, []),
    (python, ["dspy"]),
    (dspy_state, ["dspy"]),
    (readme, ["dspy", "litellm"]),
    (docs, ["dspy"]),
    (litellm_router, ["litellm"]),
    (openai, ["openai"]),
    (litellm_proxy, ["litellm", "fastapi", "uvicorn"]),
]


def main():
    program = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/debug/switchover").resolve()
    if not program.exists():
        sys.exit(f"{program} is not there: cargo build first")
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("dspy", "litellm", "openai") if not missing(name)]
    print(f"Python {sys.version.split()[0]}, {', '.join(versions) or 'none of the packages'}")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(program, pathlib.Path(folder))
        try:
            for export, packages in EXPORTS:
                if export.__name__ not in os.environ.get("EXPORTS", export.__name__).split(","):
                    continue
                if export is curl and not shutil.which("curl"):
                    print("skipped curl: there is none here")
                elif absent := missing(*packages):
                    print(f"skipped {export.__name__}: not installed: {', '.join(absent)}")
                else:
                    export(bench)
        finally:
            bench.serve.terminate()
            bench.proxy.shutdown()
    sys.exit(1 if bench.failed else 0)


if __name__ == "__main__":
    main()
