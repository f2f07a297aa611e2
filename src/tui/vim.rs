//! Vim keys for one editor: a state machine over a text and a place in it. Knows modes, counts,
//! operators and motions; must not know what the text is for, nor how it is drawn.

mod again;
mod edit;
mod motion;
mod object;
mod operate;

pub use again::Past;

use again::{Change, Typed};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use motion::{Move, Reach};
use operate::Span;

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
    /// They move the last of the lines that are chosen.
    Lines {
        /// It began here.
        anchor: usize,
        /// The cursor's own place: the editor's stands where the lines end.
        at: usize,
    },
}

impl Mode {
    /// Its name, for the prompt's title.
    pub fn name(self) -> &'static str {
        match self {
            Self::Insert => "INSERT",
            Self::Normal => "NORMAL",
            Self::Visual(_) => "VISUAL",
            Self::Lines { .. } => "VISUAL LINE",
        }
    }

    /// Where what is chosen began, if something is.
    fn anchor(self) -> Option<usize> {
        match self {
            Self::Visual(anchor) | Self::Lines { anchor, .. } => Some(anchor),
            Self::Insert | Self::Normal => None,
        }
    }
}

/// The state between two keys.
#[derive(Clone, Debug, Default)]
pub struct Vim {
    /// What keys mean now.
    pub mode: Mode,
    pending: Pending,
    /// The keys of the command that is not whole yet, without counts, and what was chosen when it began.
    keys: Vec<char>,
    shape: Option<again::Shape>,
    /// What `.` makes again.
    last: Option<Change>,
    /// What was deleted or copied last, and whether it was whole lines.
    register: (Vec<char>, bool),
    /// The column that `j` and `k` would like to be in.
    column: Option<usize>,
    /// What was looked for in a line: `f`, `t`, `F` or `T`, and the letter.
    found: Option<(char, char)>,
}

/// A command that is not whole yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Pending {
    count: Option<usize>,
    /// An operator, with the count before it. `gu`, `gU` and `g~` go by their last letter.
    operator: Option<(char, Option<usize>)>,
    /// A key that wants one more: `g`, `r`, `f`, `t`, `i` and their like.
    half: Option<char>,
}

/// A count is no more than this: nobody writes such a text by hand.
const MOST: usize = 1000;
/// Characters that one command may put.
const PUT: usize = 1_000_000;

impl Vim {
    /// Whether a key is vim's own now; others mean what they mean without it.
    pub fn wants(&self, key: KeyEvent) -> bool {
        let plain = (key.modifiers - KeyModifiers::SHIFT).is_empty();
        let resting = self.mode == Mode::Normal && self.pending == Pending::default();
        match key.code {
            _ if leaves(key) => !resting,
            _ if self.mode == Mode::Insert => false,
            KeyCode::Char('r') if key.modifiers == KeyModifiers::CONTROL => true,
            KeyCode::Char(_) | KeyCode::Backspace | KeyCode::Delete => plain,
            KeyCode::Enter => plain && self.pending.half == Some('r'),
            KeyCode::Left | KeyCode::Right | KeyCode::Up | KeyCode::Down | KeyCode::Home | KeyCode::End => {
                plain && !resting
            }
            _ => false,
        }
    }

    /// Takes a key that it wants.
    pub fn key(&mut self, key: KeyEvent, text: &mut Text, past: &mut Past) {
        if let Mode::Lines { at, .. } = self.mode {
            text.at = at.min(text.chars.len());
        }
        let literal = self.pending.half.is_some_and(|half| matches!(half, 'r' | 'f' | 'F' | 't' | 'T'));
        let c = match key.code {
            _ if leaves(key) => return self.leave(text, past),
            KeyCode::Char(_) if key.modifiers == KeyModifiers::CONTROL => '\u{12}',
            KeyCode::Char(' ') if !literal => 'l',
            KeyCode::Char(c) => c,
            KeyCode::Enter => '\n',
            KeyCode::Right => 'l',
            KeyCode::Backspace | KeyCode::Left => 'h',
            KeyCode::Delete => 'x',
            KeyCode::Up => 'k',
            KeyCode::Down => 'j',
            KeyCode::Home => '0',
            _ => '$',
        };
        if self.pending == Pending::default() {
            self.keys.clear();
            self.shape = self.shape(text);
        }
        if !self.counts(c) {
            self.keys.push(c);
            let count = self.counted();
            let begun = past.begun;
            self.command(c, text, past);
            let change = Change { keys: self.keys.clone(), count, shape: self.shape, typed: Typed::default() };
            self.note(change, past.begun > begun, text, past);
        }
        if self.mode != Mode::Insert {
            text.stay_on_a_character();
        }
        if let Mode::Lines { at, .. } = &mut self.mode {
            *at = text.at;
        }
    }

