#!/usr/bin/env python3
"""Asks through `switchover gateway` with clients that people use, while the first model is broken.

    cargo build && python3 tests/gateway_clients.py [path/to/switchover]

CLIENTS=openai,dspy runs only these, `--markdown` prints the table of docs/gateway.md. Tested with openai 3.3.0, dspy 3.4.1,
litellm 1.110.2, langchain-openai 1.7.4, pydantic-ai 2.38.0, instructor 1.17.0 (`pip install openai dspy litellm
langchain-openai "pydantic-ai-slim[openai]" instructor`), and from npm openai, ai, @ai-sdk/openai-compatible and zod, whose
folder NODE_MODULES names. What is not installed is skipped with a word.

Each client asks at the address of each fault, of a gateway that has seen no fault yet. It passes when the whole right answer
comes, or a clean error; half an answer without an error fails, and so does an attempt without the configured attribution. A
garbled text passes as it comes where a request says nothing about its answer. Exits 0 when nothing failed, 1 otherwise.
"""

import asyncio
import importlib.metadata
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PRIMARY, BACKUP = "openai/gpt-4o-mini", "openai/gpt-4o"
REFERER, TITLE = "https://clients.example", "Clients"
FAULTS = ["", "503", "cut:2", "empty", "garbled", "black-hole"]
QUESTION = "What is the capital of France?"
MESSAGES = [{"role": "user", "content": QUESTION}]
SUM = "What is 17 * 23?"
PACKAGES = {
    "openai": "openai",
    "dspy": "dspy",
    "litellm": "litellm",
    "langchain": "langchain-openai",
    "pydantic-ai": "pydantic-ai-slim",
    "instructor": "instructor",
}
os.environ.update(DSPY_CACHEDIR=tempfile.mkdtemp(), LITELLM_LOCAL_MODEL_COST_MAP="True", OPENAI_API_KEY="unused")


class Gateway:
    """A gateway before the simulator, which writes down all that it does."""

    def __init__(self, program, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        env = {name: value for name, value in os.environ.items() if not name.startswith(("SWITCHOVER", "OPENROUTER"))}
        env.update(HOME=folder, XDG_CONFIG_HOME=folder, XDG_DATA_HOME=folder, XDG_STATE_HOME=folder)
        sets = ["--set", "simulator.pace=0.1"]
        for name in ["first_token", "first_token_reasoning", "idle", "idle_reasoning"]:
            sets += ["--set", f"failover.{name}=2"]
        command = [program, *sets, "-m", PRIMARY, "-m", BACKUP, "--referer", REFERER, "--title", TITLE]
        command += ["gateway", "--listen", f"127.0.0.1:{self.port}", "--json"]
        self.command, self.env, self.folder = command, env, folder

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True, env=self.env, cwd=self.folder)
        self.sent, self.reader = [], threading.Thread(target=self.read, args=[self.process])
        self.reader.start()
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                time.sleep(0.05)
        sys.exit("the gateway does not listen")

    def stop(self):
        """Ends it, and waits until all that it wrote is read."""
        self.process.terminate()
        self.process.wait()
        self.reader.join()

    def read(self, process):
        for line in process.stdout:
            report = json.loads(line)
            if report["event"] == "sent":
                self.sent.append({header["name"].lower(): header["value"] for header in report["headers"]})

    def base(self, fault):
        return f"http://127.0.0.1:{self.port}/{fault}/v1" if fault else f"http://127.0.0.1:{self.port}/v1"


class Garbled(Exception):
    """The first model's text, garbled: whole, and wrong in a way that only a reader can see."""


def right(text):
    if text == "Gur pncvgny bs Senapr vf Cnevf.":
        raise Garbled
    assert text and "Paris" in text and not text.rstrip().endswith(" of"), f"wrong: {text!r}"


def equal(value, expected):
    assert value == expected, f"wrong: {value!r}"


