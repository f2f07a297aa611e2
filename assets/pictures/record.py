#!/usr/bin/env python3
"""Records the playground as a person sees it: a real run in a terminal of its own, as one moving SVG.

    cargo build --release
    apt-get install fonts-jetbrains-mono fonts-dejavu-core
    python3 -m venv venv && venv/bin/pip install pyte fonttools brotli
    venv/bin/python assets/pictures/record.py [--program PATH] [--out FILE.svg] [--still SECONDS]

Writes assets/pictures/playground.svg, and takes as long as the picture plays. There is no network and no key in it:
the built-in simulator answers, at its usual pace. STORY says what is pressed and what must be on the screen before the
next key; a story that does not come true ends with exit code 1 and the screen as it was. `--still` draws one moment
without motion, for a look with any viewer. The fonts' used glyphs are put into the file, so it looks the same everywhere.
"""
import argparse
import base64
import fcntl
import html
import io
import os
import pty
import re
import select
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path

import pyte
from fontTools import subset
from fontTools.ttLib import TTFont

HERE = Path(__file__).resolve().parent
COLUMNS, ROWS, FRAMES_A_SECOND = 120, 32, 12
SIZE, WIDE, HIGH, EDGE, BAR = 15, 9, 20, 14, 36

# What is typed, what the viewer is told meanwhile, what must then be on the screen, and how long it is left there.
STORY = [
    ("", "", r"Enter send", 0.8),
    ("What is DSPy?", "type a question", r"What is DSPy\?", 0.5),
    ("\r", "Enter", r"answered", 1.6),
    ("\x1bOS", "F4 · break a model", r"cut:75%", 1.3),
    ("c", "c · cut the stream", r"cut:75%", 1.0),
    ("\r", "Enter · ask again", r"#2", 0.0),
    ("", "the next model takes over", r"■[^\n]*answered", 4.5),
]

FONTS = Path("/usr/share/fonts/truetype")
REGULAR, BOLD, ITALIC = (FONTS / f"jetbrains-mono/JetBrainsMono-{cut}.ttf" for cut in ("Regular", "Bold", "Italic"))
SPARE = FONTS / "dejavu/DejaVuSansMono.ttf"

GROUND, TEXT = "#16161e", "#c0caf5"
COLOURS = {
    "default": TEXT, "black": "#15161e", "red": "#f7768e", "green": "#9ece6a", "brown": "#e0af68", "blue": "#7aa2f7",
    "magenta": "#bb9af7", "cyan": "#7dcfff", "white": "#a9b1d6", "brightblack": "#737aa2", "brightred": "#ff899d",
    "brightgreen": "#9fe044", "brightbrown": "#faba4a", "brightblue": "#8db0ff", "brightmagenta": "#c7a9ff",
    "brightcyan": "#a4daff", "brightwhite": "#ffffff",
}  # fmt: skip
# pyte turns colours 0 to 15 of 256 into its own shades; they are the theme's.
NUMBERED = dict(zip(pyte.graphics.FG_BG_256, [*COLOURS.values()][1:]))

# Lines are drawn, not written: glyphs would leave gaps between rows. Weight of the arm up, right, down, left.
LINES = {
    "─": (0, 1, 0, 1), "│": (1, 0, 1, 0), "┌": (0, 1, 1, 0), "┐": (0, 0, 1, 1), "└": (1, 1, 0, 0), "┘": (1, 0, 0, 1),
    "├": (1, 1, 1, 0), "┤": (1, 0, 1, 1), "┬": (0, 1, 1, 1), "┴": (1, 1, 0, 1), "┼": (1, 1, 1, 1), "━": (0, 3, 0, 3),
    "┃": (3, 0, 3, 0), "┏": (0, 3, 3, 0), "┓": (0, 0, 3, 3), "┗": (3, 3, 0, 0), "┛": (3, 0, 0, 3), "┣": (3, 3, 3, 0),
    "┫": (3, 0, 3, 3), "╭": (0, 1, 1, 0), "╮": (0, 0, 1, 1), "╰": (1, 1, 0, 0), "╯": (1, 0, 0, 1),
}  # fmt: skip


