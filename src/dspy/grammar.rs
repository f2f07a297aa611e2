//! Inline signatures: Python's argument list on both sides of one `->`, as DSPy reads it.
//!
//! Where DSPy drops something without a word (defaults, `*rest`, what stands before `/`, repeated names) the
//! same fields come out, with a [`Warning`] for each thing dropped. Text that breaks out of the argument list,
//! which DSPy hands to Python's parser, is an error here. Any input gives a result; nesting is capped.

mod literal;
mod names;
mod token;
mod types;

use super::signature::{Field, Signature};
use super::syntax::SyntaxError;
use super::types::FieldType;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::str::FromStr;
use token::{Spanned, Token};

/// Something that was written and that DSPy drops without a word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// Bytes of the source that it is about.
    pub at: Range<usize>,
    /// What was dropped, one line.
    pub message: String,
}

/// Names that a signature class has for itself.
const RESERVED: [&str; 11] = [
    "fields",
    "instructions",
    "signature",
    "input_fields",
    "output_fields",
    "model_config",
    "model_dump",
    "model_dump_json",
    "model_validate",
    "model_validate_json",
    "model_validate_strings",
];

const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// Longer sources are refused: a signature is a line, not a file.
const LONGEST: usize = 64 * 1024;

impl Signature {
    /// Reads an inline signature and says what of it DSPy would have dropped without a word.
    ///
    /// # Errors
    /// Those of [`FromStr`](#impl-FromStr-for-Signature).
    pub fn read(source: &str) -> Result<(Self, Vec<Warning>), SyntaxError> {
        signature(source)
    }
}

impl FromStr for Signature {
    type Err = SyntaxError;

    fn from_str(source: &str) -> Result<Self, Self::Err> {
        Self::read(source).map(|(signature, _)| signature)
    }
}

impl FromStr for FieldType {
    type Err = SyntaxError;

    /// Reads either spelling.
    fn from_str(source: &str) -> Result<Self, Self::Err> {
        field_type(source)
    }
}

/// Reads an inline signature, with what DSPy would have dropped silently.
///
/// # Errors
/// See [`SyntaxError`]: the position, what was expected, and a guess at what was meant.
fn signature(source: &str) -> Result<(Signature, Vec<Warning>), SyntaxError> {
    if source.len() > LONGEST {
        return Err(SyntaxError::new(0..0, "a signature of more than 64 KiB", "fields on both sides of one `->`"));
    }
    let arrow = arrow(source)?;
    let mut warnings = Vec::new();
    let inputs = side(source, 0..arrow, &mut warnings)?;
    let outputs = side(source, arrow + 2..source.len(), &mut warnings)?;
    for (name, at, _) in &outputs {
        if inputs.iter().any(|(input, _, _)| input == name) {
            let message = format!("`{name}` is an input already");
            let error = SyntaxError::new(at.clone(), message, "a name of its own for each field");
            return Err(error.suggest(Some(format!("new_{name}"))));
        }
    }
    let fields =
        |side: Vec<NamedField>| side.into_iter().map(|(name, _, field_type)| Field::new(name, field_type)).collect();
    Ok((Signature::new(fields(inputs), fields(outputs)), warnings))
}

/// Reads a type on its own, in either spelling.
fn field_type(source: &str) -> Result<FieldType, SyntaxError> {
    let tokens = token::tokens(source, 0..source.len().min(LONGEST))?;
    let mut reader = FieldParser { source, end: source.len(), tokens: &tokens, at: 0, printed: true };
    let field_type = reader.field_type(0)?;
    match reader.peek() {
        None => Ok(field_type),
        Some(_) => Err(reader.error("something after the type", "nothing more")),
    }
}

/// Where the one arrow is.
fn arrow(source: &str) -> Result<usize, SyntaxError> {
    let mut arrows = source.match_indices("->").map(|(i, _)| i);
    let form = "inputs -> outputs, with exactly one `->`";
    let Some(first) = arrows.next() else {
        let wrong =
            ["=>", "→", "⇒", "- >", "–>", "—>", "<-", ">"].iter().find_map(|w| Some((source.find(w)?, w.len())));
        let end = source.trim_end().len();
        return Err(match wrong {
            Some((at, length)) => SyntaxError::new(at..at + length, "this is not the arrow", form).suggest(Some("->")),
            None => SyntaxError::new(end..end, "there is no arrow", form).suggest((end > 0).then_some(" -> answer")),
        });
    };
    match arrows.next() {
        None => Ok(first),
        Some(second) => {
            let quoted = source[..second].matches(['\'', '"']).count() % 2 == 1;
            let message =
                if quoted { "a second arrow; it counts inside quotes, too, as in DSPy" } else { "a second arrow" };
            let error = SyntaxError::new(second..second + 2, message, form);
            Err(error.suggest((!quoted).then_some(",")))
        }
    }
}

