//! Vim keys for one editor: a state machine over a text and a place in it. Knows modes, counts,
//! operators and motions; must not know what the text is for, nor how it is drawn.

mod motion;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use motion::{Move, Reach};

/// A text with the cursor's place, in characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// The characters, line feeds among them.
    pub chars: Vec<char>,
    /// The place of the cursor.
    pub at: usize,
}

/// What keys mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// They type: an empty prompt is there to be typed in.
    #[default]
    Insert,
    /// They are commands.
    Normal,
    /// They move the end of what is chosen; it began here.
    Visual(usize),
}

impl Mode {
    /// Its name, for the prompt's title.
    pub fn name(self) -> &'static str {
        match self {
            Self::Insert => "INSERT",
            Self::Normal => "NORMAL",
            Self::Visual(_) => "VISUAL",
        }
    }
}

/// The state between two keys.
#[derive(Clone, Debug, Default)]
pub struct Vim {
    /// What keys mean now.
    pub mode: Mode,
    pending: Pending,
    /// What was deleted or copied last, and whether it was whole lines.
    register: (Vec<char>, bool),
    /// The column that `j` and `k` would like to be in.
    column: Option<usize>,
}

/// A command that is not whole yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Pending {
    count: Option<usize>,
    /// `d`, `c` or `y`, with the count before it.
    operator: Option<(char, usize)>,
    /// A key that wants one more: `g`, `r`, `f`, `t`, `i` and their like.
    half: Option<char>,
}

/// What `u` and Ctrl+R go through.
#[derive(Clone, Debug, Default)]
pub struct Past {
    undo: Vec<Text>,
    redo: Vec<Text>,
}

/// Changes that are remembered.
const REMEMBERED: usize = 200;
/// A count is no more than this: nobody writes such a text by hand.
const MOST: usize = 1000;
/// Characters that one command may put.
const PUT: usize = 1_000_000;

impl Past {
    /// A change is about to begin.
    fn keep(&mut self, text: &Text) {
        if self.undo.last().is_none_or(|last| last.chars != text.chars) {
            self.undo.push(text.clone());
            if self.undo.len() > REMEMBERED {
                self.undo.remove(0);
            }
        }
        self.redo.clear();
    }
}

impl Vim {
    /// Whether a key is vim's own now; others mean what they mean without it.
    pub fn wants(&self, key: KeyEvent) -> bool {
        let plain = (key.modifiers - KeyModifiers::SHIFT).is_empty();
        let resting = self.mode == Mode::Normal && self.pending == Pending::default();
        match key.code {
            KeyCode::Esc => !resting,
            _ if self.mode == Mode::Insert => false,
            KeyCode::Char('r') if key.modifiers == KeyModifiers::CONTROL => true,
            KeyCode::Char(_) | KeyCode::Backspace | KeyCode::Delete => plain,
            KeyCode::Left | KeyCode::Right | KeyCode::Up | KeyCode::Down | KeyCode::Home | KeyCode::End => {
                plain && !resting
            }
            _ => false,
        }
    }

    /// Takes a key that it wants.
    pub fn key(&mut self, key: KeyEvent, text: &mut Text, past: &mut Past) {
        let c = match key.code {
            KeyCode::Esc => return self.escape(text),
            KeyCode::Char(_) if key.modifiers == KeyModifiers::CONTROL => '\u{12}',
            KeyCode::Char(' ') | KeyCode::Right => 'l',
            KeyCode::Char(c) => c,
            KeyCode::Backspace | KeyCode::Left => 'h',
            KeyCode::Delete => 'x',
            KeyCode::Up => 'k',
            KeyCode::Down => 'j',
            KeyCode::Home => '0',
            _ => '$',
        };
        self.command(c, text, past);
        if self.mode != Mode::Insert {
            text.stay_on_a_character();
        }
    }

    /// Back to normal mode, from wherever.
    fn escape(&mut self, text: &mut Text) {
        if self.mode == Mode::Insert && text.at > text.line_start(text.at) {
            text.at -= 1;
        }
        self.mode = Mode::Normal;
        self.pending = Pending::default();
        text.stay_on_a_character();
    }