class Screen(pyte.Screen):
    """A screen that knows dim text, which pyte does not: it is kept where pyte keeps the blinking."""

    def select_graphic_rendition(self, *attributes, private=False):
        given, plain = list(attributes), []
        while given:
            one = given.pop(0)
            if one in (38, 48):
                rest = 2 if given[:1] == [5] else 4
                plain += [one, *given[:rest]]
                del given[:rest]
            else:
                plain += {2: [5], 22: [22, 25]}.get(one, [one])
        super().select_graphic_rendition(*plain)


def play(program):
    """Plays the story. Yields (seconds, caption, rows of cells) whenever the picture changed."""
    home = tempfile.mkdtemp()
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(home)
        os.execve(program, [program], {"TERM": "xterm-256color", "HOME": home, "LANG": "C.UTF-8", "PATH": os.environ["PATH"]})
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    screen = Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    began, last = time.monotonic(), None

    def watch(caption, enough):
        nonlocal last
        due = 0.0
        while True:
            if select.select([terminal], [], [], 0.005)[0]:
                stream.feed(os.read(terminal, 65536))
            now = time.monotonic()
            if now >= due:
                due = now + 1 / FRAMES_A_SECOND
                picture = (caption, cells(screen))
                if picture != last:
                    last = picture
                    yield now - began, *picture
                if enough(now):
                    return

    for keys, caption, wanted, hold in STORY:
        for key in keys if keys.isprintable() else [keys]:
            os.write(terminal, key.encode())
            until = time.monotonic() + 0.07
            yield from watch(caption, lambda now: now >= until)
        late, seen = time.monotonic() + 30, None

        def enough(now):
            nonlocal seen
            if seen is None and re.search(wanted, "\n".join(screen.display)):
                seen = now
            if seen is None and now > late:
                sys.exit(f"{wanted!r} never came:\n" + "\n".join(screen.display))
            return seen is not None and now >= seen + hold

        yield from watch(caption, enough)
    yield time.monotonic() - began, *last
    os.write(terminal, b"\x11")
    os.close(terminal)
    os.waitpid(pid, 0)


def cells(screen):
    """The screen as rows of (text, colour, ground, bold, italic, underlined, struck)."""
    rows = []
    for y in range(ROWS):
        row = []
        for x in range(COLUMNS):
            cell = screen.buffer[y][x]
            colour, ground = hue(cell.fg, TEXT), hue(cell.bg, GROUND)
            if cell.blink:
                colour = mixed(colour, ground)
            if cell.reverse != (not screen.cursor.hidden and (screen.cursor.x, screen.cursor.y) == (x, y)):
                colour, ground = ground, colour
            row.append((cell.data, colour, ground, cell.bold, cell.italics, cell.underscore, cell.strikethrough))
        rows.append(row)
    return rows


def hue(name, otherwise):
    if name == "default":
        return otherwise
    return COLOURS.get(name) or NUMBERED.get(name) or f"#{name}"


def mixed(colour, ground):
    """Dim: two thirds of the colour, one of the ground."""
    pairs = zip(bytes.fromhex(colour[1:]), bytes.fromhex(ground[1:]))
    return "#" + "".join(f"{(2 * a + b) // 3:02x}" for a, b in pairs)


def changed(before, after):
    """For each row that differs, the first and the last column that does."""
    for y, (old, new) in enumerate(zip(before, after)):
        columns = [x for x in range(COLUMNS) if old[x] != new[x]]
        if columns:
            yield y, columns[0], columns[-1] + 1


def runs(row, start, end):
    """Neighbours that look the same, as (column, columns, text, style)."""
    at = start
    while at < end:
        stop = at + 1
        while stop < end and row[stop][1:] == row[at][1:]:
            stop += 1
        yield at, stop - at, "".join(cell[0] for cell in row[at:stop]), row[at][1:]
        at = stop


class Styles:
    """Short class names for what text may look like."""

    def __init__(self):
        self.names = {}

    def of(self, colour, bold, italic, underlined, struck):
        lines = " ".join(word for word, on in (("underline", underlined), ("line-through", struck)) if on)
        rule = f"fill:{colour}" + ";font-weight:700" * bold + ";font-style:italic" * italic
        rule += f";text-decoration:{lines}" if lines else ""
        return self.names.setdefault(rule, f"s{len(self.names)}")

    def css(self):
        return "".join(f".{name}{{{rule}}}" for rule, name in self.names.items())


