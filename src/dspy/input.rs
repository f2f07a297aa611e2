//! What a person gives to an input field, as a value of its type.

use super::Problem;
use super::reader::coerce;
use super::signature::{Field, Signature};
use super::types::FieldType;
use serde_json::Value;

impl Signature {
    /// The input of that name.
    pub fn input(&self, name: &str) -> Option<&Field> {
        self.inputs.iter().find(|field| field.name == name)
    }
}

impl Field {
    /// Reads what was typed. A list of texts may be typed as one text a line.
    ///
    /// # Errors
    /// What was expected, and what came.
    pub fn read(&self, typed: &str) -> Result<Value, Problem> {
        let texts = matches!(&self.field_type, FieldType::List(Some(of)) if **of == FieldType::Str)
            || self.field_type == FieldType::List(None);
        if texts && !typed.trim_start().starts_with('[') {
            let lines = typed.lines().map(str::trim).filter(|line| !line.is_empty());
            return Ok(lines.map(Value::from).collect());
        }
        coerce::text(self, typed).map(|(value, _)| value)
    }

    /// Reads what came as JSON.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn read_json(&self, value: &Value) -> Result<Value, Problem> {
        coerce::json(self, value).map(|(value, _)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn typed_inputs_have_their_type() {
        let field = |field_type: &str| Field::new("x", field_type.parse().unwrap());
        assert_eq!(field("str").read("a = [1]"), Ok(json!("a = [1]")));
        assert_eq!(field("int").read("12"), Ok(json!(12)));
        assert_eq!(field("list[str]").read("one\n\n two \n"), Ok(json!(["one", "two"])));
        assert_eq!(field("list[str]").read("['a', 'b']"), Ok(json!(["a", "b"])));
        assert_eq!(field("int").read("one").unwrap_err().to_string(), "x: expected int, got `one`");
    }
}
