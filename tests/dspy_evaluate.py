"""Compares the scores of `switchover eval` with those of DSPy, where it is installed.

    cargo build && python tests/dspy_evaluate.py [path of the binary]

1. The metrics `normalized`, `contains` and `f1` give DSPy's scores on shared cases and on random text.
2. The program that `export --to python --with-cases` writes gives the same score as `eval`, both on `switchover serve`.
"""

import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/debug/switchover").resolve()

try:
    from dspy.dsp.utils import DPR_normalize, has_answer
    from dspy.evaluate.metrics import EM, F1, normalize_text
except ImportError:
    sys.exit("skipped: DSPy is not installed")


def environment(home):
    names = ("PATH", "VIRTUAL_ENV", "LANG")
    own = {"HOME": str(home), "SWITCHOVER_PACE": "0", "OPENROUTER_API_KEY": "sk-test", "SWITCHOVER_HISTORY": "nothing"}
    own["SWITCHOVER_SIGNATURES"] = json.dumps(JUDGES)
    return {name: os.environ[name] for name in names if name in os.environ} | own


def scores(home, metric, rows):
    """The scores that `eval` gives a server's answers: each case's question is what the server answers."""
    cases = home / "cases.jsonl"
    cases.write_text("".join(json.dumps({"question": given, "answer": expected}) + "\n" for expected, given in rows))
    command = [BINARY, "eval", cases, "-s", "question -> answer", "--module", "predict", "--metric", f"answer={metric}"]
    echo = serve_echo()
    with echo as base:
        done = subprocess.run(
            [*command, "--json", "--base-url", base, "-m", "echo"], env=environment(home), capture_output=True, text=True
        )
    assert done.returncode in (0, 2), done.stderr
    lines = map(json.loads, done.stdout.splitlines())
    return [line["score"] for line in lines if line["event"] == "scored"]


class serve_echo:
    """A model server that answers with the question itself."""

    def __enter__(self):
        import http.server
        import threading

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                question = body["messages"][-1]["content"].split("[[ ## question ## ]]\n")[1].split("\n")[0]
                content = f"[[ ## answer ## ]]\n{question}\n\n[[ ## completed ## ]]"
                chunk = {"choices": [{"delta": {"content": content}, "finish_reason": "stop"}]}
                answer = f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}/v1"

    def __exit__(self, *_):
        self.server.shutdown()


DSPY = {
    "normalized": lambda expected, given: float(EM(given, expected)),
    "f1": lambda expected, given: float(F1(given, expected)),
    "contains": lambda expected, given: float(
        has_answer([DPR_normalize(normalize_text(one)) for one in expected], normalize_text(given))
    ),
}


def compare_metrics(home):
    rows = []
    for case in tomllib.loads((ROOT / "tests/cases/eval/metrics.toml").read_text())["case"]:
        if case["metric"] in DSPY and isinstance(case["expected"], (str, list)):
            rows += [(case["expected"], given) for given, _ in case["scores"] if given.strip()]
    words = ["the", "a", "Eiffel", "Tower", "tower,", "Café", "cafe\u0301", "U.S.", "it's", "1,000", "— x", "“y”", "An", "ß", "東京", "THE"]
    rng = random.Random(7)
    for _ in range(300):
        given = [rng.choice(words) for _ in range(rng.randint(1, 7))]
        expected = given[rng.randrange(len(given)):][: rng.randint(1, 3)] if rng.random() < 0.6 else rng.choices(words, k=2)
        rows.append((" ".join(expected), " ".join(given)))
    wrong = 0
    for metric, dspy_score in DSPY.items():
        for (expected, given), ours in zip(rows, scores(home, metric, rows), strict=True):
            theirs = dspy_score(expected if isinstance(expected, list) else [expected], given.strip())
            if abs(ours - theirs) > 1e-9:
                wrong += 1
                print(f"{metric}: expected {expected!r}, given {given!r}: eval {ours}, DSPy {theirs}")
    print(f"metrics: {len(rows) * len(DSPY)} scores compared, {wrong} different")
    return wrong


# What the simulator answers is partly right: sums are, words are not.
CASES = [
    (
        "question -> answer: int",
        [{"question": f"What is {n} * {n + 2}?", "answer": n * (n + 2) + (n % 3 == 0)} for n in range(9)],
        [],
    ),
    (
        "question -> answer",
        [{"question": "What is 6 * 7?", "answer": ["42", "forty-two"]}, {"question": "What is 1 + 1?", "answer": "3"}],
        ["answer=contains"],
    ),
    (
        "question -> answer",
        [{"question": "What is 6 * 7?", "answer": ["6 * 7 is 42", "none"]}, {"question": "What is 1 + 1?", "answer": "3"}],
        ["answer=f1"],
    ),
    (
        "question -> answer: float",
        [{"question": f"What is {n} / 4?", "answer": n / 4 + 0.07 * n} for n in range(4)],
        ["answer=number:0.1"],
    ),
    (
        "text -> words: list[str], size: int, more: dict[str, int]",
        [{"text": "one two", "words": ["simulated item", "x"], "size": 0, "more": {"a": 1}}],
        ["words=set", "size=exact", "more=json"],
    ),
    # The simulator divides for the judge, too.
    (
        "question -> answer: float",
        [{"question": f"What is {n} / 4?", "answer": n / 4} for n in range(4)],
        ["answer=judge:rate"],
    ),
]
JUDGES = {"rate": "question, prediction: float, expected: Optional[float] -> answer: float"}


def compare_programs(home):
    server = subprocess.Popen(
        [BINARY, "serve", "--port", "0"], env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    base = next(word for word in server.stdout.readline().split() if word.startswith("http://"))
    wrong = 0
    try:
        for signature, cases, metrics in CASES:
            file = home / "cases.jsonl"
            file.write_text("".join(json.dumps(case) + "\n" for case in cases))
            metric_args = [part for metric in metrics for part in ("--metric", metric)]
            common = ["-s", signature, "--module", "predict", "--base-url", base, "-m", "openai/gpt-4o-mini"]
            ours = subprocess.run(
                [BINARY, "eval", file, *common, *metric_args, "--json"], env=environment(home), capture_output=True, text=True
            )
            row = [line for line in map(json.loads, ours.stdout.splitlines()) if line["event"] == "evaluated"]
            assert row, ours.stderr
            program = subprocess.run(
                [BINARY, "export", "--to", "python", "--with-cases", file, *common, *metric_args],
                env=environment(home), capture_output=True, text=True, check=True,
            ).stdout
            path = home / "program.py"
            path.write_text(program)
            theirs = subprocess.run([sys.executable, path], env=environment(home), capture_output=True, text=True)
            lines = [line for line in theirs.stdout.splitlines() if line.startswith("score:")]
            assert lines, theirs.stderr[-2000:]
            score = float(lines[0].split()[1])
            same = abs(score - row[0]["score"]) < 0.00006  # Evaluate rounds to two digits of a per cent
            wrong += not same
            print(f"{signature}: eval {row[0]['score']:.4f}, dspy.Evaluate {score:.4f}{'' if same else '   DIFFERENT'}")
    finally:
        server.kill()
    return wrong


with tempfile.TemporaryDirectory() as folder:
    different = compare_metrics(pathlib.Path(folder)) + compare_programs(pathlib.Path(folder))
sys.exit(1 if different else 0)
