//! Changes that were made: `u` and Ctrl+R go through them, `.` makes the last one again.

use super::{Mode, PUT, Pending, Text, Vim};

/// What `u` and Ctrl+R go through, and what is being typed; each text has its own.
#[derive(Clone, Debug, Default)]
pub struct Past {
    undo: Vec<Text>,
    redo: Vec<Text>,
    /// Changes that have begun.
    pub(super) begun: usize,
    pub(super) typing: Option<Typing>,
}

/// A change, as far as `.` has to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// Its keys without their counts.
    pub(super) keys: Vec<char>,
    /// All of its counts in one.
    pub(super) count: Option<usize>,
    /// What was chosen when it began, if something was.
    pub(super) shape: Option<Shape>,
    /// What was typed after it.
    pub(super) typed: Typed,
}

/// How much is chosen: `.` takes as much from where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) whole_lines: bool,
    /// From the first line to the last.
    pub(super) feeds: usize,
    /// Characters in the last line.
    pub(super) letters: usize,
}

/// What insert mode has done to a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Typed {
    /// Characters taken away before the place where it began.
    rubbed: usize,
    letters: Vec<char>,
}

/// Insert mode, from the key that began it to its Esc.
#[derive(Clone, Debug)]
pub(super) struct Typing {
    pub(super) change: Change,
    pub(super) began: Text,
}

/// Changes that are remembered.
const REMEMBERED: usize = 200;

impl Past {
    /// A change is about to begin.
    pub(super) fn keep(&mut self, text: &Text) {
        if self.undo.last().is_none_or(|last| last.chars != text.chars) {
            self.undo.push(text.clone());
            if self.undo.len() > REMEMBERED {
                self.undo.remove(0);
            }
        }
        self.redo.clear();
        self.begun += 1;
    }

    /// One change back.
    pub(super) fn undo(&mut self, text: &mut Text) {
        travel(&mut self.undo, &mut self.redo, text);
    }

    /// One change forth again.
    pub(super) fn redo(&mut self, text: &mut Text) {
        travel(&mut self.redo, &mut self.undo, text);
    }
}

/// Changes that came to nothing are no steps.
fn travel(from: &mut Vec<Text>, to: &mut Vec<Text>, text: &mut Text) {
    while let Some(before) = from.pop() {
        let changed = before.chars != text.chars;
        let now = std::mem::replace(text, before);
        if changed {
            to.push(now);
            return;
        }
    }
}

impl Typed {
    /// What makes the one text of the other: keys that went elsewhere in between do not matter.
    fn between(began: &Text, now: &[char]) -> Self {
        let (before, behind) = began.chars.split_at(began.at.min(began.chars.len()));
        let same = |(a, b): &(&char, &char)| a == b;
        let kept = before.iter().zip(now).take_while(same).count();
        let rest = &now[kept..];
        let left = behind.iter().rev().zip(rest.iter().rev()).take_while(same).count();
        Self { rubbed: before.len() - kept, letters: rest[..rest.len() - left].to_vec() }
    }
}

impl Change {
    /// How often what is typed is meant.
    fn times(&self) -> usize {
        let types = matches!(self.keys.first(), Some('i' | 'a' | 'I' | 'A' | 'o' | 'O'));
        if types { self.count.unwrap_or(1) } else { 1 }
    }

    /// What was typed, as often as the count says but for the first time.
    fn type_on(&self, text: &mut Text) {
        let opens = matches!(self.keys.first(), Some('o' | 'O'));
        let piece = [if opens { &['\n'][..] } else { &[] }, &self.typed.letters].concat();
        let more = piece.repeat((self.times() - 1).min(PUT / piece.len().max(1)));
        text.insert(text.at, &more, text.at + more.len());
    }
}

impl Vim {
    /// A command that may have changed the text is whole.
    pub(super) fn note(&mut self, change: Change, changed: bool, text: &Text, past: &mut Past) {
        let travels = matches!(change.keys.first(), Some('.' | 'u' | '\u{12}')) && change.shape.is_none();
        if self.pending != Pending::default() || travels {
            return;
        }
        if self.mode == Mode::Insert {
            past.typing = Some(Typing { change, began: text.clone() });
        } else if changed {
            self.last = Some(change);
        }
    }

    /// Insert mode ends: what was typed belongs to the change that began it.
    pub(super) fn typed(&mut self, text: &mut Text, past: &mut Past) {
        let Some(Typing { mut change, began }) = past.typing.take() else { return };
        change.typed = Typed::between(&began, &text.chars);
        change.type_on(text);
        self.last = Some(change);
    }

    /// `.`: the last change, with another count if one was typed.
    pub(super) fn again(&mut self, count: Option<usize>, text: &mut Text, past: &mut Past) {
        let Some(mut change) = self.last.take() else { return };
        change.count = count.or(change.count);
        if let Some(shape) = change.shape {
            self.choose(shape, text);
        }
        self.pending.count = change.count;
        change.keys.iter().for_each(|key| self.command(*key, text, past));
        if self.mode == Mode::Insert {
            let from = text.at.saturating_sub(change.typed.rubbed);
            text.chars.splice(from..text.at, change.typed.letters.iter().copied());
            text.at = from + change.typed.letters.len();
            change.type_on(text);
            self.leave_insert_mode(text);
        }
        self.last = Some(change);
    }

    fn choose(&mut self, shape: Shape, text: &mut Text) {
        let anchor = text.at;
        let last = text.lines_down(anchor, shape.feeds);
        let begin = if shape.feeds == 0 { anchor } else { text.line_start(last) };
        text.at = (begin + shape.letters.saturating_sub(1)).min(text.line_end(last));
        self.mode = if shape.whole_lines { Mode::Lines { anchor, at: text.at } } else { Mode::Visual(anchor) };
        text.stay_on_a_character();
    }

    /// How much is chosen now.
    pub(super) fn shape(&self, text: &Text) -> Option<Shape> {
        let anchor = self.mode.anchor()?;
        let (from, to) = (anchor.min(text.at), anchor.max(text.at).min(text.chars.len()));
        let feeds = text.chars[from.min(to)..to].iter().filter(|c| **c == '\n').count();
        let begin = if feeds == 0 { from } else { text.line_start(to) };
        Some(Shape { whole_lines: matches!(self.mode, Mode::Lines { .. }), feeds, letters: to + 1 - begin })
    }
}