    fn command(&mut self, c: char, text: &mut Text, past: &mut Past) {
        if let Some(half) = self.pending.half.take() {
            return self.second(half, c, text, past);
        }
        let visual = matches!(self.mode, Mode::Visual(_));
        match (c, c.to_digit(10)) {
            (_, Some(digit)) if digit > 0 || self.pending.count.is_some() => {
                let count = self.pending.count.unwrap_or(0) * 10 + digit as usize;
                self.pending.count = Some(count.min(MOST));
            }
            ('g' | 'f' | 'F' | 't' | 'T', _) => self.pending.half = Some(c),
            ('r', _) if self.pending.operator.is_none() => self.pending.half = Some(c),
            ('i' | 'a', _) if visual || self.pending.operator.is_some() => self.pending.half = Some(c),
            ('d' | 'c' | 'y' | 'x' | 's', _) if visual => self.on_what_is_chosen(c, text, past),
            ('d' | 'c' | 'y', _) => self.operator(c, text, past),
            _ => match self.moved(c, None, text) {
                Some(to) => self.go(to, text, past),
                None if self.pending.operator.is_some() => self.pending = Pending::default(),
                None => self.change(c, text, past),
            },
        }
    }

    /// The second key of a command of two.
    fn second(&mut self, half: char, c: char, text: &mut Text, past: &mut Past) {
        match half {
            'r' => {
                let end = text.line_end(text.at).min(text.at + self.count());
                if end > text.at {
                    past.keep(text);
                    let from = text.at;
                    text.chars[from..end].fill(c);
                    text.at = end - 1;
                }
                self.pending = Pending::default();
            }
            'i' | 'a' => match text.word(half == 'a').filter(|_| c == 'w') {
                Some((from, to)) if matches!(self.mode, Mode::Visual(_)) => {
                    self.mode = Mode::Visual(from);
                    text.at = to - 1;
                    self.pending = Pending::default();
                }
                Some((from, to)) => {
                    let operator = self.pending.operator.map_or('y', |(operator, _)| operator);
                    self.operate(operator, (from, to), false, text, past);
                }
                None => self.pending = Pending::default(),
            },
            'g' if c != 'g' => self.pending = Pending::default(),
            _ => match self.moved(half, Some(c), text) {
                Some(to) => self.go(to, text, past),
                None => self.pending = Pending::default(),
            },
        }
    }

    /// The count that was typed, both of them multiplied, or one.
    fn count(&self) -> usize {
        let before = self.pending.operator.map_or(1, |(_, count)| count);
        (before * self.pending.count.unwrap_or(1)).min(MOST)
    }

    fn moved(&mut self, c: char, letter: Option<char>, text: &Text) -> Option<Move> {
        let counted = self.pending.count.is_some() || self.pending.operator.is_some_and(|(_, count)| count > 1);
        let column = self.column.take();
        if matches!(c, 'j' | 'k') {
            self.column = Some(column.unwrap_or(text.at - text.line_start(text.at)));
        }
        text.moved(c, letter, counted.then_some(self.count()), self.column)
    }

    /// A motion: alone it moves, after an operator it says how far that reaches.
    fn go(&mut self, to: Move, text: &mut Text, past: &mut Past) {
        let Some((operator, _)) = self.pending.operator else {
            text.at = to.to;
            self.pending = Pending::default();
            return;
        };
        let (from, mut end) = (text.at.min(to.to), text.at.max(to.to));
        match to.reach {
            Reach::Lines => {
                let lines = (text.line_start(from), text.line_end(end));
                return self.operate(operator, lines, true, text, past);
            }
            Reach::Inclusive => end = (end + 1).min(text.chars.len()),
            Reach::Word if operator == 'c' => end = text.without_spaces(from, end),
            Reach::Word => end = text.within_the_line(from, end),
            Reach::Exclusive => {}
        }
        self.operate(operator, (from, end), false, text, past);
    }

    fn operator(&mut self, c: char, text: &mut Text, past: &mut Past) {
        match self.pending.operator {
            None => {
                self.pending.operator = Some((c, self.pending.count.take().unwrap_or(1)));
            }
            Some((other, _)) if other == c => {
                let last = text.lines_down(text.at, self.count() - 1);
                let lines = (text.line_start(text.at), text.line_end(last));
                self.operate(c, lines, true, text, past);
            }
            Some(_) => self.pending = Pending::default(),
        }
    }

