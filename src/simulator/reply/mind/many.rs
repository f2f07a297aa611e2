//! Lists and dictionaries.

use super::super::extract;
use super::super::shape::Shape;
use super::{Mind, plain, shorten};
use serde_json::{Map, Value, json};

impl Mind<'_> {
    /// A list's items.
    pub(super) fn list(&mut self, name: &str, item: &Shape) -> Vec<Value> {
        match item {
            Shape::Int => extract::numbers(&self.text).into_iter().map(|x| (x.round() as i64).into()).collect(),
            Shape::Float => extract::numbers(&self.text).into_iter().map(|x| json!(x)).collect(),
            Shape::Text | Shape::Any => self.texts(name).into_iter().map(Value::from).collect(),
            Shape::Literal(options) => {
                let named = |option: &&Value| self.text.to_lowercase().contains(&plain(option).to_lowercase());
                let all: Vec<Value> = options.iter().filter(named).cloned().collect();
                if all.is_empty() { vec![self.choose(options)] } else { all }
            }
            Shape::Object(fields) => {
                let names = extract::names(&self.text);
                let name_field = fields.iter().position(|(field, _)| field.to_lowercase().contains("name"));
                match name_field {
                    Some(at) if !names.is_empty() => names
                        .into_iter()
                        .take(5)
                        .map(|name| {
                            let mut value = self.shaped("", item);
                            value[&fields[at].0] = name.into();
                            value
                        })
                        .collect(),
                    _ => vec![self.shaped(name, item)],
                }
            }
            other => vec![self.shaped(name, other)],
        }
    }

    fn texts(&self, name: &str) -> Vec<String> {
        if let Some(found) = self.found(name) {
            return found;
        }
        if name.contains("number") {
            return extract::numbers(&self.text).iter().map(ToString::to_string).collect();
        }
        if name.contains("step") || name.contains("plan") || name.contains("idea") {
            let about = shorten(self.question);
            return ["Look at", "Break down", "Check"]
                .iter()
                .map(|verb| format!("{verb} “{about}” (simulated)"))
                .collect();
        }
        if let Some(known) = &self.known {
            return vec![known.short.clone()];
        }
        let items = extract::items(&self.text);
        let names = extract::names(&self.text);
        match (items.len(), names.is_empty()) {
            (2.., _) => items,
            (_, false) => names,
            _ => extract::keywords(&self.text, 5),
        }
    }

    /// A dictionary's entries.
    pub(super) fn dict(&mut self, name: &str, value: &Shape) -> Map<String, Value> {
        // Lines such as `apples: 3` are a dictionary already.
        let text = self.text.clone();
        let pairs: Vec<(&str, &str)> = text.split(['\n', ',', ';']).filter_map(|part| part.split_once(':')).collect();
        let mut map = Map::new();
        for (key, said) in pairs {
            let said = said.trim();
            let value = match value {
                Shape::Int => extract::numbers(said).first().map(|x| (x.round() as i64).into()),
                Shape::Float => extract::numbers(said).first().map(|x| json!(x)),
                Shape::Text | Shape::Any => Some(said.into()),
                _ => None,
            };
            map.extend(value.map(|value| (last_sentence(key), value)));
        }
        if map.is_empty() {
            let mut keys = extract::names(&text);
            if keys.is_empty() {
                keys = extract::keywords(&text, 3);
            }
            for key in keys.into_iter().take(3) {
                let counted = extract::words(&text).filter(|word| word.eq_ignore_ascii_case(&key)).count().max(1);
                let one = match value {
                    Shape::Int => counted.into(),
                    Shape::Text | Shape::Any => format!("mentioned {counted} times").into(),
                    other => self.shaped(name, other),
                };
                map.insert(key, one);
            }
        }
        map
    }
}

/// What a colon follows: "We have many. Apples" is about apples.
fn last_sentence(text: &str) -> String {
    text.rsplit(['.', '!', '?']).next().unwrap_or_default().trim().to_owned()
}
