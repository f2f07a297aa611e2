//! Reads the chat format: a marker `[[ ## name ## ]]` at the start of a line, then the field's text.

use super::super::Section;

/// The maximum length of a name in a marker, in bytes.
const MAX_NAME: usize = 200;
/// The marker of the end.
const COMPLETED: &str = "[[ ## completed ## ]]";

/// Splits an answer at its markers.
#[derive(Clone, Debug)]
pub(super) struct ChatReader {
    /// The names of the outputs.
    outputs: Vec<String>,
    /// The start of a line that may become a marker; or the end of one that may be the marker of the end, with the white
    /// space after it.
    held: String,
    /// Whether the current line has had only white space.
    line_start: bool,
    /// The index of the section that text goes to; none before the first marker and after unknown ones.
    current: Option<usize>,
    /// White space that is appended when other text follows it.
    space: String,
    /// Whether the last character was a carriage return.
    after_cr: bool,
    /// Whether the marker of an output was found.
    marked: bool,
    /// The first character of the answer that is not white space.
    first: Option<char>,
    /// Whether a code fence is open before the first marker.
    fenced: bool,
    /// The number of backticks on the current line before the first marker.
    backticks: usize,
    repairs: Vec<&'static str>,
}

/// Whether the start of a line is a marker.
enum Marker<'a> {
    No,
    Incomplete,
    Complete(&'a str),
}

impl ChatReader {
    pub(super) fn new(outputs: Vec<String>) -> Self {
        Self {
            outputs,
            held: String::new(),
            line_start: true,
            current: None,
            space: String::new(),
            after_cr: false,
            marked: false,
            first: None,
            fenced: false,
            backticks: 0,
            repairs: Vec::new(),
        }
    }

    /// Whether the marker of an output was found.
    pub(super) fn marked(&self) -> bool {
        self.marked
    }

    /// Whether the answer starts like a JSON object, bare or in a code fence.
    pub(super) fn starts_like_json(&self) -> bool {
        matches!(self.first, None | Some('{' | '`' | '['))
    }

    /// Whether no marker has ended the last section.
    pub(super) fn is_open(&self) -> bool {
        self.current.is_some()
    }

    pub(super) fn repairs(&self) -> &[&'static str] {
        &self.repairs
    }

