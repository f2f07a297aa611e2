//! Finds the closing tag of an element although its text may hold anything: `<`, `&`, other tags, and in the middle of a
//! line its own closing tag.
//!
//! An element of one line ends at its closing tag. One of several lines ends at the line that has nothing but its
//! closing tag; a closing tag elsewhere ends it if another tag or nothing follows. Where neither comes, it ends at the
//! first closing tag that begins a line or has white space after it. Tags of the same name at the start of a line are counted.

use super::tag::{Lexeme, TagKind, lex_named};

/// The number of bytes after a closing tag that are examined for what follows it.
const MAX_LOOK: usize = 512;

/// A search for the end of one element. The text may grow between the calls of [`find`](Self::find).
#[derive(Clone, Debug)]
pub(super) struct ElementEnd {
    name: String,
    /// The position up to which the text is examined.
    at: usize,
    /// The number of open tags of this name, from the lines before the current one.
    open: usize,
    /// The same for the current line, which can be negative.
    balance: isize,
    /// Whether the current line is the one with the opening tag.
    first_line: bool,
    /// Whether the current line has had only white space.
    blank: bool,
    /// Whether the current line began with a tag of this name.
    tagged: bool,
    /// A closing tag that is the end if no line with only the closing tag comes: the positions of its start and end.
    candidate: Option<(usize, usize)>,
    /// Whether the first candidate is the end, because no line with only the closing tag can come.
    hasty: bool,
}

/// The result of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Search {
    /// The closing tag is between these positions.
    End(usize, usize),
    /// The text up to this position belongs to the element. What follows is not decided.
    Undecided(usize),
}

/// What the text after a closing tag says about it.
#[derive(PartialEq)]
enum AfterClose {
    End,
    Text,
    Undecided,
}

impl ElementEnd {
    /// A search in the text after the opening tag of an element with this name.
    pub(super) fn new(name: &str, hasty: bool) -> Self {
        Self {
            name: name.to_owned(),
            at: 0,
            open: 0,
            balance: 1,
            first_line: true,
            blank: false,
            tagged: true,
            candidate: None,
            hasty,
        }
    }

    /// The closing tag that ends the element if nothing follows any more.
    pub(super) fn candidate(&self) -> Option<(usize, usize)> {
        self.candidate
    }

    /// The element's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Makes positions relative to this one: the text before it is not passed any more.
    pub(super) fn forget(&mut self, to: usize) {
        self.at -= to;
        if let Some((start, end)) = &mut self.candidate {
            (*start, *end) = (*start - to, *end - to);
        }
    }

    /// Continues the search in `text`, the same text as before or longer. `is_next` says whether a text that starts with
    /// `<` can follow the element; `None` if it is too short to decide. `whole`: the text will not grow.
    pub(super) fn find(&mut self, text: &str, whole: bool, is_next: impl Fn(&str) -> Option<bool>) -> Search {
        let bytes = text.as_bytes();
        loop {
            let Some(run) = bytes[self.at..].iter().position(|b| matches!(b, b'<' | b'\n')) else {
                self.blank &= text[self.at..].trim().is_empty();
                self.at = text.len();
                break;
            };
            self.blank &= run == 0 || text[self.at..self.at + run].trim().is_empty();
            self.at += run;
            if bytes[self.at] == b'\n' {
                self.end_line();
                self.at += 1;
                continue;
            }
            let tag = match lex_named(&text[self.at..], &self.name) {
                Lexeme::Tag(tag) => tag,
                Lexeme::Incomplete if !whole => break,
                _ => {
                    (self.blank, self.at) = (false, self.at + 1);
                    continue;
                }
            };
            let (start, end) = (self.at, self.at + tag.length);
            if tag.kind == TagKind::Close && self.open.saturating_add_signed(self.balance) <= 1 {
                let lone = self.blank && !self.first_line;
                // If a second closing tag follows, the first one is text.
                let next = |rest: &str| match lex_named(rest, &self.name) {
                    Lexeme::Tag(tag) if tag.kind == TagKind::Close => Some(false),
                    _ => is_next(rest),
                };
                let follows = if self.first_line { AfterClose::End } else { follows(&text[end..], lone, whole, next) };
                match follows {
                    AfterClose::End => return Search::End(start, end),
                    AfterClose::Undecided => break,
                    AfterClose::Text if lone || text[end..].starts_with(char::is_whitespace) => {
                        if self.hasty {
                            return Search::End(start, end);
                        }
                        self.candidate.get_or_insert((start, end));
                    }
                    AfterClose::Text => {}
                }
            }
            self.tagged |= self.blank;
            self.balance += match tag.kind {
                TagKind::Open => 1,
                TagKind::Close => -1,
                TagKind::SelfClosed => 0,
            };
            (self.blank, self.at) = (false, end);
        }
        match self.candidate {
            Some((start, end)) if whole => Search::End(start, end),
            Some((start, _)) => Search::Undecided(start),
            None => Search::Undecided(self.at),
        }
    }

    /// Adds the current line's tags to those before it. Tags in the middle of a line are text, unless they close one.
    fn end_line(&mut self) {
        if self.tagged || self.balance < 0 {
            self.open = self.open.saturating_add_signed(self.balance).max(1);
        }
        (self.balance, self.first_line, self.tagged, self.blank) = (0, false, false, true);
    }
}

/// What the text after a closing tag says about it. `lone`: the tag is the first thing on its line.
fn follows(text: &str, lone: bool, whole: bool, is_next: impl Fn(&str) -> Option<bool>) -> AfterClose {
    let undecided = if whole { AfterClose::End } else { AfterClose::Undecided };
    let rest = text.trim_start();
    let space = &text[..text.len() - rest.len()];
    if lone && space.contains('\n') {
        return AfterClose::End;
    }
    if space.len() > MAX_LOOK {
        return AfterClose::Text;
    }
    let decided = match rest.as_bytes().first() {
        None => return undecided,
        Some(b'<') => is_next(rest),
        Some(b'`') if space.contains('\n') && rest.len() < 3 => None,
        Some(b'`') => Some(space.contains('\n') && rest.starts_with("```")),
        Some(_) => Some(false),
    };
    match decided {
        Some(true) => AfterClose::End,
        Some(false) => AfterClose::Text,
        None if whole => AfterClose::Text,
        None => AfterClose::Undecided,
    }
}