def openai_cases():
    import openai
    from pydantic import BaseModel

    def client(base):
        return openai.OpenAI(base_url=base, api_key="unused", timeout=60)

    def sync(base):
        answer = client(base).chat.completions.create(model=PRIMARY, messages=MESSAGES)
        right(answer.choices[0].message.content)

    def asynchronous(base):
        async def ask():
            async with openai.AsyncOpenAI(base_url=base, api_key="unused", timeout=60) as client:
                return await client.chat.completions.create(model=PRIMARY, messages=MESSAGES)

        right(asyncio.run(ask()).choices[0].message.content)

    def streams(**more):
        def stream(base):
            chunks = client(base).chat.completions.create(model=PRIMARY, messages=MESSAGES, stream=True, **more)
            right("".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices))

        return stream

    def parse(base):
        class Answer(BaseModel):
            answer: int

        messages = [{"role": "user", "content": SUM}]
        answer = client(base).chat.completions.parse(model=PRIMARY, messages=messages, response_format=Answer)
        assert isinstance(answer.choices[0].message.parsed.answer, int)

    def tools(base):
        parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
        offered = [{"type": "function", "function": {"name": "weather", "parameters": parameters}}]
        answer = client(base).chat.completions.create(
            model=PRIMARY, messages=MESSAGES, tools=offered, tool_choice="required"
        )
        call = answer.choices[0].message.tool_calls[0].function
        equal((call.name, list(json.loads(call.arguments))), ("weather", ["city"]))

    def responses(base):
        right(client(base).responses.create(model=PRIMARY, input=QUESTION).output_text)

    def responses_stream(base):
        text, done = "", False
        for event in client(base).responses.create(model=PRIMARY, input=QUESTION, stream=True):
            text += event.delta if event.type == "response.output_text.delta" else ""
            done |= event.type == "response.completed"
            if event.type in ("error", "response.failed"):
                raise RuntimeError(event)
        assert done, f"the stream ended without a word after {text!r}"
        right(text)

    held = {"extra_headers": {"x-switchover-hold": "answer"}}
    return {
        "sync": sync,
        "async": asynchronous,
        "stream": streams(),
        "stream, held": streams(**held),
        "parse": parse,
        "tools": tools,
        "responses": responses,
        "responses, stream": responses_stream,
    }


def dspy_cases():
    import dspy

    dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=False)

    def lm(base):
        return dspy.LM(f"openai/{PRIMARY}", api_base=base, api_key="unused", model_type="chat", num_retries=0)

    def module(adapter, program, ask, check):
        def run(base):
            with dspy.context(lm=lm(base), adapter=adapter):
                check(program()(**ask))

        return run

    def typed(answer):
        equal(answer.answer, 391)
        assert answer.parity in ("even", "odd") and isinstance(answer.digits, list)

    def react(base):
        def weather(city: str) -> str:
            """The weather in a city."""
            return "sunny"

        with dspy.context(lm=lm(base)):
            assert dspy.ReAct("question -> answer", tools=[weather], max_iters=2)(question="weather in Paris").answer

    def streamify(base):
        async def ask():
            program = dspy.streamify(
                dspy.Predict("question -> answer"),
                stream_listeners=[dspy.streaming.StreamListener(signature_field_name="answer")],
            )
            last = None
            async for part in program(question=QUESTION):
                last = part
            return last

        with dspy.context(lm=lm(base)):
            right(asyncio.run(ask()).answer)

    question = {"question": QUESTION}
    cases = {}
    for adapter in [dspy.ChatAdapter(), dspy.JSONAdapter(), dspy.XMLAdapter()]:
        name = type(adapter).__name__
        cases[f"Predict, {name}"] = module(
            adapter, lambda: dspy.Predict("question -> answer"), question, lambda answer: right(answer.answer)
        )
    from typing import Literal

    class Sum(dspy.Signature):
        question: str = dspy.InputField()
        answer: int = dspy.OutputField()
        parity: Literal["even", "odd"] = dspy.OutputField()
        digits: list[int] = dspy.OutputField()

    cases["ChainOfThought"] = module(
        None, lambda: dspy.ChainOfThought("question -> answer"), question, lambda answer: right(answer.answer)
    )
    cases["typed"] = module(dspy.ChatAdapter(), lambda: dspy.Predict(Sum), {"question": SUM}, typed)
    return {**cases, "ReAct": react, "streamify": streamify}


