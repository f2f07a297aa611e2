//! `[[ ## name ## ]]` markers, each at the beginning of a line.

use super::super::Section;

/// A marker's name may not be longer.
const LONGEST_NAME: usize = 200;

#[derive(Clone, Debug)]
pub(super) struct ChatReader {
    outputs: Vec<String>,
    /// The beginning of a line that may become a marker.
    held: String,
    /// Whether only white space has come on this line.
    fresh: bool,
    /// The section that text goes to; none before the first marker and under unknown ones.
    current: Option<usize>,
    /// White space that is shown once something follows it.
    space: String,
    /// Whether the last character was a carriage return.
    returned: bool,
    marked: bool,
    /// The first character that is no white space.
    first: Option<char>,
    /// Whether a code fence was opened before the first marker, and this line's beginning, to know.
    fenced: bool,
    backticks: usize,
    repairs: Vec<&'static str>,
}

/// What the beginning of a line is.
enum Marker<'a> {
    Not,
    Perhaps,
    Named(&'a str),
}

impl ChatReader {
    pub(super) fn new(outputs: Vec<String>) -> Self {
        Self {
            outputs,
            held: String::new(),
            fresh: true,
            current: None,
            space: String::new(),
            returned: false,
            marked: false,
            first: None,
            fenced: false,
            backticks: 0,
            repairs: Vec::new(),
        }
    }

    /// Whether a marker of an output has come.
    pub(super) fn marked(&self) -> bool {
        self.marked
    }

    /// Whether the text can still be a JSON object, alone or in a fence.
    pub(super) fn begins_with_object(&self) -> bool {
        matches!(self.first, None | Some('{' | '`' | '['))
    }

    pub(super) fn repairs(&self) -> &[&'static str] {
        &self.repairs
    }

