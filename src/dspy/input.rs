//! Converts what a person types into a value of an input field's type.

use super::Problem;
use super::reader::coerce;
use super::signature::{Field, Signature};
use super::types::FieldType;
use serde_json::Value;

impl Signature {
    /// Finds an input field by name.
    pub fn input(&self, name: &str) -> Option<&Field> {
        self.inputs.iter().find(|field| field.name == name)
    }
}

impl Field {
    /// Parses typed text as a value of this field. A list of strings may be typed with one item per line.
    ///
    /// # Errors
    /// The text does not fit the type.
    pub fn parse(&self, typed: &str) -> Result<Value, Problem> {
        let lines_allowed = matches!(&self.field_type, FieldType::List(Some(of)) if **of == FieldType::Str)
            || self.field_type == FieldType::List(None);
        if lines_allowed && !typed.trim_start().starts_with('[') {
            let lines = typed.lines().map(str::trim).filter(|line| !line.is_empty());
            return Ok(lines.map(Value::from).collect());
        }
        coerce::from_text(self, typed).map(|(value, _)| value)
    }

    /// Converts a JSON value to a value of this field. A field of type `str` takes any value: messages show a list as
    /// numbered items, and other values as text.
    ///
    /// # Errors
    /// The value does not fit the type.
    pub fn parse_json(&self, value: &Value) -> Result<Value, Problem> {
        if self.field_type == FieldType::Str {
            return Ok(value.clone());
        }
        coerce::from_json(self, value).map(|(value, _)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn typed_text_becomes_a_value_of_the_type() {
        let field = |field_type: &str| Field::new("x", field_type.parse().unwrap());
        assert_eq!(field("str").parse("a = [1]"), Ok(json!("a = [1]")));
        assert_eq!(field("int").parse("12"), Ok(json!(12)));
        assert_eq!(field("list[str]").parse("one\n\n two \n"), Ok(json!(["one", "two"])));
        assert_eq!(field("list[str]").parse("['a', 'b']"), Ok(json!(["a", "b"])));
        assert_eq!(field("int").parse("one").unwrap_err().to_string(), "x: expected int, got `one`");
    }
}