    /// Keys type from now on, into whatever text.
    pub fn insert(&mut self, past: &mut Past) {
        self.mode = Mode::Insert;
        self.pending = Pending::default();
        past.typing = None;
    }

    /// Back to normal mode, with nothing chosen and no command half given: the text may become another.
    pub fn rest(&mut self) {
        self.mode = Mode::Normal;
        self.pending = Pending::default();
    }

    /// Where what is chosen begins and ends for an editor that leaves out the last place; the cursor shows that one.
    pub fn chosen(&self, text: &Text) -> Option<(usize, usize)> {
        match self.mode {
            Mode::Visual(anchor) => Some((anchor + usize::from(text.at < anchor), text.at)),
            Mode::Lines { anchor, at } => Some(match (text.line_start(anchor), text.line_start(at)) {
                (first, last) if first <= last => (first, text.line_end(at)),
                (_, first) => (text.line_end(anchor), first),
            }),
            Mode::Insert | Mode::Normal => None,
        }
    }

    /// Back to normal mode, from wherever.
    fn leave(&mut self, text: &mut Text, past: &mut Past) {
        if self.mode == Mode::Insert {
            self.typed(text, past);
            return self.leave_insert_mode(text);
        }
        self.mode = Mode::Normal;
        self.pending = Pending::default();
        text.stay_on_a_character();
    }

    fn leave_insert_mode(&mut self, text: &mut Text) {
        if text.at > text.line_start(text.at) {
            text.at -= 1;
        }
        self.mode = Mode::Normal;
        self.pending = Pending::default();
        text.stay_on_a_character();
    }

    /// Takes a digit that belongs to a count.
    fn counts(&mut self, c: char) -> bool {
        let digit = c.to_digit(10).filter(|digit| *digit > 0 || self.pending.count.is_some());
        let Some(digit) = digit.filter(|_| self.pending.half.is_none()) else { return false };
        self.pending.count = Some((self.pending.count.unwrap_or(0) * 10 + digit as usize).min(MOST));
        true
    }

    /// The counts that were typed, multiplied.
    fn counted(&self) -> Option<usize> {
        let before = self.pending.operator.and_then(|(_, count)| count);
        let counts = (before, self.pending.count);
        (counts != (None, None)).then(|| (counts.0.unwrap_or(1) * counts.1.unwrap_or(1)).min(MOST))
    }

    fn count(&self) -> usize {
        self.counted().unwrap_or(1)
    }

    fn command(&mut self, c: char, text: &mut Text, past: &mut Past) {
        if let Some(half) = self.pending.half.take() {
            return self.second(half, c, text, past);
        }
        let chosen = self.mode.anchor().is_some();
        let operator = self.pending.operator.map(|(operator, _)| operator);
        match c {
            'g' | 'f' | 'F' | 't' | 'T' => self.pending.half = Some(c),
            'r' if operator.is_none() => self.pending.half = Some(c),
            'i' | 'a' if chosen || operator.is_some() => self.pending.half = Some(c),
            _ if operator == Some(c) => self.doubled(c, text, past),
            _ if chosen && "dcyxsDXCSRYpPJ><uU~o".contains(c) => self.on_what_is_chosen(c, text, past),
            'd' | 'c' | 'y' | '>' | '<' => self.operator(c),
            _ if operator.is_none() && !chosen && !whole(c).is_empty() => {
                whole(c).chars().for_each(|c| self.command(c, text, past));
            }
            _ => match self.moved(c, None, text) {
                Some(to) => self.go(to, text, past),
                None if operator.is_some() || is_motion(c) => self.pending = Pending::default(),
                None => self.change(c, text, past),
            },
        }
    }

