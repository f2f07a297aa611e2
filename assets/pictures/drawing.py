"""Frames of terminals to one moving SVG. Every frame paints over what changed, and stays until the story begins again."""

import base64
import html
import io
import re
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from terminal import GROUND, TEXT

# The letters, a cell, its baseline, the rim of a window, its title bar, and the gap between two windows, in pixels. At 100
# columns a picture is 828 pixels wide: what a README has room for, so that it is shown without scaling.
SIZE, WIDE, HIGH, BASE, EDGE, BAR, GAP = 13.333, 8, 17, 13, 14, 34, 10

FONTS = Path("/usr/share/fonts/truetype")
REGULAR, BOLD, ITALIC = (FONTS / f"jetbrains-mono/JetBrainsMono-{cut}.ttf" for cut in ("Regular", "Bold", "Italic"))
SPARE = FONTS / "dejavu/DejaVuSansMono.ttf"

# Lines are drawn, not written: glyphs would leave gaps between rows. Weight of the arm up, right, down, left.
LINES = {
    "─": (0, 1, 0, 1), "│": (1, 0, 1, 0), "┌": (0, 1, 1, 0), "┐": (0, 0, 1, 1), "└": (1, 1, 0, 0), "┘": (1, 0, 0, 1),
    "├": (1, 1, 1, 0), "┤": (1, 0, 1, 1), "┬": (0, 1, 1, 1), "┴": (1, 1, 0, 1), "┼": (1, 1, 1, 1), "━": (0, 3, 0, 3),
    "┃": (3, 0, 3, 0), "┏": (0, 3, 3, 0), "┓": (0, 0, 3, 3), "┗": (3, 3, 0, 0), "┛": (3, 0, 0, 3), "┣": (3, 3, 3, 0),
    "┫": (3, 0, 3, 3), "╭": (0, 1, 1, 0), "╮": (0, 0, 1, 1), "╰": (1, 1, 0, 0), "╯": (1, 0, 0, 1),
}  # fmt: skip
# Bars, too: the part of the cell that is filled, and how strongly.
BARS = {"█": 1.0, "░": 0.18, "▒": 0.4, "▓": 0.7}


class Window:
    """Where a terminal's window is."""

    def __init__(self, name, columns, rows, top):
        self.name, self.columns, self.rows, self.top = name, columns, rows, top
        self.width, self.height = columns * WIDE + 2 * EDGE, rows * HIGH + BAR + EDGE
        blank = (" ", TEXT, GROUND, False, False, False, False)
        self.blank = [[blank] * columns for _ in range(rows)]

    def frame(self):
        """Ground, buttons and title."""
        dots = "".join(
            f'<circle cx="{18 + 18 * i}" cy="17" r="5.5" fill="{c}"/>' for i, c in enumerate(("#ff5f57", "#febc2e", "#28c840"))
        )
        rim = f'x="0.5" y="0.5" width="{self.width - 1}" height="{self.height - 1}" rx="10"'
        ground = f'<rect {rim} fill="{GROUND}" stroke="#3b4261"/>'
        name = html.escape(self.name)
        return f'{ground}{dots}<text x="80" y="22" style="fill:#7f88b5;font-weight:700">{name}</text>'

    def badge(self, caption):
        """What is pressed, in the title bar."""
        length, right = len(caption) * WIDE, self.width - EDGE
        return (
            f'<rect x="{right - length - 20}" y="5" width="{length + 20}" height="24" rx="6" fill="#e0af68"/>'
            f'<text x="{right - length - 10}" y="22" textLength="{length}" style="fill:{GROUND};font-weight:700">'
            f"{html.escape(caption)}</text>"
        )


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


class Letters:
    """The characters that each font must have."""

    def __init__(self):
        self.used = {REGULAR: set(), BOLD: set(), ITALIC: set()}

    def add(self, rows):
        for row in rows:
            for text, _, _, bold, italic, *_ in row:
                self.used[ITALIC if italic else BOLD if bold else REGULAR].update(blanked(text))

    def css(self):
        faces, missing = [], set()
        for path, extra in ((REGULAR, ""), (BOLD, ";font-weight:700"), (ITALIC, ";font-style:italic")):
            rule, left = face(path, "J", self.used[path] - {" "}, extra)
            faces.append(rule)
            missing |= left
        return "".join([*faces, face(SPARE, "D", missing, "")[0]])


def face(path, family, characters, extra):
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


def changed(before, after):
    """For each row that differs, from which to which column; one more on both sides, into which a letter may reach."""
    for y, (old, new) in enumerate(zip(before, after)):
        columns = [x for x, (one, other) in enumerate(zip(old, new)) if one != other]
        if columns:
            yield y, max(columns[0] - 1, 0), min(columns[-1] + 2, len(new))


def runs(row, start, end):
    """Neighbours that look the same, as (column, columns, text, style)."""
    at = start
    while at < end:
        stop = at + 1
        while stop < end and row[stop][1:] == row[at][1:]:
            stop += 1
        yield at, stop - at, "".join(cell[0] for cell in row[at:stop]), row[at][1:]
        at = stop