/// A field, and where its name stands.
type NamedField = (String, Range<usize>, FieldType);

/// The fields of one side.
fn side(source: &str, range: Range<usize>, warnings: &mut Vec<Warning>) -> Result<Vec<NamedField>, SyntaxError> {
    let tokens = token::tokens(source, range.clone())?;
    let mut reader = FieldParser { source, end: range.end, tokens: &tokens, at: 0, printed: false };
    let mut fields: Vec<NamedField> = Vec::new();
    let mut warn = |at: &Range<usize>, message: String| warnings.push(Warning { at: at.clone(), message });
    let (mut star, mut slash, mut double) = (false, false, false);
    let mut default: Option<Range<usize>> = None;
    while reader.peek().is_some() {
        let start = reader.span();
        if double {
            return Err(reader.error("a field after `**`, which must come last", "nothing more"));
        } else if reader.take("/") {
            if slash || star || fields.is_empty() {
                return Err(SyntaxError::new(start, "a stray `/`", "a field"));
            }
            slash = true;
            for (name, at, _) in fields.drain(..) {
                warn(&at, format!("`{name}` is dropped: DSPy loses every field before a `/`"));
            }
        } else if reader.take("**") {
            double = true;
            let (name, at) = reader.field_name()?;
            reader.annotation()?;
            warn(&at, format!("`**{name}` is dropped: it is not a field"));
        } else if reader.take("*") {
            if star {
                return Err(SyntaxError::new(start, "a second `*`", "a field"));
            }
            star = true;
            if reader.next_is(",") || reader.peek().is_none() {
                if !matches!(reader.tokens.get(reader.at + 1), Some((Token::Name(_), _))) {
                    return Err(SyntaxError::new(start, "a stray `*`", "a field"));
                }
                warn(&start, "a bare `*`: DSPy loses every field after it on this side".to_owned());
            } else {
                let (name, at) = reader.field_name()?;
                reader.annotation()?;
                warn(&at, format!("`*{name}` is dropped: it is not a field"));
            }
        } else {
            let (name, at) = reader.field_name()?;
            // A bare `None` is no type to DSPy; `NoneType` is.
            let bare_none =
                |reader: &FieldParser<'_>| matches!(&reader.tokens[reader.at - 1].0, Token::Name(n) if n == "None");
            let mut field_type = reader.annotation()?;
            if field_type == Some(FieldType::None) && bare_none(&reader) {
                warn(&at, format!("`{name}: None` is read as `str`, as DSPy does; write `{name}: str | None`"));
                field_type = None;
            }
            let given = reader.default_value()?;
            if let Some(given) = &given {
                warn(given, format!("the default of `{name}` is dropped: DSPy keeps no defaults in inline signatures"));
            } else if default.is_some() && !star {
                return Err(SyntaxError::new(
                    at,
                    format!("`{name}` has no default, but one before it has"),
                    "no defaults",
                ));
            }
            default = default.or(given);
            let field_type = field_type.unwrap_or(FieldType::Str);
            if star {
                warn(&at, format!("`{name}` is dropped: it follows a `*`"));
            } else if let Some(earlier) = fields.iter_mut().find(|(other, _, _)| *other == name) {
                warn(&at, format!("`{name}` is written twice on this side: one field, with the last type"));
                earlier.2 = field_type;
            } else {
                fields.push((name, at, field_type));
            }
        }
        if reader.peek().is_some() && !reader.take(",") {
            return Err(reader.separator());
        }
    }
    Ok(fields)
}

/// A walk over one side's tokens.
struct FieldParser<'a> {
    source: &'a str,
    /// Where the side ends, in bytes.
    end: usize,
    tokens: &'a [Spanned],
    at: usize,
    /// Whether DSPy's printed spellings are meant too (`datetime`, `Ellipsis`).
    printed: bool,
}

