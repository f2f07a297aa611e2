//! Parses inline signatures: a Python argument list on each side of one `->`, as DSPy 3.4.1 reads it.
//!
//! DSPy silently drops defaults, `*rest`, fields before `/` and repeated names. The same fields come out here, with a
//! [`Warning`] for each thing that was dropped. Text that breaks out of the argument list (DSPy gives it to Python's
//! parser) is an error. No input panics; nesting is limited to 100 levels.

mod literal;
mod names;
mod parser;
mod pieces;
mod python;
mod token;
mod types;

pub(super) use names::is_type_name;
pub(super) use pieces::{number_value, rename_types, string_value, written_fields};
pub(super) use python::is_python_source;

use super::signature::{Field, Signature};
use super::syntax::SyntaxError;
use super::types::{FieldType, TypeScope};
use parser::{FieldParser, KEYWORDS};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::str::FromStr;
use token::{Spanned, Token};

/// A part of an inline signature that DSPy silently drops.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// The bytes of the source that it concerns.
    pub span: Range<usize>,
    /// What was dropped and why, one line.
    pub message: String,
}

/// The maximum length of a source, in bytes.
const MAX_LENGTH: usize = 64 * 1024;

impl Signature {
    /// Parses an inline signature, with a warning for each part that DSPy silently drops.
    ///
    /// # Errors
    /// The first [`SyntaxError`]: its place, what was expected there, and a suggestion if there is a good one.
    pub fn parse_inline(source: &str) -> Result<(Self, Vec<Warning>), SyntaxError> {
        Self::parse_inline_with(source, &TypeScope::new())
    }

    /// Parses an inline signature in which the names in `scope` mean the types there.
    ///
    /// # Errors
    /// As [`Signature::parse_inline`].
    pub fn parse_inline_with(source: &str, scope: &TypeScope) -> Result<(Self, Vec<Warning>), SyntaxError> {
        parse_signature(source, scope).map_err(|error| python::python_source(source).unwrap_or(error))
    }
}

impl FromStr for Signature {
    type Err = SyntaxError;

    fn from_str(source: &str) -> Result<Self, Self::Err> {
        Self::parse_inline(source).map(|(signature, _)| signature)
    }
}

impl FromStr for FieldType {
    type Err = SyntaxError;

    /// Parses the inline spelling and the one that DSPy prints.
    fn from_str(source: &str) -> Result<Self, Self::Err> {
        parse_type_with(source, &TypeScope::new())
    }
}

/// Whether a text can be a name in Python: of a field, a class, a member of an enum.
pub fn is_identifier(text: &str) -> bool {
    text.starts_with(token::starts_name) && text.chars().all(token::continues_name) && !KEYWORDS.contains(&text)
}

/// The names in a type; those of modules and the parts of dotted names too.
pub(super) fn type_names(source: &str) -> Vec<String> {
    let tokens = token::tokens(source, 0..source.len().min(MAX_LENGTH)).unwrap_or_default();
    let name = |(token, _): Spanned| if let Token::Name(name) = token { Some(name) } else { None };
    tokens.into_iter().filter_map(name).collect()
}

fn parse_signature(source: &str, scope: &TypeScope) -> Result<(Signature, Vec<Warning>), SyntaxError> {
    if source.len() > MAX_LENGTH {
        return Err(SyntaxError::new(0..0, "the signature is longer than 64 KiB", "fields on both sides of one `->`"));
    }
    let arrow = arrow(source)?;
    let mut warnings = Vec::new();
    let inputs = parse_side(source, 0..arrow, scope, &mut warnings)?;
    let outputs = parse_side(source, arrow + 2..source.len(), scope, &mut warnings)?;
    for (name, span, _) in &outputs {
        if inputs.iter().any(|(input, _, _)| input == name) {
            let message = format!("`{name}` is also an input");
            let error = SyntaxError::new(span.clone(), message, "a different name for each field");
            return Err(error.suggest(Some(format!("new_{name}"))));
        }
    }
    let fields =
        |side: Vec<NamedField>| side.into_iter().map(|(name, _, field_type)| Field::new(name, field_type)).collect();
    Ok((Signature::new(fields(inputs), fields(outputs)), warnings))
}

/// Parses a type in which the names in `scope` mean the types there: the inline spelling, and the one that DSPy prints.
pub(super) fn parse_type_with(source: &str, scope: &TypeScope) -> Result<FieldType, SyntaxError> {
    let tokens = token::tokens(source, 0..source.len().min(MAX_LENGTH))?;
    let mut parser = FieldParser { source, end: source.len(), tokens: &tokens, next: 0, printed: true, scope };
    let field_type = parser.field_type(0)?;
    match parser.peek() {
        None => Ok(field_type),
        Some(_) => Err(parser.error("there is text after the type", "the end of the type")),
    }
}

