//! Checks a value against a JSON schema: the keywords that structured outputs use, and `$ref` within the document. A
//! keyword outside of these is not judged. Source: JSON Schema 2020-12; the subset is that of `OpenAI`'s and
//! `OpenRouter`'s structured outputs, and what pydantic writes.

use super::{excerpt, problem};
use crate::dspy::Problem;
use serde_json::{Map, Value};
use std::cell::Cell;

/// Deeper schemas and values are not judged.
const MAX_DEPTH: usize = 64;
/// The problems that are named.
const MAX_PROBLEMS: usize = 8;
/// The pairs of schema and value that are compared: alternatives that mean each other would double with each step.
const MAX_STEPS: u32 = 200_000;

/// The problems of a value; empty if it fits.
pub(super) fn check(schema: &Value, value: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    Check { root: schema, steps: &Cell::new(0), problems: &mut problems }.value(schema, value, "", 0);
    problems.truncate(MAX_PROBLEMS);
    problems
}

struct Check<'a> {
    root: &'a Value,
    /// How many pairs were compared so far.
    steps: &'a Cell<u32>,
    problems: &'a mut Vec<Problem>,
}

impl Check<'_> {
    fn value(&mut self, schema: &Value, value: &Value, place: &str, depth: usize) {
        self.steps.set(self.steps.get() + 1);
        if depth > MAX_DEPTH || self.problems.len() >= MAX_PROBLEMS || self.steps.get() > MAX_STEPS {
            return;
        }
        let schema = match schema {
            Value::Bool(false) => return self.problem(place, "nothing", value),
            Value::Object(schema) => schema,
            _ => return,
        };
        if let Some(target) = schema.get("$ref").and_then(Value::as_str).and_then(|target| self.target(target)) {
            self.value(&target, value, place, depth + 1);
        }
        if value.is_null() && schema.get("nullable") == Some(&Value::Bool(true)) {
            return;
        }
        self.kind(schema, value, place);
        self.alternatives(schema, value, place, depth);
        match value {
            Value::Object(fields) => self.object(schema, fields, place, depth),
            Value::Array(items) => self.array(schema, items, value, place, depth),
            Value::String(text) => {
                let length = text.chars().count() as f64;
                self.bounds(schema, ("minLength", "maxLength"), length, "characters", value, place);
            }
            Value::Number(number) => self.number(schema, number.as_f64().unwrap_or_default(), value, place),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// The schema that a reference within the document means.
    fn target(&self, reference: &str) -> Option<Value> {
        self.root.pointer(reference.strip_prefix('#')?).cloned()
    }

    fn problem(&mut self, place: &str, expected: &str, got: &Value) {
        self.problems.push(problem(place.trim_start_matches('.'), expected, &excerpt(got)));
    }

    fn kind(&mut self, schema: &Map<String, Value>, value: &Value, place: &str) {
        let is = |kind: &str| match kind {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "null" => value.is_null(),
            "number" => value.is_number(),
            "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
            _ => true,
        };
        match schema.get("type") {
            Some(Value::String(kind)) if !is(kind) => self.problem(place, kind, value),
            Some(Value::Array(kinds)) if !kinds.iter().filter_map(Value::as_str).any(is) => {
                let kinds: Vec<&str> = kinds.iter().filter_map(Value::as_str).collect();
                self.problem(place, &kinds.join(" or "), value);
            }
            _ => {}
        }
        if let Some(Value::Array(allowed)) = schema.get("enum")
            && !allowed.iter().any(|one| is_equal(one, value))
        {
            let allowed: Vec<String> = allowed.iter().map(excerpt).collect();
            self.problem(place, &format!("one of {}", allowed.join(", ")), value);
        }
        if let Some(only) = schema.get("const").filter(|only| !is_equal(only, value)) {
            self.problem(place, &excerpt(only), value);
        }
    }

    fn alternatives(&mut self, schema: &Map<String, Value>, value: &Value, place: &str, depth: usize) {
        let list = |name: &str| schema.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        for part in list("allOf") {
            self.value(&part, value, place, depth + 1);
        }
        let (root, steps) = (self.root, self.steps);
        let fits = |alternative: &Value| {
            let mut problems = Vec::new();
            Check { root, steps, problems: &mut problems }.value(alternative, value, place, depth + 1);
            problems.is_empty()
        };
        let any = list("anyOf");
        if !any.is_empty() && !any.iter().any(fits) {
            self.problem(place, "one of the schema's alternatives", value);
        }
        let one = list("oneOf");
        if !one.is_empty() && one.iter().filter(|alternative| fits(alternative)).count() != 1 {
            self.problem(place, "exactly one of the schema's alternatives", value);
        }
    }

    fn object(&mut self, schema: &Map<String, Value>, fields: &Map<String, Value>, place: &str, depth: usize) {
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                self.problem(&format!("{place}.{name}"), "a value", &Value::from("nothing"));
            }
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, value) in fields {
            let place = format!("{place}.{name}");
            match (properties.and_then(|properties| properties.get(name)), schema.get("additionalProperties")) {
                (Some(property), _) => self.value(property, value, &place, depth + 1),
                // Patterns are not judged, so another name may be allowed by one.
                (None, _) if schema.contains_key("patternProperties") => {}
                (None, Some(Value::Bool(false))) => self.problem(&place, "no such field", value),
                (None, Some(others)) => self.value(others, value, &place, depth + 1),
                (None, None) => {}
            }
        }
    }

    fn array(&mut self, schema: &Map<String, Value>, items: &[Value], value: &Value, place: &str, depth: usize) {
        self.bounds(schema, ("minItems", "maxItems"), items.len() as f64, "items", value, place);
        let first = schema.get("prefixItems").and_then(Value::as_array);
        for (index, item) in items.iter().enumerate() {
            let one = first.and_then(|first| first.get(index)).or_else(|| schema.get("items"));
            if let Some(one) = one {
                self.value(one, item, &format!("{place}[{index}]"), depth + 1);
            }
        }
        let unique = schema.get("uniqueItems") == Some(&Value::Bool(true));
        if unique && items.iter().enumerate().any(|(at, item)| items[..at].iter().any(|other| is_equal(other, item))) {
            self.problem(place, "items that all differ", value);
        }
    }

    fn number(&mut self, schema: &Map<String, Value>, number: f64, value: &Value, place: &str) {
        let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
        for (name, fits) in [
            ("minimum", bound("minimum").is_none_or(|least| number >= least)),
            ("maximum", bound("maximum").is_none_or(|most| number <= most)),
            ("exclusiveMinimum", bound("exclusiveMinimum").is_none_or(|least| number > least)),
            ("exclusiveMaximum", bound("exclusiveMaximum").is_none_or(|most| number < most)),
            ("multipleOf", bound("multipleOf").is_none_or(|step| is_multiple(number, step))),
        ] {
            if !fits {
                self.problem(place, &format!("{name} {}", bound(name).unwrap_or_default()), value);
            }
        }
    }

    fn bounds(
        &mut self,
        schema: &Map<String, Value>,
        (least, most): (&str, &str),
        count: f64,
        what: &str,
        value: &Value,
        place: &str,
    ) {
        let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
        if let Some(least) = bound(least).filter(|least| count < *least) {
            self.problem(place, &format!("at least {least} {what}"), value);
        }
        if let Some(most) = bound(most).filter(|most| count > *most) {
            self.problem(place, &format!("at most {most} {what}"), value);
        }
    }
}

