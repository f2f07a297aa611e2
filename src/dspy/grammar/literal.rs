//! Parses the choices of a `Literal`.

use super::super::syntax::SyntaxError;
use super::super::types::FieldType;
use super::FieldParser;
use super::token::{self, Token};
use super::types::MAX_DEPTH;
use serde_json::Value;

impl FieldParser<'_> {
    /// Parses the `[…]` of a `Literal`: constants, constants in parentheses, and other `Literal`s. Duplicates are dropped.
    pub(super) fn literal(&mut self, depth: usize) -> Result<FieldType, SyntaxError> {
        self.accept("[");
        let mut values = Vec::new();
        self.constants("]", &mut values, depth)?;
        if values.is_empty() {
            return Err(self.error("`Literal` without choices", "Literal['a', 'b']"));
        }
        self.expect_close("]")?;
        Ok(FieldType::Literal(values))
    }

    fn constants(&mut self, end: &str, values: &mut Vec<Value>, depth: usize) -> Result<(), SyntaxError> {
        if depth > MAX_DEPTH {
            return Err(self.error("choices are nested more than 100 levels deep", "less nesting"));
        }
        while self.peek().is_some() && !self.next_is(end) {
            let value = match self.peek() {
                Some(Token::Text(text)) => {
                    let mut text = text.clone();
                    // Python joins adjacent strings.
                    while let Some((Token::Text(more), _)) = self.tokens.get(self.next + 1) {
                        text.push_str(more);
                        self.next += 1;
                    }
                    Value::String(text)
                }
                Some(Token::Number(number)) => {
                    let value = token::value(number);
                    value.ok_or_else(|| self.error("JSON cannot hold this number", "a number of at most 64 bits"))?
                }
                Some(Token::Name(word)) if matches!(word.as_str(), "True" | "False") => Value::Bool(word == "True"),
                Some(Token::Name(word)) if word == "None" => Value::Null,
                Some(Token::Sign("(")) => {
                    self.next += 1;
                    self.constants(")", values, depth + 1)?;
                    self.expect_close(")")?;
                    if !self.accept(",") {
                        break;
                    }
                    continue;
                }
                Some(Token::Name(word)) if word == "Literal" || word == "typing" => {
                    let FieldType::Literal(inner) = self.one_type(depth + 1)? else {
                        return Err(self.error("a type in the choices", "strings, numbers, True, False or None"));
                    };
                    for value in inner {
                        push_new(values, value);
                    }
                    if !self.accept(",") {
                        break;
                    }
                    continue;
                }
                Some(Token::Name(word)) => {
                    let error = self
                        .error(&format!("the choice `{word}` has no quotes"), "strings, numbers, True, False or None");
                    return Err(error.suggest(Some(format!("'{word}'"))));
                }
                _ => {
                    return Err(self.error(
                        &format!("{} in the choices", self.describe_next()),
                        "strings, numbers, True, False or None",
                    ));
                }
            };
            self.next += 1;
            push_new(values, value);
            if !self.accept(",") {
                break;
            }
        }
        Ok(())
    }
}

fn push_new(values: &mut Vec<Value>, value: Value) {
    if !values.contains(&value) {
        values.push(value);
    }
}