def painted(row, y, start, end, styles):
    """One piece of one row: its grounds, then its text."""
    out = [f'<path fill="{GROUND}" d="{box(start, end, y)}"/>']
    for at, wide, text, (colour, ground, *style) in runs(row, start, end):
        if ground != GROUND:
            out.append(f'<path fill="{ground}" d="{box(at, at + wide, y)}"/>')
        lines = "".join(arms(at + i, y, c) for i, c in enumerate(text) if c in LINES)
        if lines:
            out.append(f'<path fill="{colour}" d="{joined(lines)}"/>')
        for word in re.finditer(r"\S+(?: \S+)*" if not (style[2] or style[3]) else r".+", blanked(text)):
            left, length = (at + word.start()) * WIDE, len(word.group()) * WIDE
            out.append(
                f'<text x="{left}" y="{y * HIGH + 15}" textLength="{length}" class="{styles.of(colour, *style)}">'
                f"{html.escape(word.group(), quote=False)}</text>"
            )
    return "".join(out)


def blanked(text):
    return "".join(" " if c in LINES else c for c in text)


def arms(x, y, line):
    """The arms of one line character, each as a rectangle from the cell's middle to its edge."""
    up, right, down, left = LINES[line]
    centre, middle, out = x * WIDE + WIDE // 2, y * HIGH + HIGH // 2, ""
    if left:
        out += f"M{x * WIDE} {middle - left // 2}h{WIDE // 2 + 1 + left // 2}v{left}h-{WIDE // 2 + 1 + left // 2}z"
    if right:
        out += f"M{centre - right // 2} {middle - right // 2}h{WIDE - WIDE // 2 + right // 2}v{right}h-{WIDE - WIDE // 2 + right // 2}z"
    if up:
        out += f"M{centre - up // 2} {y * HIGH}h{up}v{HIGH // 2 + 1}h-{up}z"
    if down:
        out += f"M{centre - down // 2} {middle}h{down}v{HIGH // 2}h-{down}z"
    return out


def joined(lines):
    """Straight lines that go on in the next cell become one rectangle."""
    whole = re.compile(rf"M(\d+) (\d+)h(\d+)v(\d+)h-\3z")
    boxes = []
    for left, top, wide, high in (map(int, found.groups()) for found in whole.finditer(lines)):
        if boxes and boxes[-1][1] == top and boxes[-1][3] == high and left <= boxes[-1][0] + boxes[-1][2]:
            boxes[-1][2] = max(boxes[-1][2], left + wide - boxes[-1][0])
        else:
            boxes.append([left, top, wide, high])
    return "".join(f"M{left} {top}h{wide}v{high}h-{wide}z" for left, top, wide, high in boxes)


def box(start, end, y):
    return f"M{start * WIDE} {y * HIGH}h{(end - start) * WIDE}v{HIGH}h-{(end - start) * WIDE}z"


def face(path, family, characters, extra=""):
    """The font's glyphs for these characters, as a CSS rule, and those it does not have."""
    font = TTFont(path)
    known = font.getBestCmap().keys()
    here = sorted(c for c in characters if ord(c) in known)
    if not here:
        return "", characters
    options = subset.Options(flavor="woff2", layout_features=[], hinting=False, notdef_outline=True)
    options.drop_tables += ["FFTM"]
    work = subset.Subsetter(options)
    work.populate(text="".join(here))
    work.subset(font)
    font.flavor = "woff2"
    out = io.BytesIO()
    font.save(out)
    data = base64.b64encode(out.getvalue()).decode()
    rule = f"@font-face{{font-family:{family};src:url(data:font/woff2;base64,{data})format('woff2'){extra}}}"
    return rule, characters - set(here)


