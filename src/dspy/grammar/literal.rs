//! The choices of a `Literal`.

use super::super::syntax::SyntaxError;
use super::super::types::FieldType;
use super::FieldParser;
use super::token::{self, Token};
use super::types::DEEPEST;
use serde_json::Value;

impl FieldParser<'_> {
    /// `[…]` of a `Literal`: constants, constants in round brackets, other `Literal`s; each once.
    pub(super) fn literal(&mut self, depth: usize) -> Result<FieldType, SyntaxError> {
        self.take("[");
        let mut values = Vec::new();
        self.constants("]", &mut values, depth)?;
        if values.is_empty() {
            return Err(self.error("a `Literal` without a choice", "Literal['a', 'b']"));
        }
        self.close("]", "the choices")?;
        Ok(FieldType::Literal(values))
    }

    fn constants(&mut self, end: &str, values: &mut Vec<Value>, depth: usize) -> Result<(), SyntaxError> {
        if depth > DEEPEST {
            return Err(self.error("choices nested more than 100 deep", "simple choices"));
        }
        while self.peek().is_some() && !self.next_is(end) {
            let value = match self.peek() {
                Some(Token::Text(text)) => {
                    let mut text = text.clone();
                    // Python joins neighbouring strings.
                    while let Some((Token::Text(more), _)) = self.tokens.get(self.at + 1) {
                        text.push_str(more);
                        self.at += 1;
                    }
                    Value::String(text)
                }
                Some(Token::Number(number)) => {
                    let value = token::value(number);
                    value.ok_or_else(|| self.error("a number that JSON cannot hold", "a smaller number"))?
                }
                Some(Token::Name(word)) if matches!(word.as_str(), "True" | "False") => Value::Bool(word == "True"),
                Some(Token::Name(word)) if word == "None" => Value::Null,
                Some(Token::Sign("(")) => {
                    self.at += 1;
                    self.constants(")", values, depth + 1)?;
                    self.close(")", "the choices")?;
                    if !self.take(",") {
                        break;
                    }
                    continue;
                }
                Some(Token::Name(word)) if word == "Literal" || word == "typing" => {
                    let FieldType::Literal(inner) = self.one_type(depth + 1)? else {
                        return Err(self.error("a type among the choices", "strings, numbers, True, False or None"));
                    };
                    for value in inner {
                        once(values, value);
                    }
                    if !self.take(",") {
                        break;
                    }
                    continue;
                }
                Some(Token::Name(word)) => {
                    let error =
                        self.error(&format!("`{word}` without quotes"), "strings, numbers, True, False or None");
                    return Err(error.suggest(Some(format!("'{word}'"))));
                }
                _ => {
                    return Err(self.error(
                        &format!("{} among the choices", self.found()),
                        "strings, numbers, True, False or None",
                    ));
                }
            };
            self.at += 1;
            once(values, value);
            if !self.take(",") {
                break;
            }
        }
        Ok(())
    }
}

fn once(values: &mut Vec<Value>, value: Value) {
    if !values.contains(&value) {
        values.push(value);
    }
}
