//! Divides growing Markdown source into units. Where a unit ends depends only on the text before that place, so later
//! text cannot change it.

/// A prose unit of more bytes than this ends at the next line end.
const LONG: usize = 8 * 1024;
/// A prose unit ends after this many bytes at the latest, also inside a line.
const TOO_LONG: usize = 2 * LONG;

/// What kind of source a unit is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Paragraphs, lists, tables, headings.
    Prose,
    /// The line that opens a code fence.
    Open(Fence),
    /// A line of code.
    CodeLine,
    /// The line that closes a code fence.
    Close,
}

/// An open code fence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fence {
    mark: char,
    length: usize,
    /// The first word after the marks.
    pub(super) language: String,
}

/// The first unit of `rest` and its length in bytes. `None` if later text may still change it.
pub(super) fn next(rest: &str, fence: Option<&Fence>) -> Option<(Unit, usize)> {
    match fence {
        Some(fence) => code_line(rest, fence),
        None => prose(rest),
    }
}

fn code_line(rest: &str, fence: &Fence) -> Option<(Unit, usize)> {
    match rest.find('\n').filter(|end| *end < TOO_LONG) {
        Some(end) if fence.closes(&rest[..end]) => Some((Unit::Close, end + 1)),
        Some(end) => Some((Unit::CodeLine, end + 1)),
        None => (rest.len() >= TOO_LONG).then(|| (Unit::CodeLine, floor(rest))),
    }
}

fn prose(rest: &str) -> Option<(Unit, usize)> {
    let mut start = 0;
    let mut after_blank = false;
    while start < rest.len().min(TOO_LONG) {
        let end = rest[start..].find('\n').map(|length| start + length).filter(|end| *end < TOO_LONG);
        let line = &rest[start..end.unwrap_or(rest.len())];
        match line.find(|c: char| !c.is_whitespace()) {
            None => after_blank |= end.is_some(),
            Some(indent) if start + indent >= TOO_LONG => break,
            Some(indent) => {
                if after_blank && indent == 0 && start > 0 {
                    return Some((Unit::Prose, start));
                }
                after_blank = false;
                if let Some(fence) = end.and_then(|_| Fence::opened_by(line)) {
                    let length = end.map_or(rest.len(), |end| end + 1);
                    return Some(if start == 0 { (Unit::Open(fence), length) } else { (Unit::Prose, start) });
                }
                if end.is_some_and(|end| end >= LONG) {
                    return end.map(|end| (Unit::Prose, end + 1));
                }
            }
        }
        match end {
            Some(end) => start = end + 1,
            None => break,
        }
    }
    (rest.len() >= TOO_LONG).then(|| {
        let window = &rest[..floor(rest)];
        (Unit::Prose, window.rfind(' ').map_or(window.len(), |space| space + 1))
    })
}

/// The last character boundary at or before [`TOO_LONG`].
fn floor(rest: &str) -> usize {
    (0..=TOO_LONG.min(rest.len())).rev().find(|index| rest.is_char_boundary(*index)).unwrap_or(0)
}

impl Fence {
    /// The fence that a line opens, if any.
    fn opened_by(line: &str) -> Option<Self> {
        let bare = line.trim_start_matches(' ');
        if line.len() - bare.len() > 3 {
            return None;
        }
        let mark = bare.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let length = bare.chars().take_while(|c| *c == mark).count();
        let info = bare[length..].trim();
        let opens = length >= 3 && !(mark == '`' && info.contains('`'));
        opens.then(|| Self { mark, length, language: info.split_whitespace().next().unwrap_or("").to_owned() })
    }

    /// Whether a line closes the fence.
    pub(super) fn closes(&self, line: &str) -> bool {
        let bare = line.trim();
        bare.len() >= self.length && bare.chars().all(|c| c == self.mark)
    }
}