/// Equality as JSON Schema means it: 1 and 1.0 are the same number.
fn is_equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64() && a.is_f64() != b.is_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| is_equal(a, b)))
        }
        _ => a == b,
    }
}

/// Whether a number is a multiple of a step, as far as a binary fraction can tell.
fn is_multiple(number: f64, step: f64) -> bool {
    let quotient = number / step;
    (quotient - quotient.round()).abs() < 1e-9
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_keyword_is_judged() {
        for (schema, fits, unfit) in [
            (json!({"type": "integer"}), json!(1.0), json!(1.5)),
            (json!({"type": "number"}), json!(1), json!("1")),
            (json!({"type": ["string", "null"]}), json!(null), json!(1)),
            (json!({"type": "string", "nullable": true}), json!(null), json!(1)),
            (json!({"enum": ["a", 1]}), json!(1.0), json!("b")),
            (json!({"const": {"a": [1]}}), json!({"a": [1]}), json!({"a": [2]})),
            (json!({"const": {"a": [1]}}), json!({"a": [1.0]}), json!({"a": [1, 2]})),
            (json!({"const": {"a": 1, "b": 2}}), json!({"b": 2.0, "a": 1}), json!({"a": 1})),
            (json!({"const": {"a": 1}}), json!({"a": 1.0}), json!({"a": 1, "b": 2})),
            (
                json!({"const": 9_007_199_254_740_993_u64}),
                json!(9_007_199_254_740_993_u64),
                json!(9_007_199_254_740_992_u64),
            ),
            (json!({"required": ["a"]}), json!({"a": null}), json!({})),
            (json!({"properties": {"a": {"type": "string"}}}), json!({"b": 1}), json!({"a": 1})),
            (json!({"properties": {"a": {}}, "additionalProperties": false}), json!({"a": 1}), json!({"b": 1})),
            (
                json!({"patternProperties": {"^x": {}}, "additionalProperties": false, "required": ["x"]}),
                json!({"x": 1}),
                json!({"y": 1}),
            ),
            (json!({"additionalProperties": {"type": "integer"}}), json!({"a": 1}), json!({"a": "x"})),
            (json!({"items": {"type": "integer"}}), json!([1, 2]), json!([1, "2"])),
            (json!({"prefixItems": [{"type": "integer"}], "items": {"type": "string"}}), json!([1, "a"]), json!(["a"])),
            (json!({"minItems": 1, "maxItems": 2}), json!([1]), json!([])),
            (json!({"minItems": 1, "maxItems": 2}), json!([1, 2]), json!([1, 2, 3])),
            (json!({"uniqueItems": true}), json!([1, 2]), json!([1, 1.0])),
            (json!({"minLength": 2, "maxLength": 3}), json!("äö"), json!("abcd")),
            (json!({"minimum": 1, "exclusiveMaximum": 5}), json!(1), json!(5)),
            (json!({"exclusiveMinimum": 1, "maximum": 5}), json!(5), json!(1)),
            (json!({"multipleOf": 0.1}), json!(0.3), json!(0.35)),
            (json!({"multipleOf": 2}), json!(-4), json!(3)),
            (json!({"anyOf": [{"type": "string"}, {"type": "null"}]}), json!(null), json!(1)),
            (json!({"oneOf": [{"type": "integer"}, {"type": "number"}]}), json!(1.5), json!(1)),
            (json!({"allOf": [{"type": "integer"}, {"minimum": 3}]}), json!(3), json!(2)),
            (json!({"$ref": "#/$defs/T", "$defs": {"T": {"type": "integer"}}}), json!(1), json!("x")),
            (json!(true), json!(1), json!(null)),
        ] {
            assert_eq!(check(&schema, &fits), [], "{schema}");
            if schema != json!(true) {
                assert_ne!(check(&schema, &unfit), [], "{schema} {unfit}");
            }
        }
        assert_ne!(check(&json!(false), &json!(1)), []);
    }

    #[test]
    fn each_type_accepts_its_own_values_and_no_others() {
        let kinds = ["object", "array", "string", "boolean", "null", "number", "integer"];
        for (value, of) in [
            (json!({}), &["object"][..]),
            (json!([]), &["array"]),
            (json!(""), &["string"]),
            (json!(false), &["boolean"]),
            (json!(null), &["null"]),
            (json!(1.5), &["number"]),
            (json!(2.0), &["number", "integer"]),
            (json!(-1), &["number", "integer"]),
            (json!(u64::MAX), &["number", "integer"]),
        ] {
            let fitting: Vec<&str> =
                kinds.into_iter().filter(|kind| check(&json!({"type": kind}), &value).is_empty()).collect();
            assert_eq!(fitting, of, "{value}");
        }
        assert_eq!(check(&json!({"type": "unknown"}), &json!(1)), [], "a type that nobody knows is not judged");
    }

    #[test]
    fn what_is_nested_is_judged_to_a_depth_of_64() {
        type Nest = fn(Value) -> Value;
        let nests: [(Nest, Nest); 6] = [
            (|schema| json!({"properties": {"a": schema}}), |value| json!({"a": value})),
            (|schema| json!({"additionalProperties": schema}), |value| json!({"a": value})),
            (|schema| json!({"items": schema}), |value| json!([value])),
            (|schema| json!({"allOf": [schema]}), |value| value),
            (|schema| json!({"anyOf": [schema]}), |value| value),
            (|schema| json!({"oneOf": [schema]}), |value| value),
        ];
        for (outer_schema, outer_value) in nests {
            for (depth, is_judged) in [(1, true), (64, true), (65, false)] {
                let nested = |inner: Value, outer: Nest| (0..depth).fold(inner, |inner, _| outer(inner));
                let (schema, value) = (nested(json!({"type": "string"}), outer_schema), nested(json!(1), outer_value));
                assert_eq!(!check(&schema, &value).is_empty(), is_judged, "{depth} {schema}");
            }
        }
    }

    #[test]
    fn at_most_eight_problems_are_named() {
        let found = check(&json!({"items": {"type": "string"}}), &json!(vec![1; 20]));
        assert_eq!((found.len(), found[7].field.as_str()), (8, "[7]"));
    }

    #[test]
    fn a_schema_that_means_itself_ends_and_an_unknown_keyword_is_not_judged() {
        let tree = json!({"$defs": {"T": {"properties": {"next": {"$ref": "#/$defs/T"}, "n": {"type": "integer"}}}}, "$ref": "#/$defs/T"});
        assert_eq!(check(&tree, &json!({"next": {"next": {"n": 1}}})), []);
        let found = check(&tree, &json!({"next": {"next": {"n": "x"}}}));
        assert_eq!((found.len(), found[0].field.as_str()), (1, "next.next.n"));
        assert_eq!(check(&json!({"$ref": "#"}), &json!(1)), []);
        for alternatives in ["anyOf", "oneOf"] {
            check(&json!({alternatives: [{"$ref": "#"}, {"$ref": "#"}, {"type": "string"}]}), &json!("x"));
        }
        assert_eq!(
            check(&json!({"$ref": "https://example.com/x", "pattern": "^a$", "format": "date"}), &json!("b")),
            []
        );
    }
}