    fn on_what_is_chosen(&mut self, c: char, text: &mut Text, past: &mut Past) {
        let Mode::Visual(anchor) = self.mode else { return };
        let (from, last) = (anchor.min(text.at), anchor.max(text.at));
        let operator = match c {
            'x' => 'd',
            's' => 'c',
            other => other,
        };
        self.mode = Mode::Normal;
        self.operate(operator, (from, (last + 1).min(text.chars.len())), false, text, past);
    }

    /// Copies, and but for `y` deletes; `c` types in its place.
    fn operate(&mut self, operator: char, (from, to): (usize, usize), lines: bool, text: &mut Text, past: &mut Past) {
        self.pending = Pending::default();
        self.register = (text.chars[from..to].to_vec(), lines);
        if operator == 'y' {
            text.at = if lines { text.at } else { from };
            return;
        }
        past.keep(text);
        let (mut from, mut to) = (from, to);
        if lines && operator == 'd' {
            // The line feed goes with its line: the one behind, or at the end of the text the one before.
            if to < text.chars.len() {
                to += 1;
            } else {
                from = from.saturating_sub(1);
            }
        }
        text.chars.drain(from..to);
        text.at = from.min(text.chars.len());
        if operator == 'c' {
            self.mode = Mode::Insert;
        } else if lines {
            text.at = text.first_letter(text.at);
        }
    }

    /// Commands that are neither motions nor operators.
    fn change(&mut self, c: char, text: &mut Text, past: &mut Past) {
        let count = self.count();
        self.pending = Pending::default();
        let (start, end) = (text.line_start(text.at), text.line_end(text.at));
        if matches!(c, 'i' | 'a' | 'I' | 'A' | 'o' | 'O') {
            past.keep(text);
            self.mode = Mode::Insert;
        }
        match c {
            'a' => text.at = (text.at + 1).min(end),
            'I' => text.at = text.first_letter(text.at),
            'A' => text.at = end,
            'o' => text.insert(end, &['\n'], end + 1),
            'O' => text.insert(start, &['\n'], start),
            'x' => self.operate('d', (text.at, end.min(text.at + count)), false, text, past),
            'X' => self.operate('d', (start.max(text.at.saturating_sub(count)), text.at), false, text, past),
            's' => self.operate('c', (text.at, end.min(text.at + count)), false, text, past),
            'S' => self.operate('c', (start, end), true, text, past),
            'D' => self.operate('d', (text.at, end), false, text, past),
            'C' => self.operate('c', (text.at, end), false, text, past),
            'Y' => self.operate('y', (start, end), true, text, past),
            'J' if end < text.chars.len() => {
                past.keep(text);
                let next = text.first_letter(end + 1);
                text.chars.splice(end..next, [' ']);
                text.at = end;
            }
            'p' | 'P' => self.put(c == 'p', count, text, past),
            'v' if matches!(self.mode, Mode::Visual(_)) => self.mode = Mode::Normal,
            'v' => self.mode = Mode::Visual(text.at),
            'u' => (0..count).for_each(|_| travel(&mut past.undo, &mut past.redo, text)),
            '\u{12}' => (0..count).for_each(|_| travel(&mut past.redo, &mut past.undo, text)),
            _ => {}
        }
    }

    /// Puts what was copied behind the cursor, or before it; whole lines below or above.
    fn put(&mut self, behind: bool, count: usize, text: &mut Text, past: &mut Past) {
        let (copied, lines) = &self.register;
        if copied.is_empty() && !lines || copied.len() * count > PUT {
            return;
        }
        past.keep(text);
        let (start, end) = (text.line_start(text.at), text.line_end(text.at));
        match (lines, behind) {
            (true, true) => {
                let piece = [&['\n'], copied.as_slice()].concat().repeat(count);
                text.insert(end, &piece, end + 1);
            }
            (true, false) => {
                let piece = [copied.as_slice(), &['\n']].concat().repeat(count);
                text.insert(start, &piece, start);
            }
            (false, _) => {
                let place = if behind { (text.at + 1).min(end) } else { text.at };
                let piece = copied.repeat(count);
                text.insert(place, &piece, place + piece.len() - 1);
            }
        }
    }
}

/// One change back, or forth.
fn travel(from: &mut Vec<Text>, to: &mut Vec<Text>, text: &mut Text) {
    // A change that came to nothing is no step.
    while let Some(before) = from.pop() {
        let changed = before.chars != text.chars;
        let now = std::mem::replace(text, before);
        if changed {
            to.push(now);
            return;
        }
    }
}
