//! One generator of values from JSON schemas: the given value where it fits, otherwise a
//! simulated one that says so wherever it can hold text.

use super::schema::unknown;
use serde_json::{Map, Value, json};
use std::cell::Cell;

/// Below this depth the smallest value is generated, so that recursive schemas end.
const DEEP: usize = 4;
/// Deeper than this nothing is generated or looked at.
const MAX_DEPTH: usize = 32;
/// After this many steps every value is null: the schema demands an endless one.
const MAX_STEPS: u32 = 1000;

/// Makes values for schemas.
pub(super) struct Generator<'a> {
    /// The document that `$ref` points into.
    definitions: &'a Value,
    steps: Cell<u32>,
}

impl<'a> Generator<'a> {
    pub(super) fn new(definitions: &'a Value) -> Self {
        Self { definitions, steps: Cell::new(0) }
    }

    /// A simulated value. `text` is what a schema that allows any text gets; inside a list or an object, where a
    /// sentence is too long, text is "simulated" and the name of its place.
    pub(super) fn value(&self, schema: &Value, text: &str) -> Value {
        self.value_at(schema, text, 0)
    }

    fn value_at(&self, schema: &Value, text: &str, depth: usize) -> Value {
        if self.exhausted(depth) {
            return Value::Null;
        }
        let schema = self.resolve(schema);
        if let Some(options) = options(schema) {
            return options.first().cloned().unwrap_or_default();
        }
        if let Some(members) = members(schema) {
            let null = |member: &&Value| kind(member) == "null";
            let preferred = members.iter().find(|member| null(member) == (depth >= DEEP)).or(members.first());
            return preferred.map_or(Value::Null, |member| self.value_at(member, text, depth + 1));
        }
        match kind(schema) {
            // A class may be one that is written as text.
            "object" if *schema == unknown() => text.into(),
            "string" => string(schema, text).into(),
            "integer" => (number(schema, true) as i64).into(),
            "number" => number(schema, false).into(),
            "boolean" => false.into(),
            "null" => Value::Null,
            "array" => self.array(schema, depth),
            "object" => self.object(schema, depth),
            _ => text.into(),
        }
    }

    fn exhausted(&self, depth: usize) -> bool {
        self.steps.set(self.steps.get() + 1);
        depth > MAX_DEPTH || self.steps.get() > MAX_STEPS
    }

    fn array(&self, schema: &Value, depth: usize) -> Value {
        let item = |schema: &Value| self.value_at(schema, "simulated item", depth + 1);
        if let Some(items) = schema["prefixItems"].as_array() {
            return items.iter().map(item).collect();
        }
        // At least one where that is allowed, so that the shape of an item can be seen.
        let shown = depth < DEEP && schema["items"] != unknown();
        let least = schema["minItems"].as_u64().unwrap_or(u64::from(shown)).min(100) as usize;
        let length = least.min(schema["maxItems"].as_u64().unwrap_or(100) as usize);
        (0..length).map(|_| item(&schema["items"])).collect()
    }

    /// Every property, or, too deep, the required ones; one entry where the names are free.
    fn object(&self, schema: &Value, depth: usize) -> Value {
        let simulated = |name: &str| format!("simulated {name}");
        if let Some(properties) = schema["properties"].as_object() {
            let required = |name: &str| schema["required"].as_array().is_some_and(|all| all.contains(&json!(name)));
            let wanted = properties.iter().filter(|(name, _)| depth < DEEP || required(name));
            let pair = |(name, one): (&String, &Value)| (name.clone(), self.value_at(one, &simulated(name), depth + 1));
            return Value::Object(wanted.map(pair).collect());
        }
        let entry = &schema["additionalProperties"];
        if !entry.is_object() || [entry, &schema["propertyNames"]].contains(&&unknown()) || depth >= DEEP {
            return json!({});
        }
        let name = self.value_at(&schema["propertyNames"], "simulated", depth + 1);
        json!({ text_of(&name): self.value_at(entry, &simulated("value"), depth + 1) })
    }

    /// The given value as one of this schema, or `None` if it does not fit. Text is read as a number, as `yes` or
    /// `no`, or as an option of an enum; a single value becomes a list of one, and text the only property of an object.
    pub(super) fn fit(&self, value: &Value, schema: &Value) -> Option<Value> {
        self.fit_at(value, schema, 0)
    }

