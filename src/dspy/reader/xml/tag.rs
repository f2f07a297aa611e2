//! Tags: `<name key="value">`, `</name>`, `<name />`.

/// The maximum length of a tag with its attributes, in bytes.
const MAX_TAG: usize = 1000;

/// A complete tag at the start of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    pub name: &'a str,
    /// The text between the name and the end of the tag.
    pub attributes: &'a str,
    pub kind: TagKind,
    /// Its length in bytes.
    pub length: usize,
}

/// What a tag does to an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TagKind {
    Open,
    Close,
    SelfClosed,
}

/// What a text that starts with `<` begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lexeme<'a> {
    Tag(Tag<'a>),
    /// More characters are needed to decide.
    Incomplete,
    /// No tag: the `<` is text.
    Text,
}

/// Reads the tag at the start of a text. `expected` says which names count; its argument is the start of a name, and
/// whether that is the whole name.
pub(super) fn lex(text: &str, expected: impl Fn(&str, bool) -> bool) -> Lexeme<'_> {
    let Some(body) = text.strip_prefix('<') else { return Lexeme::Text };
    let (closes, body) = body.strip_prefix('/').map_or((false, body), |body| (true, body));
    let end = body.find(|c: char| !is_name(c)).unwrap_or(body.len());
    let (name, rest) = body.split_at(end);
    if name.len() > MAX_TAG || !expected(name, !rest.is_empty()) {
        return Lexeme::Text;
    }
    let Some(first) = rest.chars().next() else { return Lexeme::Incomplete };
    if name.is_empty() || !(first.is_whitespace() || matches!(first, '>' | '/')) {
        return Lexeme::Text;
    }
    let mut quote = None;
    let end = rest.bytes().take(MAX_TAG).position(|b| {
        if let Some(open) = quote {
            quote = Some(open).filter(|open| *open != b);
            return false;
        }
        quote = Some(b).filter(|b| matches!(b, b'"' | b'\''));
        matches!(b, b'>' | b'<')
    });
    match end {
        None if rest.len() >= MAX_TAG => Lexeme::Text,
        None => Lexeme::Incomplete,
        Some(end) if rest.as_bytes()[end] == b'<' => Lexeme::Text,
        Some(end) => {
            let (attributes, self_closed) =
                rest[..end].strip_suffix('/').map_or((&rest[..end], false), |attributes| (attributes, true));
            let kind = match (closes, self_closed) {
                (true, _) => TagKind::Close,
                (false, true) => TagKind::SelfClosed,
                (false, false) => TagKind::Open,
            };
            let length = text.len() - rest.len() + end + 1;
            Lexeme::Tag(Tag { name, attributes, kind, length })
        }
    }
}

/// Reads any tag that can be an element: its name starts with a letter or an underscore.
pub(super) fn lex_any(text: &str) -> Lexeme<'_> {
    lex(text, |name, _| name.is_empty() || name.starts_with(|c: char| c == '_' || c.is_alphabetic()))
}

/// Reads a tag with this name.
pub(super) fn lex_named<'a>(text: &'a str, name: &str) -> Lexeme<'a> {
    lex(text, |start, whole| if whole { start == name } else { name.starts_with(start) })
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':')
}

impl<'a> Tag<'a> {
    /// The value of the attribute `key`.
    pub(super) fn key(&self) -> Option<&'a str> {
        let (_, rest) = self.attributes.split_once("key")?;
        let rest = rest.trim_start().strip_prefix('=')?.trim_start();
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        rest[1..].split(quote).next()
    }
}