    pub(super) fn push(&mut self, text: &str, sections: &mut Vec<Section>) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let run = self.run(rest);
            if let Some((name, after)) = self.whole_marker(rest) {
                self.after_cr = false;
                self.first = self.first.or(Some(c));
                self.begin_section(name, sections);
                rest = after;
            } else if run > 0 {
                self.copy(&rest[..run], sections);
                rest = &rest[run..];
            } else {
                self.char(c, sections);
                rest = &rest[c.len_utf8()..];
            }
        }
    }

    /// The name in a complete marker at the start of `text`, and the text after the marker. Nearly all markers arrive in
    /// one piece and need not be held back.
    fn whole_marker<'t>(&self, text: &'t str) -> Option<(&'t str, &'t str)> {
        let rest = if self.line_start && self.held.is_empty() { text.strip_prefix("[[ ## ") } else { None }?;
        let (name, after) = rest.split_at(name_end(rest));
        let after = after.strip_prefix(" ## ]]")?;
        (1..=MAX_NAME).contains(&name.len()).then_some((name, after))
    }

    /// The length in bytes of the start of `text` that can be copied as it is: it contains no line end and cannot begin
    /// a marker.
    fn run(&self, text: &str) -> usize {
        let can_copy = self.held.is_empty()
            && !self.line_start
            && self.current.is_some()
            && !text.starts_with(char::is_whitespace);
        if !can_copy {
            return 0;
        }
        let run = text.bytes().position(|b| !(b' '..0x7f).contains(&b) || b == b'[').unwrap_or(text.len());
        text[..run].trim_ascii_end().len()
    }

    /// Appends plain text to the current section.
    fn copy(&mut self, run: &str, sections: &mut [Section]) {
        let Some(section) = self.current.and_then(|at| sections.get_mut(at)) else { return };
        self.after_cr = false;
        self.first = self.first.or_else(|| run.chars().next());
        if !section.text.is_empty() {
            section.text.push_str(&self.space);
        }
        self.space.clear();
        section.text.push_str(run);
    }

    fn char(&mut self, c: char, sections: &mut Vec<Section>) {
        // The line ends of Python's `splitlines`; each becomes `\n`.
        let line_end =
            matches!(c, '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}');
        let crlf = c == '\n' && self.after_cr;
        self.after_cr = c == '\r';
        if crlf {
            return;
        }
        self.first = self.first.or(Some(c).filter(|c| !c.is_whitespace()));
        if line_end {
            self.end_line(sections);
            self.release(sections);
            self.text('\n', sections);
            self.line_start = true;
            self.backticks = 0;
        } else if !self.line_start && (!self.held.is_empty() || c == '[') {
            self.held.push(c);
            let rest = self.held.strip_prefix(COMPLETED).map(str::trim_start);
            if rest.map_or(!COMPLETED.starts_with(&self.held), |rest| !rest.is_empty()) {
                self.held.pop();
                self.release(sections);
                self.char(c, sections);
            }
        } else if !self.held.is_empty() || (self.line_start && c == '[') {
            self.held.push(c);
            match marker(&self.held) {
                Marker::Incomplete => {}
                Marker::No => self.release(sections),
                Marker::Complete(name) => {
                    let name = name.to_owned();
                    self.held.clear();
                    self.begin_section(&name, sections);
                }
            }
        } else {
            self.line_start &= c.is_whitespace();
            self.text(c, sections);
        }
    }

    pub(super) fn finish(&mut self, sections: &mut [Section]) {
        if self.line_start && self.held.starts_with("[[ #") {
            self.repairs.push("dropped a marker that was cut off");
            self.held.clear();
        }
        self.end_line(sections);
        let held = std::mem::take(&mut self.held);
        held.chars().for_each(|c| self.text(c, sections));
        let count_fences = |text: &str| text.lines().filter(|line| line.trim_start().starts_with("```")).count();
        if let Some(section) = self.current.and_then(|at| sections.get_mut(at))
            && self.fenced
            && section.text.ends_with("```")
            && count_fences(&section.text) % 2 == 1
        {
            section.text.truncate(section.text.len() - 3);
            section.text.truncate(section.text.trim_end().len());
            self.repairs.push("dropped a code fence around the answer");
        }
    }

    /// Drops the marker of the end from the end of a line.
    fn end_line(&mut self, sections: &mut [Section]) {
        if !self.line_start && self.held.starts_with(COMPLETED) {
            self.held.clear();
            if let Some(section) = self.current.take().and_then(|at| sections.get_mut(at)) {
                section.complete = true;
                self.repairs.push("dropped a marker after a value");
            }
        }
    }

    /// Treats the held characters as text.
    fn release(&mut self, sections: &mut [Section]) {
        let held = std::mem::take(&mut self.held);
        held.chars().for_each(|c| self.text(c, sections));
        self.line_start = false;
    }

    /// Begins the section of this name, if it is an output that has not occurred yet.
    fn begin_section(&mut self, name: &str, sections: &mut Vec<Section>) {
        let known = self.outputs.iter().any(|output| output == name);
        if let Some(section) = self.current.and_then(|at| sections.get_mut(at)) {
            section.complete = true;
        }
        self.space.clear();
        self.line_start = false;
        // Before the first marker, the sections are those of a JSON object. They are removed below.
        let again = self.marked && sections.iter().any(|section| section.name == name);
        self.current = (known && !again).then_some(sections.len());
        if known && again {
            let what = "a field occurs twice; kept the first one";
            if !self.repairs.contains(&what) {
                self.repairs.push(what);
            }
        }
        if self.current.is_some() {
            if !self.marked {
                sections.clear();
                self.current = Some(0);
            }
            sections.push(Section { name: name.to_owned(), text: String::new(), complete: false });
            self.marked = true;
        }
    }

    /// Appends a character to the current section.
    fn text(&mut self, c: char, sections: &mut [Section]) {
        let Some(section) = self.current.and_then(|at| sections.get_mut(at)) else {
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

/// The byte position at which a name at the start of `text` ends.
fn name_end(text: &str) -> usize {
    text.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(text.len())
}

/// Whether `held` is a marker.
fn marker(held: &str) -> Marker<'_> {
    let Some(rest) = held.strip_prefix("[[ ## ") else {
        return if "[[ ## ".starts_with(held) { Marker::Incomplete } else { Marker::No };
    };
    let (name, close) = rest.split_at(name_end(rest));
    match (name, close) {
        ("", "") => Marker::Incomplete,
        (name, _) if name.is_empty() || name.len() > MAX_NAME => Marker::No,
        (name, " ## ]]") => Marker::Complete(name),
        (_, close) if " ## ]]".starts_with(close) => Marker::Incomplete,
        _ => Marker::No,
    }
}