    fn fit_at(&self, value: &Value, schema: &Value, depth: usize) -> Option<Value> {
        if self.exhausted(depth) {
            return None;
        }
        let schema = self.resolve(schema);
        let fit = |value: &Value, schema: &Value| self.fit_at(value, schema, depth + 1);
        if let Some(options) = options(schema) {
            let same = |option: &Value| text_of(option).eq_ignore_ascii_case(&text_of(value));
            return options.iter().find(|option| same(option)).cloned();
        }
        if let Some(mut members) = members(schema) {
            // Everything can be read as text, so text comes last.
            members.sort_by_key(|member| kind(member) == "string");
            return members.iter().find_map(|member| fit(value, member));
        }
        match (kind(schema), value) {
            ("object", _) if *schema == unknown() => (depth == 0).then(|| value.clone()),
            ("", _) | ("null", Value::Null) | ("boolean", Value::Bool(_)) => Some(value.clone()),
            ("string", Value::String(_) | Value::Number(_)) => Some(text_of(value).into()),
            ("boolean", Value::String(text)) => match text.to_lowercase().as_str() {
                "yes" | "true" => Some(true.into()),
                "no" | "false" => Some(false.into()),
                _ => None,
            },
            ("integer" | "number", Value::String(text)) => fit(&serde_json::from_str::<Value>(text).ok()?, schema),
            ("integer", Value::Number(number)) if number.is_i64() => Some(value.clone()),
            ("integer", Value::Number(_)) => {
                value.as_f64().filter(|x| x.fract() == 0.0 && x.abs() < 1e15).map(|x| (x as i64).into())
            }
            ("number", Value::Number(_)) => value.as_f64().map(Value::from),
            ("array", Value::Array(items)) => {
                let schemas = schema["prefixItems"].as_array();
                let schema = |i: usize| schemas.map_or(Some(&schema["items"]), |schemas| schemas.get(i));
                items.iter().enumerate().map(|(i, item)| fit(item, schema(i)?)).collect()
            }
            ("array", Value::String(_) | Value::Number(_)) if schema.get("prefixItems").is_none() => {
                Some(json!([fit(value, &schema["items"])?]))
            }
            ("object", Value::Object(entries)) => {
                let properties = schema["properties"].as_object();
                let one = |name: &String| properties.map_or(&schema["additionalProperties"], |all| &all[name]);
                let pair = |name: &String| Some((name.clone(), fit(entries.get(name)?, one(name))?));
                properties.unwrap_or(entries).keys().map(pair).collect::<Option<Map<_, _>>>().map(Value::Object)
            }
            ("object", Value::String(_)) => {
                let (name, one) = schema["properties"].as_object().filter(|all| all.len() == 1)?.iter().next()?;
                Some(json!({ name: fit(value, one)? }))
            }
            _ => None,
        }
    }

    /// Whether the schema allows only some values, itself or by reference.
    pub(super) fn is_enum(&self, schema: &Value) -> bool {
        options(self.resolve(schema)).is_some()
    }

    /// The schema that `$ref` names, or the only one in `allOf`. Several in `allOf` are not put together.
    fn resolve<'s>(&self, mut schema: &'s Value) -> &'s Value
    where
        'a: 's,
    {
        for _ in 0..MAX_DEPTH {
            let target = schema["$ref"].as_str().and_then(|path| self.definitions.pointer(path.strip_prefix('#')?));
            let only = || schema["allOf"].as_array().filter(|parts| parts.len() == 1).and_then(|parts| parts.first());
            match target.or_else(only) {
                Some(target) => schema = target,
                None => break,
            }
        }
        schema
    }
}

fn options(schema: &Value) -> Option<&[Value]> {
    schema["enum"].as_array().map(Vec::as_slice).or_else(|| schema.get("const").map(std::slice::from_ref))
}

/// The members of a union; `"type": ["integer", "null"]` is one as well.
fn members(schema: &Value) -> Option<Vec<Value>> {
    if let Some(types) = schema["type"].as_array() {
        let member = |kind: &Value| {
            let mut member = schema.clone();
            member["type"] = kind.clone();
            member
        };
        return Some(types.iter().map(member).collect());
    }
    ["anyOf", "oneOf"].iter().find_map(|key| schema[*key].as_array().cloned())
}

/// The name of the type; empty where every type is allowed.
fn kind(schema: &Value) -> &str {
    match schema["type"].as_str() {
        Some(kind) => kind,
        None if schema.get("properties").is_some() => "object",
        None if schema.get("items").is_some() => "array",
        None => "",
    }
}

/// Text in the schema's format and length; a `pattern` is not looked at.
fn string(schema: &Value, text: &str) -> String {
    let text = match schema["format"].as_str() {
        Some("date-time") => "2026-01-01T00:00:00Z",
        Some("date") => "2026-01-01",
        Some("time") => "00:00:00",
        Some("duration") => "PT0S",
        Some("uuid") => "00000000-0000-4000-8000-000000000000",
        Some("email") => "simulated@example.org",
        Some("uri" | "url") => "https://example.org/simulated",
        _ => text,
    };
    let bound = |key: &str| schema[key].as_u64().map(|length| length as usize);
    let (least, most) = (bound("minLength").unwrap_or(0).min(10_000), bound("maxLength").unwrap_or(usize::MAX));
    let missing = least.saturating_sub(text.chars().count());
    text.chars().chain(std::iter::repeat_n('.', missing)).take(most).collect()
}

/// Zero, or a number near a bound where zero is not allowed.
fn number(schema: &Value, whole: bool) -> f64 {
    let bound = |key: &str| schema[key].as_f64();
    let (minimum, above) = (bound("minimum"), bound("exclusiveMinimum"));
    let (maximum, below) = (bound("maximum"), bound("exclusiveMaximum"));
    let step = bound("multipleOf").filter(|step| *step > 0.0);
    let allowed = |x: &f64| {
        minimum.is_none_or(|least| *x >= least)
            && above.is_none_or(|least| *x > least)
            && maximum.is_none_or(|most| *x <= most)
            && below.is_none_or(|most| *x < most)
            && (!whole || x.fract() == 0.0)
    };
    let (least, most) = (minimum.or(above).unwrap_or(0.0), maximum.or(below).unwrap_or(0.0));
    let unit = step.unwrap_or(1.0);
    let (from, to) = (least / unit, most / unit);
    let steps = [0.0, from.ceil(), from.floor() + 1.0, to.floor(), to.ceil() - 1.0].map(|steps| steps * unit);
    let between = [least, most, least.midpoint(most)];
    steps.into_iter().chain(between).find(allowed).unwrap_or(0.0)
}

/// A value as text: strings as they are, everything else as JSON.
pub(super) fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
