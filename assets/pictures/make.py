#!/usr/bin/env python3
"""Plays the playground in a terminal of its own and draws what it shows: assets/demo.gif.

Needs a built program, `pip install pyte pillow`, and the font DejaVu Sans Mono.
    python3 assets/pictures/make.py [PROGRAM] [OUT.gif]
The keys stand in KEYS: seconds to wait, then what is typed. No network and no key is used.
"""
import fcntl, os, pty, select, struct, sys, tempfile, termios, time
from pathlib import Path

import pyte
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parents[2]
COLUMNS, ROWS, FPS, SIZE = 110, 28, 8, 13
KEYS = [(1.2, "What is DSPy?"), (0.8, "\r"), (4.0, "\x1bOS"), (1.2, "c"), (1.0, "\r"), (9.0, "")]
FONTS = Path("/usr/share/fonts/truetype/dejavu")
COLOURS = {
    "default": "#c0caf5", "black": "#15161e", "red": "#f7768e", "green": "#9ece6a", "brown": "#e0af68",
    "blue": "#7aa2f7", "magenta": "#bb9af7", "cyan": "#7dcfff", "white": "#a9b1d6", "brightblack": "#737aa2",
    "brightred": "#ff899d", "brightgreen": "#9fe044", "brightbrown": "#faba4a", "brightblue": "#8db0ff",
    "brightmagenta": "#c7a9ff", "brightcyan": "#a4daff", "brightwhite": "#ffffff",
}
BACKGROUND = "#16161e"


def frames(program):
    """The screen, FPS times a second, while the keys are pressed."""
    home = tempfile.mkdtemp()
    pid, terminal = pty.fork()
    if pid == 0:
        for name in [name for name in os.environ if name.startswith(("OPENROUTER", "SWITCHOVER", "XDG_", "NO_COLOR"))]:
            del os.environ[name]
        os.environ.update(TERM="xterm-256color", HOME=home)
        os.chdir(home)
        os.execv(program, [program])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    keys, begun, due = list(KEYS), time.time(), 0.0
    press = begun + keys[0][0]
    while keys:
        if select.select([terminal], [], [], 0.01)[0]:
            stream.feed(os.read(terminal, 65536))
        if time.time() >= press:
            # A text is typed, a key's sequence comes in one piece.
            text = keys.pop(0)[1]
            pieces = text if text.isprintable() else [text]
            for piece in pieces:
                os.write(terminal, piece.encode())
            press = time.time() + (keys[0][0] if keys else 0)
        if time.time() - begun >= due:
            due += 1 / FPS
            yield draw(screen)
    os.write(terminal, b"\x11\r")


REGULAR, BOLD = (ImageFont.truetype(str(FONTS / f"DejaVuSansMono{w}.ttf"), SIZE) for w in ("", "-Bold"))
WIDTH, HEIGHT = round(REGULAR.getlength("M")), SIZE + 4


def draw(screen):
    """A picture of the screen."""
    picture = Image.new("RGB", (COLUMNS * WIDTH + 16, ROWS * HEIGHT + 16), BACKGROUND)
    pen = ImageDraw.Draw(picture)
    for row in range(ROWS):
        for column in range(COLUMNS):
            cell = screen.buffer[row][column]
            colour = COLOURS.get(cell.fg, "#" + cell.fg if len(cell.fg) == 6 else COLOURS["default"])
            ground = BACKGROUND if cell.bg == "default" else COLOURS.get(cell.bg, "#" + cell.bg)
            if cell.reverse:
                colour, ground = ground, colour
            x, y = 8 + column * WIDTH, 8 + row * HEIGHT
            if ground != BACKGROUND:
                pen.rectangle((x, y, x + WIDTH - 1, y + HEIGHT - 1), fill=ground)
            if cell.data.strip():
                pen.text((x, y + 1), cell.data, font=BOLD if cell.bold else REGULAR, fill=colour)
            if cell.strikethrough:
                pen.line((x, y + HEIGHT // 2, x + WIDTH, y + HEIGHT // 2), fill=colour)
    return picture


def main():
    built = next((p for p in (ROOT / "target/release/switchover", ROOT / "target/debug/switchover") if p.exists()), None)
    program = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else str(built)
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "assets/demo.gif"
    pictures, times = [], []
    for picture in frames(program):
        if pictures and pictures[-1].tobytes() == picture.tobytes():
            times[-1] += 1000 // FPS
        else:
            pictures.append(picture)
            times.append(1000 // FPS)
    times[-1] += 2500
    palette = pictures[-1].quantize(32)
    small = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    small[0].save(out, save_all=True, append_images=small[1:], duration=times, loop=0, optimize=True)
    print(f"{out}: {len(small)} pictures, {out.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