def litellm_cases():
    import litellm

    litellm.suppress_debug_info = True
    common = {"model": f"openai/{PRIMARY}", "messages": MESSAGES, "api_key": "unused", "num_retries": 0}

    def sync(base):
        right(litellm.completion(**common, api_base=base).choices[0].message.content)

    def stream(base):
        chunks = litellm.completion(**common, api_base=base, stream=True)
        right("".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices))

    def openrouter(base):
        answer = litellm.completion(**{**common, "model": f"openrouter/{PRIMARY}"}, api_base=base)
        right(answer.choices[0].message.content)

    return {"completion": sync, "stream": stream, "openrouter/": openrouter}


def langchain_cases():
    from langchain_openai import ChatOpenAI
    from pydantic import BaseModel

    class Answer(BaseModel):
        answer: int

    def model(base):
        return ChatOpenAI(model=PRIMARY, base_url=base, api_key="unused", max_retries=0)

    def structured(base):
        assert isinstance(model(base).with_structured_output(Answer).invoke(SUM).answer, int)

    return {
        "invoke": lambda base: right(model(base).invoke(QUESTION).content),
        "stream": lambda base: right("".join(chunk.content for chunk in model(base).stream(QUESTION))),
        "structured": structured,
    }


def pydantic_ai_cases():
    from pydantic import BaseModel
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    class Answer(BaseModel):
        answer: int

    def agent(base, **more):
        return Agent(OpenAIChatModel(PRIMARY, provider=OpenAIProvider(base_url=base, api_key="unused")), **more)

    def stream(base):
        async def ask():
            async with agent(base).run_stream(QUESTION) as result:
                return await result.get_output()

        right(asyncio.run(ask()))

    def typed(base):
        assert isinstance(agent(base, output_type=Answer).run_sync(SUM).output.answer, int)

    return {"run": lambda base: right(agent(base).run_sync(QUESTION).output), "stream": stream, "typed": typed}


def instructor_cases():
    import instructor
    import openai
    from pydantic import BaseModel

    class Answer(BaseModel):
        answer: int

    def mode(mode):
        def ask(base):
            client = instructor.from_openai(openai.OpenAI(base_url=base, api_key="unused"), mode=mode)
            messages = [{"role": "user", "content": SUM}]
            answer = client.chat.completions.create(
                model=PRIMARY, messages=messages, response_model=Answer, max_retries=0
            )
            assert isinstance(answer.answer, int)

        return ask

    return {"tools": mode(instructor.Mode.TOOLS), "JSON": mode(instructor.Mode.JSON)}


NODE = """
import OpenAI from "openai";
import { generateText, streamText, generateObject } from "ai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { z } from "zod";
const [base, which] = process.argv.slice(2);
const model = "%(model)s", question = "%(question)s";
const client = new OpenAI({ baseURL: base, apiKey: "unused", timeout: 60000 });
const provider = createOpenAICompatible({ name: "switchover", baseURL: base, apiKey: "unused", supportsStructuredOutputs: true });
const messages = [{ role: "user", content: question }];
const right = (text) => { if (text === "Gur pncvgny bs Senapr vf Cnevf.") throw new Error("garbled");
  if (!text?.includes("Paris")) throw new Error("wrong: " + text); };
const cases = {
  async "openai, create"() { right((await client.chat.completions.create({ model, messages })).choices[0].message.content); },
  async "openai, stream"() {
    let text = "";
    for await (const chunk of await client.chat.completions.create({ model, messages, stream: true }))
      text += chunk.choices[0]?.delta?.content ?? "";
    right(text);
  },
  async "openai, responses"() { right((await client.responses.create({ model, input: question })).output_text); },
  async "ai, generateText"() { right((await generateText({ model: provider(model), prompt: question, maxRetries: 0 })).text); },
  async "ai, streamText"() {
    let text = "", failed;
    const result = streamText({ model: provider(model), prompt: question, maxRetries: 0, onError: ({ error }) => { failed = error; } });
    for await (const part of result.textStream) text += part;
    if (failed) throw failed;
    right(text);
  },
  async "ai, generateObject"() {
    const schema = z.object({ answer: z.number() });
    const { object } = await generateObject({ model: provider(model), schema, prompt: "What is 17 * 23?", maxRetries: 0 });
    if (typeof object.answer !== "number") throw new Error("wrong: " + JSON.stringify(object));
  },
};
globalThis.AI_SDK_LOG_WARNINGS = false;
if (which === "list") console.log(JSON.stringify(Object.keys(cases)));
else if (cases[which]) await cases[which]().then(() => console.log("ok"), (error) => { console.log(error.message.split("\\n")[0]); process.exit(2); });
"""


