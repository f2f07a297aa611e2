"""A program in a terminal of its own, and what that terminal shows."""

import fcntl
import os
import pty
import signal
import struct
import termios

import pyte

GROUND, TEXT = "#16161e", "#c0caf5"
COLOURS = {
    "default": TEXT, "black": "#15161e", "red": "#f7768e", "green": "#9ece6a", "brown": "#e0af68", "blue": "#7aa2f7",
    "magenta": "#bb9af7", "cyan": "#7dcfff", "white": "#a9b1d6", "brightblack": "#7f88b5", "brightred": "#ff899d",
    "brightgreen": "#9fe044", "brightbrown": "#faba4a", "brightblue": "#8db0ff", "brightmagenta": "#c7a9ff",
    "brightcyan": "#a4daff", "brightwhite": "#ffffff",
}  # fmt: skip
# pyte turns colours 0 to 15 of 256 into its own shades; they are the theme's.
NUMBERED = dict(zip(pyte.graphics.FG_BG_256, [*COLOURS.values()][1:]))
# Between these two, a frame is not complete.
FRAME, DONE = b"\x1b[?2026h", b"\x1b[?2026l"


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


class Terminal:
    """Runs a command until `close`. `fd` can be read whenever the program has written."""

    def __init__(self, command, columns, rows, folder, environment):
        self.columns, self.rows = columns, rows
        self.screen = Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.held = b""
        size = struct.pack("HHHH", rows, columns, 0, 0)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, size)
            os.chdir(folder)
            os.execvpe(command[0], command, environment)

    def read(self):
        """Takes what the program wrote. A frame is shown only when all of it has come."""
        try:
            self.held += os.read(self.fd, 65536)
        except OSError:  # The program has ended.
            return False
        begun = self.held.rfind(FRAME)
        whole = begun if begun > self.held.rfind(DONE) else len(self.held)
        self.stream.feed(self.held[:whole])
        self.held = self.held[whole:]
        return True

    def type(self, key):
        os.write(self.fd, key.encode())

    def text(self):
        return "\n".join(self.screen.display)

    def close(self):
        os.kill(self.pid, signal.SIGHUP)
        os.close(self.fd)
        os.waitpid(self.pid, 0)

    def cells(self):
        """The screen as rows of (text, colour, ground, bold, italic, underlined, struck)."""
        cursor = self.screen.cursor
        at = None if cursor.hidden else (cursor.x, cursor.y)
        return [[self.cell(x, y, (x, y) == at) for x in range(self.columns)] for y in range(self.rows)]

    def cell(self, x, y, under_cursor):
        cell = self.screen.buffer[y][x]
        colour, ground = hue(cell.fg, TEXT), hue(cell.bg, GROUND)
        if cell.blink:
            colour = mixed(colour, ground)
        if cell.reverse != under_cursor:
            colour, ground = ground, colour
        return cell.data, colour, ground, cell.bold, cell.italics, cell.underscore, cell.strikethrough


def hue(name, otherwise):
    if name == "default":
        return otherwise
    return COLOURS.get(name) or NUMBERED.get(name) or f"#{name}"


def mixed(colour, ground):
    """Dim: three quarters of the colour, one of the ground."""
    pairs = zip(bytes.fromhex(colour[1:]), bytes.fromhex(ground[1:]))
    return "#" + "".join(f"{(3 * a + b) // 4:02x}" for a, b in pairs)
