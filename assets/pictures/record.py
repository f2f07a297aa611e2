#!/usr/bin/env python3
"""Records the README's pictures as a person sees them: real programs in terminals of their own, as moving SVGs.

    cargo build --release
    apt-get install fonts-jetbrains-mono fonts-dejavu-core
    python3 -m venv venv && venv/bin/pip install pyte fonttools brotli dspy
    venv/bin/python assets/pictures/record.py [PICTURE…] [--program PATH]

Writes assets/pictures/PICTURE.svg for each picture of stories.toml, or for those that are named, and takes as long as
the pictures play. There is no network and no key in it: the built-in simulator answers, at its usual pace. A story that
does not come true ends with exit code 1 and the screen as it was. The fonts' used glyphs are put into the file, so it
looks the same everywhere. Python 3.11 or later.
"""

import argparse
import os
import re
import select
import sys
import tempfile
import time
import tomllib
from pathlib import Path

from drawing import GAP, Window, drawn
from terminal import Terminal

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
COLUMNS, FRAMES_A_SECOND, LONGEST_WAIT = 100, 10, 30


class Player:
    """Plays one story and keeps every picture that differs from the one before."""

    def __init__(self, story, program):
        self.frames, self.began, self.due = [], None, 0.0
        folder = tempfile.mkdtemp()
        for name, text in story.get("files", {}).items():
            (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / name).write_text(text)
        (Path(folder) / "examples").symlink_to(ROOT / "examples")
        path = [str(Path(program).parent), str(Path(sys.executable).parent), os.environ["PATH"]]
        environment = {
            "TERM": "xterm-256color", "COLORTERM": "", "HOME": folder, "LANG": "C.UTF-8", "PATH": ":".join(path), "PS1": "$ ",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # Or DSPy asks the network for prices.
        }  # fmt: skip
        self.terminals = [Terminal(one["command"], COLUMNS, one["rows"], folder, environment) for one in story["terminals"]]

    def play(self, steps):
        for step in steps:
            if self.began is None and not step.get("hidden"):
                self.began = time.monotonic()
            index = step.get("terminal", 0)
            caption = (index, step.get("caption", ""))
            keys = step.get("keys", "")
            for key in keys if keys.isprintable() else [keys]:
                self.terminals[index].type(key)
                self.watch(caption, 0.06)
            self.wait(index, caption, step.get("until", ""))
            self.watch(caption, step.get("hold", 0.02))
        self.keep(time.monotonic(), caption)

    def wait(self, index, caption, wanted):
        late = time.monotonic() + LONGEST_WAIT
        while not re.search(wanted, self.terminals[index].text()):
            self.watch(caption, 0.02)
            if time.monotonic() > late:
                sys.exit(f"{wanted!r} never came:\n{self.terminals[index].text()}")

    def watch(self, caption, seconds):
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            by_fd = {terminal.fd: terminal for terminal in self.terminals}
            for fd in select.select(by_fd, [], [], 0.005)[0]:
                if not by_fd[fd].read():
                    sys.exit(f"a program ended:\n{by_fd[fd].text()}")
            if self.began is not None and now >= self.due:
                self.keep(now, caption)

    def keep(self, now, caption):
        self.due = now + 1 / FRAMES_A_SECOND
        screens = [terminal.cells() for terminal in self.terminals]
        if not self.frames or self.frames[-1][1:] != (caption, screens):
            self.frames.append((now - self.began, caption, screens))

    def close(self):
        for terminal in self.terminals:
            terminal.close()


def record(name, story, program):
    windows, top = [], 0
    for one in story["terminals"]:
        windows.append(Window(one["name"], COLUMNS, one["rows"], top))
        top += windows[-1].height + GAP
    player = Player(story, program)
    player.play(story["steps"])
    player.close()
    total = player.frames[-1][0] + story["rest"]
    text = drawn(story["title"], windows, player.frames, total)
    out = HERE / f"{name}.svg"
    out.write_text(text)
    print(f"{out}: {total:.1f} s, {len(player.frames)} frames, {len(text.encode()) // 1024} KB")


def main():
    stories = tomllib.loads((HERE / "stories.toml").read_text())
    options = argparse.ArgumentParser()
    options.add_argument("pictures", nargs="*", metavar="PICTURE", help=f"{', '.join(stories)}; all if none is named")
    options.add_argument("--program", default=str(ROOT / "target/release/switchover"))
    given = options.parse_args()
    for name in given.pictures or stories:
        record(name, stories[name], os.path.abspath(given.program))


if __name__ == "__main__":
    main()