    pub(super) fn push(&mut self, text: &str, view: &mut Vec<Section>) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let run = self.run(rest);
            if let Some((name, after)) = self.whole_marker(rest) {
                self.returned = false;
                self.first = self.first.or(Some(c));
                self.named(name, view);
                rest = after;
            } else if run > 0 {
                self.copy(&rest[..run], view);
                rest = &rest[run..];
            } else {
                self.char(c, view);
                rest = &rest[c.len_utf8()..];
            }
        }
    }

    /// A marker that is all there already, as nearly all are, and what follows it: read without holding it back.
    fn whole_marker<'t>(&self, text: &'t str) -> Option<(&'t str, &'t str)> {
        let rest = if self.fresh && self.held.is_empty() { text.strip_prefix("[[ ## ") } else { None }?;
        let (name, after) = rest.split_at(name_end(rest));
        let after = after.strip_prefix(" ## ]]")?;
        (1..=LONGEST_NAME).contains(&name.len()).then_some((name, after))
    }

    /// How much of the text's beginning is plain: nothing in it can end a line, begin a marker or be a fence.
    fn run(&self, text: &str) -> usize {
        let within =
            self.held.is_empty() && !self.fresh && self.current.is_some() && !text.starts_with(char::is_whitespace);
        if !within {
            return 0;
        }
        let run = text.bytes().position(|b| !(b' '..0x7f).contains(&b)).unwrap_or(text.len());
        text[..run].trim_ascii_end().len()
    }

    /// Plain text goes over as it is.
    fn copy(&mut self, run: &str, view: &mut [Section]) {
        let Some(section) = self.current.and_then(|at| view.get_mut(at)) else { return };
        self.returned = false;
        self.first = self.first.or_else(|| run.chars().next());
        if !section.text.is_empty() {
            section.text.push_str(&self.space);
        }
        self.space.clear();
        section.text.push_str(run);
    }

    fn char(&mut self, c: char, view: &mut Vec<Section>) {
        // What Python calls a line's end, all as `\n`.
        let end = matches!(c, '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}');
        let second_half = c == '\n' && self.returned;
        self.returned = c == '\r';
        if second_half {
            return;
        }
        self.first = self.first.or(Some(c).filter(|c| !c.is_whitespace()));
        if end {
            self.release(view);
            self.text('\n', view);
            self.fresh = true;
            self.backticks = 0;
        } else if !self.held.is_empty() || (self.fresh && c == '[') {
            self.held.push(c);
            match marker(&self.held) {
                Marker::Perhaps => {}
                Marker::Not => self.release(view),
                Marker::Named(name) => {
                    let name = name.to_owned();
                    self.held.clear();
                    self.named(&name, view);
                }
            }
        } else {
            self.fresh &= c.is_whitespace();
            self.text(c, view);
        }
    }

    pub(super) fn finish(&mut self, view: &mut [Section]) {
        if self.held.starts_with("[[ ##") {
            self.repairs.push("a marker that was cut off, dropped");
            self.held.clear();
        }
        let held = std::mem::take(&mut self.held);
        held.chars().for_each(|c| self.text(c, view));
        let fence = |text: &str| text.lines().filter(|line| line.trim_start().starts_with("```")).count();
        if let Some(section) = self.current.and_then(|at| view.get_mut(at))
            && self.fenced
            && section.text.ends_with("```")
            && fence(&section.text) % 2 == 1
        {
            section.text.truncate(section.text.len() - 3);
            section.text.truncate(section.text.trim_end().len());
            self.repairs.push("a code fence around the answer, dropped");
        }
    }

    /// The held characters are text after all.
    fn release(&mut self, view: &mut [Section]) {
        let held = std::mem::take(&mut self.held);
        held.chars().for_each(|c| self.text(c, view));
        self.fresh = false;
    }

    fn named(&mut self, name: &str, view: &mut Vec<Section>) {
        let known = self.outputs.iter().any(|output| output == name);
        if let Some(section) = self.current.and_then(|at| view.get_mut(at)) {
            section.complete = true;
        }
        self.space.clear();
        self.fresh = false;
        // AnswerReader that a JSON object had drawn are not ours; they go when the first marker comes.
        let ours = |section: &&Section| self.marked && section.name == name;
        let again = view.iter().find(ours).is_some();
        self.current = (known && !again).then_some(view.len());
        if known && again {
            let what = "a field that came twice; the first one counts";
            if !self.repairs.contains(&what) {
                self.repairs.push(what);
            }
        }
        if self.current.is_some() {
            if !self.marked {
                view.clear();
                self.current = Some(0);
            }
            view.push(Section { name: name.to_owned(), text: String::new(), complete: false });
            self.marked = true;
        }
    }

    fn text(&mut self, c: char, view: &mut [Section]) {
        let Some(section) = self.current.and_then(|at| view.get_mut(at)) else {
            if !self.marked {
                self.backticks += usize::from(c == '`');
                self.fenced ^= c == '`' && self.backticks == 3;
            }
            return;
        };
        if c.is_whitespace() || matches!(c, '\x1c'..='\x1f') {
            self.space.push(c);
            return;
        }
        if !section.text.is_empty() {
            section.text.push_str(&self.space);
        }
        self.space.clear();
        section.text.push(c);
    }
}

fn name_end(text: &str) -> usize {
    text.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(text.len())
}

fn marker(held: &str) -> Marker<'_> {
    let Some(rest) = held.strip_prefix("[[ ## ") else {
        return if "[[ ## ".starts_with(held) { Marker::Perhaps } else { Marker::Not };
    };
    let (name, close) = rest.split_at(name_end(rest));
    match (name, close) {
        ("", "") => Marker::Perhaps,
        (name, _) if name.is_empty() || name.len() > LONGEST_NAME => Marker::Not,
        (name, " ## ]]") => Marker::Named(name),
        (_, close) if " ## ]]".starts_with(close) => Marker::Perhaps,
        _ => Marker::Not,
    }
}
