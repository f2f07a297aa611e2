//! A small painter of code: strings, comments, numbers and keywords, the same few rules
//! for every language. Knows one line and what it left open.

use crate::tui::theme::StyleRole;

/// Words that are keywords in some language that people show.
const KEYWORDS: &[&str] = &[
    "abstract",
    "and",
    "as",
    "assert",
    "async",
    "await",
    "begin",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "crate",
    "def",
    "default",
    "defer",
    "del",
    "do",
    "elif",
    "else",
    "end",
    "enum",
    "esac",
    "except",
    "export",
    "extends",
    "extern",
    "false",
    "False",
    "fi",
    "final",
    "finally",
    "fn",
    "for",
    "from",
    "func",
    "function",
    "global",
    "go",
    "goto",
    "if",
    "impl",
    "import",
    "in",
    "interface",
    "is",
    "lambda",
    "let",
    "loop",
    "match",
    "mod",
    "module",
    "move",
    "mut",
    "namespace",
    "new",
    "nil",
    "None",
    "not",
    "null",
    "or",
    "package",
    "pass",
    "private",
    "pub",
    "public",
    "raise",
    "ref",
    "return",
    "select",
    "self",
    "Self",
    "SELECT",
    "FROM",
    "WHERE",
    "static",
    "struct",
    "super",
    "switch",
    "then",
    "this",
    "throw",
    "trait",
    "true",
    "True",
    "try",
    "type",
    "typeof",
    "union",
    "unsafe",
    "use",
    "using",
    "var",
    "void",
    "where",
    "while",
    "with",
    "yield",
];

/// Paints line after line of one block.
#[derive(Clone, Debug)]
pub(super) struct Highlighter {
    /// The mark of a comment to the line's end.
    comment: &'static str,
    /// Whether `/* … */` is a comment.
    blocks: bool,
    /// Whether `"""` opens a string over lines.
    triples: bool,
    open: OpenToken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OpenToken {
    Nothing,
    Comment,
    Triple,
}

impl Highlighter {
    /// For the language that a fence names.
    pub(super) fn new(language: &str) -> Self {
        let (comment, blocks, triples) = match language.to_ascii_lowercase().as_str() {
            "python" | "py" => ("#", false, true),
            "sh" | "bash" | "shell" | "zsh" | "console" | "yaml" | "yml" | "toml" | "ruby" | "rb" | "r" | "make" => {
                ("#", false, false)
            }
            "sql" | "lua" | "haskell" => ("--", false, false),
            "json" | "text" | "txt" | "markdown" | "md" | "diff" => ("", false, false),
            _ => ("//", true, false),
        };
        Self { comment, blocks, triples, open: OpenToken::Nothing }
    }

    /// The line's pieces with what they are.
    pub(super) fn paint<'t>(&mut self, line: &'t str) -> impl Iterator<Item = (&'t str, StyleRole)> + use<'t> {
        let mut pieces = Vec::new();
        let mut rest = line;
        while !rest.is_empty() {
            let (length, role) = self.token(rest);
            let (piece, behind) = rest.split_at(length);
            pieces.push((piece, role));
            rest = behind;
        }
        pieces.into_iter()
    }

    /// Length in bytes (at least one character) and meaning of what stands first.
    fn token(&mut self, rest: &str) -> (usize, StyleRole) {
        let until = |mark: &str, from: usize| rest[from..].find(mark).map(|at| from + at + mark.len());
        match self.open {
            OpenToken::Comment => return self.close(until("*/", 0), rest, StyleRole::Comment),
            OpenToken::Triple => return self.close(until("\"\"\"", 0), rest, StyleRole::Literal),
            OpenToken::Nothing => {}
        }
        if !self.comment.is_empty() && rest.starts_with(self.comment) {
            return (rest.len(), StyleRole::Comment);
        }
        if self.blocks && rest.starts_with("/*") {
            self.open = OpenToken::Comment;
            return self.close(until("*/", 2), rest, StyleRole::Comment);
        }
        if self.triples && rest.starts_with("\"\"\"") {
            self.open = OpenToken::Triple;
            return self.close(until("\"\"\"", 3), rest, StyleRole::Literal);
        }
        let first = rest.chars().next().unwrap_or(' ');
        match first {
            '"' | '\'' | '`' => match string(rest, first) {
                Some(length) => (length, StyleRole::Literal),
                None => (1, StyleRole::Text),
            },
            c if c.is_ascii_digit() => {
                (run(rest, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_')), StyleRole::Number)
            }
            c if c.is_alphabetic() || c == '_' => {
                let length = run(rest, |c| c.is_alphanumeric() || c == '_');
                (length, if KEYWORDS.contains(&&rest[..length]) { StyleRole::Keyword } else { StyleRole::Text })
            }
            _ => (first.len_utf8(), StyleRole::Text),
        }
    }

    fn close(&mut self, end: Option<usize>, rest: &str, role: StyleRole) -> (usize, StyleRole) {
        if end.is_some() {
            self.open = OpenToken::Nothing;
        }
        (end.unwrap_or(rest.len()), role)
    }
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// The length of a string that ends in its line; an apostrophe alone is no string.
fn string(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(language: &str, lines: &[&str]) -> Vec<(String, StyleRole)> {
        let mut painter = Highlighter::new(language);
        lines
            .iter()
            .flat_map(|line| painter.paint(line).collect::<Vec<_>>())
            .filter(|(_, role)| *role != StyleRole::Text)
            .map(|(piece, role)| (piece.to_owned(), role))
            .collect()
    }

    #[test]
    fn strings_comments_numbers_and_keywords() {
        assert_eq!(
            roles("rust", &["let x = \"a\\\"b\"; // 1", "/* over", "lines */ 42 it's"]),
            [
                ("let".to_owned(), StyleRole::Keyword),
                ("\"a\\\"b\"".to_owned(), StyleRole::Literal),
                ("// 1".to_owned(), StyleRole::Comment),
                ("/* over".to_owned(), StyleRole::Comment),
                ("lines */".to_owned(), StyleRole::Comment),
                ("42".to_owned(), StyleRole::Number),
            ]
        );
        assert_eq!(roles("python", &["\"\"\"doc", "x\"\"\"  # y"]).len(), 3);
    }

    #[test]
    fn every_byte_is_painted_once() {
        let line = "fn f<'a>(x: &'a str) -> \"ü\" { 0xff_u8 /* 世 */ }";
        let joined: String = Highlighter::new("rust").paint(line).map(|(piece, _)| piece).collect();
        assert_eq!(joined, line);
    }
}