def node_cases():
    modules = os.environ.get("NODE_MODULES")
    if not modules or not shutil.which("node"):
        return None
    script = pathlib.Path(modules).parent / "gateway_clients.mjs"
    script.write_text(NODE % {"model": PRIMARY, "question": QUESTION})

    def node(*words):
        return subprocess.run(["node", script, *words], capture_output=True, text=True, timeout=120)

    def case(name):
        def ask(base):
            done = node(base, name)
            if done.stdout.startswith("garbled"):
                raise Garbled
            if done.returncode == 2 and not done.stdout.startswith("wrong"):
                raise RuntimeError(done.stdout.strip())
            assert done.returncode == 0, (done.stdout + done.stderr).strip()

        return ask

    listed = node("http://127.0.0.1:1", "list")
    if listed.returncode:
        sys.exit(listed.stderr)
    return {name: case(name) for name in json.loads(listed.stdout)}


def main():
    arguments = [word for word in sys.argv[1:] if not word.startswith("--")]
    program = os.path.abspath(arguments[0] if arguments else ROOT / "target/debug/switchover")
    only = [word for word in os.environ.get("CLIENTS", "").split(",") if word]
    installed = {distribution.name.lower() for distribution in importlib.metadata.distributions()}
    suites = {name: globals()[f"{name.replace('-', '_')}_cases"] for name in [*PACKAGES, "node"]}
    rows, failed = [], 0
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(program, folder)
        for client, cases in suites.items():
            if only and client not in only:
                continue
            if client in PACKAGES and PACKAGES[client] not in installed:
                print(f"skipped: {client}, because {PACKAGES[client]} is not installed")
                continue
            found = cases()
            if found is None:
                print("skipped: node, because NODE_MODULES does not name a folder of installed packages")
                continue
            for name, ask in found.items():
                cells = []
                for fault in FAULTS:
                    gateway.start()
                    began = time.monotonic()
                    try:
                        ask(gateway.base(fault))
                        cell, why = "answer", ""
                    except Garbled:
                        cell, why = "as it comes", ""
                    except AssertionError as error:
                        cell, why = "**wrong**", str(error)
                    except Exception as error:  # noqa: BLE001: any error that a client raises is a clean one
                        cell, why = "error", f"{type(error).__name__}: {error}"
                    took = time.monotonic() - began
                    gateway.stop()
                    for headers in gateway.sent:
                        if (headers.get("http-referer"), headers.get("x-title")) != (REFERER, TITLE):
                            cell, why = "**attribution**", str(headers)
                    if not gateway.sent:
                        cell, why = "**not asked**", why
                    failed += cell.startswith("**")
                    cells.append(cell)
                    print(f"{client} {name}, {fault or 'healthy'}: {cell} in {took:.1f} s {why[:200]}", flush=True)
                rows.append(f"| {client}: {name} | {' | '.join(cells)} |")
    if "--markdown" in sys.argv:
        print(f"| client | {' | '.join(f'`{fault}`' if fault else 'healthy' for fault in FAULTS)} |")
        print("|---" * (len(FAULTS) + 1) + "|")
        print("\n".join(rows))
    print(f"{len(rows)} clients, {len(FAULTS)} faults, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