impl FieldParser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    /// The next token's bytes, or the empty place after the last.
    fn span(&self) -> Range<usize> {
        self.tokens.get(self.at).map_or_else(
            || {
                let end = self.tokens.last().map_or(self.end, |(_, at)| at.end);
                end..end
            },
            |(_, at)| at.clone(),
        )
    }

    fn next_is(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(s)) if *s == sign)
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.next_is(sign);
        self.at += usize::from(found);
        found
    }

    fn error(&self, message: &str, expected: &str) -> SyntaxError {
        SyntaxError::new(self.span(), message, expected)
    }

    /// What comes next, for a message.
    fn found(&self) -> String {
        match self.peek() {
            None => "nothing".to_owned(),
            Some(Token::Stray(c)) if c.is_control() || c.is_whitespace() => format!("U+{:04X}", u32::from(*c)),
            Some(_) => format!("`{}`", &self.source[self.span()]),
        }
    }

    fn field_name(&mut self) -> Result<(String, Range<usize>), SyntaxError> {
        let at = self.span();
        let Some(Token::Name(name)) = self.peek() else {
            let mut error = self.error(&format!("{} where a field's name should be", self.found()), "a name");
            if let Some(Token::Text(text)) = self.peek() {
                error = error.suggest(is_plain_name(text).then_some(text));
            } else if self.next_is("(") || self.next_is("[") || self.next_is("{") {
                error.expected.push_str(", without brackets");
            }
            return Err(error);
        };
        let name = name.clone();
        self.at += 1;
        if KEYWORDS.contains(&name.as_str()) {
            return Err(SyntaxError::new(at, format!("`{name}` is a word of Python's own"), "another name")
                .suggest(Some(format!("{name}_"))));
        }
        if name.starts_with('_') {
            let bare = name.trim_matches('_');
            return Err(SyntaxError::new(
                at,
                format!("`{name}` begins with an underscore"),
                "a name that begins with a letter",
            )
            .suggest(is_plain_name(bare).then_some(bare)));
        }
        if RESERVED.contains(&name.as_str()) {
            return Err(SyntaxError::new(at, format!("`{name}` is a name that DSPy keeps for itself"), "another name")
                .suggest(Some(format!("{name}_text"))));
        }
        Ok((name, at))
    }

    fn annotation(&mut self) -> Result<Option<FieldType>, SyntaxError> {
        if self.take(":") { self.field_type(0).map(Some) } else { Ok(None) }
    }

    /// Steps over `= …` and returns where it stood. The value itself is never used, so it is only checked to be
    /// one balanced run of operands and operators.
    fn default_value(&mut self) -> Result<Option<Range<usize>>, SyntaxError> {
        let start = self.span().start;
        if !self.take("=") {
            return Ok(None);
        }
        let first = self.at;
        let (mut open, mut lambda) = (Vec::new(), false);
        let mut operand = false;
        while let Some(token) = self.peek() {
            match token {
                Token::Sign("," | "=") if open.is_empty() && !lambda => break,
                Token::Sign("(") => open.push(")"),
                Token::Sign("[") => open.push("]"),
                Token::Sign("{") => open.push("}"),
                Token::Sign(close @ (")" | "]" | "}")) if open.pop() != Some(*close) => {
                    return Err(self.error(&format!("an unmatched {}", self.found()), "a field or the end"));
                }
                Token::Sign(":") if open.is_empty() && !lambda => return Err(self.separator()),
                Token::Sign(":") => lambda = false,
                Token::Name(word) if word == "lambda" => lambda = true,
                Token::Sign(";" | "!" | "?" | "$") | Token::Stray(_) => return Err(self.separator()),
                _ => {}
            }
            let now = match token {
                Token::Name(word) => {
                    !KEYWORDS.contains(&word.as_str()) || matches!(word.as_str(), "None" | "True" | "False")
                }
                Token::Number(_) | Token::Text(_) | Token::OddText(_) | Token::Sign(")" | "]" | "}" | "...") => true,
                _ => false,
            };
            let starts = now && !matches!(token, Token::Sign(_));
            let texts = matches!(token, Token::Text(_)) && matches!(self.tokens[self.at - 1].0, Token::Text(_));
            if operand && starts && !texts {
                return Err(self.separator());
            }
            operand = now;
            self.at += 1;
        }
        if self.at == first || !open.is_empty() || !operand {
            return Err(self.error("a default without its value", "a value, or no `=`"));
        }
        Ok(Some(start..self.tokens[self.at - 1].1.end))
    }

    /// Something stands where a comma or the end should be: says what, as well as it can.
    fn separator(&self) -> SyntaxError {
        let found = self.found();
        let after = "`,`, `:` and a type, or the end";
        match self.peek() {
            Some(Token::Sign(")")) => self.error("a `)` that closes nothing: this is not Python code", after),
            Some(Token::Name(_)) if matches!(self.tokens.get(self.at.wrapping_sub(1)), Some((Token::Name(_), _))) => {
                let error = self.error(&format!("{found} follows a name without a comma"), after);
                let word = &self.source[self.span()];
                let types = names::NAMES.contains(&word);
                error.suggest(Some(if types { format!(": {word}") } else { format!(", {word}") }))
            }
            Some(Token::Sign("-")) => self.error("a `-` in a name", "letters, digits and `_`").suggest(Some("_")),
            Some(Token::Sign(".")) => self.error("a `.` in a name", "letters, digits and `_`").suggest(Some("_")),
            Some(Token::Sign(";")) => self.error("a `;`", after).suggest(Some(",")),
            _ => self.error(&format!("unexpected {found}"), after),
        }
    }
}

fn is_plain_name(text: &str) -> bool {
    text.starts_with(char::is_alphabetic)
        && text.chars().all(|c| c == '_' || c.is_alphanumeric())
        && !KEYWORDS.contains(&text)
}