/// Finds the byte position of the only `->`.
fn arrow(source: &str) -> Result<usize, SyntaxError> {
    let mut arrows = source.match_indices("->").map(|(i, _)| i);
    let form = "inputs -> outputs, with exactly one `->`";
    let Some(first) = arrows.next() else {
        let wrong =
            ["=>", "→", "⇒", "- >", "–>", "—>", "<-", ">"].iter().find_map(|w| Some((source.find(w)?, w.len())));
        let end = source.trim_end().len();
        return Err(match wrong {
            Some((at, length)) => {
                SyntaxError::new(at..at + length, "the arrow is written `->`", form).suggest(Some("->"))
            }
            None => SyntaxError::new(end..end, "there is no `->`", form).suggest((end > 0).then_some(" -> answer")),
        });
    };
    match arrows.next() {
        None => Ok(first),
        Some(second) => {
            let quoted = source[..second].matches(['\'', '"']).count() % 2 == 1;
            let message = if quoted {
                "there is a second `->`; it counts inside quotes too, as in DSPy"
            } else {
                "there is a second `->`"
            };
            let error = SyntaxError::new(second..second + 2, message, form);
            Err(error.suggest((!quoted).then_some(",")))
        }
    }
}

/// A field: its name, the bytes of the name, and its type.
type NamedField = (String, Range<usize>, FieldType);

/// Parses the fields on one side of the arrow.
fn parse_side(
    source: &str,
    range: Range<usize>,
    scope: &TypeScope,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<NamedField>, SyntaxError> {
    let tokens = token::tokens(source, range.clone())?;
    let mut parser = FieldParser { source, end: range.end, tokens: &tokens, next: 0, printed: false, scope };
    let mut fields: Vec<NamedField> = Vec::new();
    let mut warn = |span: &Range<usize>, message: String| warnings.push(Warning { span: span.clone(), message });
    let (mut star, mut slash, mut double) = (false, false, false);
    let mut default: Option<Range<usize>> = None;
    while parser.peek().is_some() {
        let start = parser.span();
        if double {
            return Err(parser.error("there is a field after `**`, which must be last", "the end"));
        } else if parser.accept("/") {
            if slash || star || fields.is_empty() {
                return Err(SyntaxError::new(start, "`/` is not allowed here", "a field"));
            }
            slash = true;
            for (name, span, _) in fields.drain(..) {
                warn(&span, format!("`{name}` is dropped: DSPy drops all fields before `/`"));
            }
        } else if parser.accept("**") {
            double = true;
            let (name, span) = parser.field_name()?;
            parser.annotation()?;
            warn(&span, format!("`**{name}` is dropped: DSPy does not make a field of it"));
        } else if parser.accept("*") {
            if star {
                return Err(SyntaxError::new(start, "there is a second `*`", "a field"));
            }
            star = true;
            if parser.next_is(",") || parser.peek().is_none() {
                if !matches!(parser.tokens.get(parser.next + 1), Some((Token::Name(_), _))) {
                    return Err(SyntaxError::new(start, "`*` is not allowed here", "a field"));
                }
                warn(&start, "DSPy drops all fields after a bare `*` on this side".to_owned());
            } else {
                let (name, span) = parser.field_name()?;
                parser.annotation()?;
                warn(&span, format!("`*{name}` is dropped: DSPy does not make a field of it"));
            }
        } else {
            let (name, span) = parser.field_name()?;
            // DSPy ignores an annotation that is a bare `None`, but not `NoneType`.
            let bare_none =
                |parser: &FieldParser<'_>| matches!(&parser.tokens[parser.next - 1].0, Token::Name(n) if n == "None");
            let mut field_type = parser.annotation()?;
            if field_type == Some(FieldType::None) && bare_none(&parser) {
                warn(&span, format!("`{name}: None` means `str`, as in DSPy; write `{name}: str | None`"));
                field_type = None;
            }
            let given = parser.default_value()?;
            if let Some(given) = &given {
                warn(given, format!("the default of `{name}` is dropped: DSPy ignores defaults in inline signatures"));
            } else if default.is_some() && !star {
                return Err(SyntaxError::new(
                    span,
                    format!("`{name}` has no default, but a field before it has one"),
                    "fields without defaults",
                ));
            }
            default = default.or(given);
            let field_type = field_type.unwrap_or(FieldType::Str);
            if star {
                warn(&span, format!("`{name}` is dropped: it comes after a `*`"));
            } else if let Some(earlier) = fields.iter_mut().find(|(other, _, _)| *other == name) {
                warn(&span, format!("`{name}` occurs twice on this side: one field remains, with the last type"));
                earlier.2 = field_type;
            } else {
                fields.push((name, span, field_type));
            }
        }
        if parser.peek().is_some() && !parser.accept(",") {
            return Err(parser.separator_error());
        }
    }
    Ok(fields)
}