    /// The second key of a command of two.
    fn second(&mut self, half: char, c: char, text: &mut Text, past: &mut Past) {
        let operator = self.pending.operator.map(|(operator, _)| operator);
        match (half, c) {
            ('r', _) => self.replace(c, text, past),
            ('i' | 'a', _) => match (text.object(half == 'a', c, self.count()), operator) {
                (Some(span), Some('d')) => self.operate('d', text.cleared(span), text, past),
                (Some(span), Some(operator)) => self.operate(operator, span, text, past),
                (Some(span), None) if span.to > span.from => {
                    text.at = span.to - 1;
                    self.mode = match self.mode {
                        Mode::Visual(_) if !span.lines => Mode::Visual(span.from),
                        _ => Mode::Lines { anchor: span.from, at: text.at },
                    };
                    self.pending = Pending::default();
                }
                _ => self.pending = Pending::default(),
            },
            ('g', 'u' | 'U' | '~') if self.mode.anchor().is_some() => self.on_what_is_chosen(c, text, past),
            ('g', 'u' | 'U' | '~') if operator == Some(c) => self.doubled(c, text, past),
            ('g', 'u' | 'U' | '~') => self.operator(c),
            _ => {
                if half != 'g' {
                    self.found = Some((half, c));
                }
                match self.moved(half, Some(c), text) {
                    Some(to) => self.go(to, text, past),
                    None => self.pending = Pending::default(),
                }
            }
        }
    }

    fn moved(&mut self, c: char, letter: Option<char>, text: &Text) -> Option<Move> {
        let column = self.column.take();
        if matches!(c, 'j' | 'k') {
            self.column = Some(column.unwrap_or(text.at - text.line_start(text.at)));
        } else if c == '$' {
            self.column = Some(usize::MAX);
        }
        if let (';' | ',', Some((how, letter))) = (c, self.found) {
            return text.found_again(how, letter, c == ',', self.count());
        }
        text.moved(c, letter, self.counted(), self.column)
    }

    /// A motion: alone it moves, after an operator it says how far that reaches.
    fn go(&mut self, to: Move, text: &mut Text, past: &mut Past) {
        let Some((operator, _)) = self.pending.operator else {
            text.at = to.to;
            self.pending = Pending::default();
            return;
        };
        let (from, end) = (text.at.min(to.to), text.at.max(to.to));
        let span = match to.reach {
            Reach::Lines => Span::lines(text, from, end),
            Reach::Inclusive => Span::letters(from, (end + 1).min(text.chars.len())),
            Reach::Word if operator == 'c' => Span::letters(from, text.without_spaces(from, end)),
            Reach::Word => Span::letters(from, text.within_the_line(from, end)),
            Reach::Exclusive => text.adjusted(from, end),
        };
        let span = if operator == 'd' { text.cleared(span) } else { span };
        self.operate(operator, span, text, past);
    }

    fn operator(&mut self, c: char) {
        self.pending = match self.pending.operator {
            None => Pending { operator: Some((c, self.pending.count)), ..Pending::default() },
            Some(_) => Pending::default(),
        };
    }

    /// An operator twice: on whole lines from here.
    fn doubled(&mut self, c: char, text: &mut Text, past: &mut Past) {
        let below = self.count() - 1;
        if below > 0 && text.is_last(text.at) {
            self.pending = Pending::default();
            return;
        }
        let last = text.lines_down(text.at, below);
        let at = if c == 'y' { text.at } else { text.first_letter(text.at) };
        let span = Span { at, ..Span::lines(text, text.at, last) };
        self.operate(c, span, text, past);
    }
}

/// The keys that a short command stands for.
fn whole(c: char) -> &'static str {
    match c {
        'x' => "dl",
        'X' => "dh",
        'D' => "d$",
        'C' => "c$",
        's' => "cl",
        'S' => "cc",
        'Y' => "yy",
        _ => "",
    }
}

/// Motions that may lead nowhere: they are no other commands then.
fn is_motion(c: char) -> bool {
    matches!(c, 'j' | 'k' | '$' | '_' | '%' | ';' | ',')
}

/// Esc, or Ctrl+[ where a terminal tells them apart.
fn leaves(key: KeyEvent) -> bool {
    key.code == KeyCode::Esc || key.code == KeyCode::Char('[') && key.modifiers == KeyModifiers::CONTROL
}