def painted(row, y, start, end, styles):
    """One piece of one row: its grounds, then its text."""
    out = [f'<path class="g" fill="{GROUND}" d="{box(start, end, y)}"/>']
    for at, wide, text, (colour, ground, *style) in runs(row, start, end):
        if ground != GROUND:
            out.append(f'<path class="g" fill="{ground}" d="{box(at, at + wide, y)}"/>')
        lines = "".join(arms(at + i, y, c) for i, c in enumerate(text) if c in LINES)
        if lines:
            out.append(f'<path class="g" fill="{colour}" d="{joined(lines)}"/>')
        for bar in re.finditer(r"█+|░+|▒+|▓+", text):
            left, right = at + bar.start(), at + bar.end()
            out.append(f'<path class="g" fill="{colour}" opacity="{BARS[bar.group()[0]]}" d="{box(left, right, y, 3)}"/>')
        for word in re.finditer(r"\S+(?: \S+)*" if not (style[2] or style[3]) else r".+", blanked(text)):
            left, length = (at + word.start()) * WIDE, len(word.group()) * WIDE
            out.append(
                f'<text x="{left}" y="{y * HIGH + BASE}" textLength="{length}" class="{styles.of(colour, *style)}">'
                f"{html.escape(word.group(), quote=False)}</text>"
            )
    return "".join(out)


def blanked(text):
    return "".join(" " if c in LINES or c in BARS else c for c in text)


def arms(x, y, line):
    """The arms of one line character, each as a rectangle from the cell's middle to its edge."""
    up, right, down, left = LINES[line]
    x, y, half, middle = x * WIDE, y * HIGH, WIDE // 2, HIGH // 2
    out = ""
    if left:
        out += f"M{x} {y + middle - left // 2}h{half + 1 + left // 2}v{left}h-{half + 1 + left // 2}z"
    if right:
        out += f"M{x + half - right // 2} {y + middle - right // 2}h{WIDE - half + right // 2}v{right}h-{WIDE - half + right // 2}z"
    if up:
        out += f"M{x + half - up // 2} {y}h{up}v{middle + 1}h-{up}z"
    if down:
        out += f"M{x + half - down // 2} {y + middle}h{down}v{HIGH - middle}h-{down}z"
    return out


def joined(lines):
    """Straight lines that go on in the next cell become one rectangle."""
    whole = re.compile(r"M(\d+) (\d+)h(\d+)v(\d+)h-\3z")
    boxes = []
    for left, top, wide, high in (map(int, found.groups()) for found in whole.finditer(lines)):
        if boxes and boxes[-1][1] == top and boxes[-1][3] == high and left <= boxes[-1][0] + boxes[-1][2]:
            boxes[-1][2] = max(boxes[-1][2], left + wide - boxes[-1][0])
        else:
            boxes.append([left, top, wide, high])
    return "".join(f"M{left} {top}h{wide}v{high}h-{wide}z" for left, top, wide, high in boxes)


def box(start, end, y, rim=0):
    high = HIGH - 2 * rim
    return f"M{start * WIDE} {y * HIGH + rim}h{(end - start) * WIDE}v{high}h-{(end - start) * WIDE}z"


def drawn(title, windows, frames, total):
    """The picture. A frame is (seconds, (window, caption), the cells of each window); the last stays until `total`."""
    styles, letters, rules = Styles(), Letters(), []
    groups = [[] for _ in windows]
    before, captions = [window.blank for window in windows], []
    for number, (at, caption, screens) in enumerate(frames):
        percent = f"{100 * at / total:.2f}%"
        for i, rows in enumerate(screens):
            letters.add(rows)
            pieces = "".join(painted(rows[y], y, a, b, styles) for y, a, b in changed(before[i], rows))
            if not pieces:
                continue
            motion = f' class="m" style="animation-name:k{number}"' if number else ""
            groups[i].append(f"<g{motion}>{pieces}</g>")
        if number:
            rules.append(f"@keyframes k{number}{{0%{{visibility:hidden}}{percent},to{{visibility:visible}}}}")
        before = screens
        if not captions or captions[-1][1:] != caption:
            captions.append((percent, *caption))
    badges = ["" for _ in windows]
    for number, (begin, window, caption) in enumerate(captions):
        if not caption:
            continue
        letters.used[BOLD].update(caption)
        last = number + 1 == len(captions)
        end = "" if last else f"{captions[number + 1][0]}{{visibility:hidden}}"
        rules.append(f"@keyframes c{number}{{0%{{visibility:hidden}}{begin}{{visibility:visible}}{end}}}")
        kind = "m" if last else "m c"
        badges[window] += f'<g class="{kind}" style="animation-name:c{number}">{windows[window].badge(caption)}</g>'
    body = ""
    for window, group, badge in zip(windows, groups, badges):
        letters.used[BOLD].update(window.name)
        body += f'<g transform="translate(0 {window.top})">{window.frame()}{badge}'
        body += f'<g transform="translate({EDGE} {BAR})">{"".join(group)}</g></g>'
    width, height = max(w.width for w in windows), windows[-1].top + windows[-1].height
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">'
        f"<title>{html.escape(title)}</title><style>{letters.css()}"
        f"text{{font:{SIZE}px J,D,ui-monospace,Menlo,Consolas,monospace;white-space:pre;font-variant-ligatures:none}}"
        f".g{{shape-rendering:crispEdges}}.m{{animation:{total:.2f}s step-end infinite}}"
        f"{styles.css()}{''.join(rules)}"
        "@media(prefers-reduced-motion:reduce){.m{animation:none}.c{display:none}}"
        f"</style>{body}</svg>\n"
    )