def drawn(frames, still):
    """The whole picture. Every frame paints over what changed, and stays until the story begins again."""
    blank = [[(" ", TEXT, GROUND, False, False, False, False)] * COLUMNS for _ in range(ROWS)]
    total, styles, groups, rules, captions = frames[-1][0], Styles(), [], [], []
    used, before, told = {False: set(), True: set(), "italic": set()}, blank, ""
    for number, (at, caption, rows) in enumerate(frames):
        if still is not None and at > still:
            break
        for row in rows:
            for cell in row:
                used["italic" if cell[4] else cell[3]].update(blanked(cell[0]))
        pieces = "".join(painted(rows[y], y, a, b, styles) for y, a, b in changed(before, rows))
        before = rows
        percent = 100 * at / total
        if pieces:
            moving = number > 0 and still is None
            motion = f' class="m" style="animation-name:k{number}"' if moving else ""
            groups.append(f"<g{motion}>{pieces}</g>")
            if moving:
                rules.append(f"@keyframes k{number}{{0%{{visibility:hidden}}{percent:.2f}%,to{{visibility:visible}}}}")
        if caption != told:
            told = caption
            captions.append((percent, caption))
    for number, (begin, caption) in enumerate(captions):
        if not caption or still is not None and number + 1 < len(captions):
            continue
        end = captions[number + 1][0] if number + 1 < len(captions) else 100
        used[True].update(caption)
        moving = "" if still is not None else f' class="c" style="animation-name:c{number}"'
        rules.append(f"@keyframes c{number}{{0%{{visibility:hidden}}{begin:.2f}%{{visibility:visible}}{end:.2f}%{{visibility:hidden}}}}")
        length = len(caption) * WIDE
        right = COLUMNS * WIDE
        groups.append(
            f'<g{moving}><rect x="{right - length - 20}" y="-{BAR - 5}" width="{length + 20}" height="24" rx="6" fill="#e0af68"/>'
            f'<text x="{right - length - 10}" y="-14" textLength="{length}" style="fill:{GROUND};font-weight:700">{html.escape(caption)}</text></g>'
        )
    title = "switchover"
    used[True].update(title)
    faces, missing = [], set()
    for path, characters, extra in ((REGULAR, used[False], ""), (BOLD, used[True], ";font-weight:700"), (ITALIC, used["italic"], ";font-style:italic")):
        rule, left = face(path, "J", characters - {" "}, extra)
        faces.append(rule)
        missing |= left
    faces.append(face(SPARE, "D", missing)[0])
    width, height = COLUMNS * WIDE + 2 * EDGE, ROWS * HIGH + BAR + EDGE
    dots = "".join(f'<circle cx="{18 + 18 * i}" cy="17" r="5.5" fill="{c}"/>' for i, c in enumerate(("#ff5f57", "#febc2e", "#28c840")))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" role="img">'
        "<title>A question is asked; the first model is broken with a key; its stream is cut, and the next model answers.</title>"
        f"<style>{''.join(faces)}"
        f"text{{font:{SIZE}px J,D,ui-monospace,Menlo,Consolas,monospace;white-space:pre;font-variant-ligatures:none}}"
        f".m,.c{{animation:{total:.2f}s step-end infinite}}"
        f"{styles.css()}{''.join(rules)}"
        "@media(prefers-reduced-motion:reduce){.m{animation:none}.c{display:none}}"
        f'</style><rect width="{width:.0f}" height="{height:.0f}" rx="10" fill="{GROUND}"/>{dots}'
        f'<text x="{width / 2 - 42:.0f}" y="22" style="fill:#737aa2;font-weight:700">{title}</text>'
        f'<g transform="translate({EDGE} {BAR})">{"".join(groups)}</g></svg>\n'
    )


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--program", default=str(HERE.parents[1] / "target/release/switchover"))
    options.add_argument("--out", default=str(HERE / "playground.svg"))
    options.add_argument("--still", type=float, help="only this moment, in seconds from the start")
    given = options.parse_args()
    frames = list(play(os.path.abspath(given.program)))
    text = drawn(frames, given.still)
    Path(given.out).write_text(text)
    print(f"{given.out}: {frames[-1][0]:.1f} s, {len(frames)} pictures, {len(text.encode()) // 1024} KB")


if __name__ == "__main__":
    main()
