//! Converts elements to a value by the type of their field: a list is `<item>` elements or a repeated tag, a dict has
//! one element for each key, `<entry key="…">` if the key is no name, an object one for each field. JSON between the tags is read as well.

use super::super::super::signature::Field;
use super::super::super::types::FieldType;
use super::super::coerce::{self, FieldResult, convert, parse_value};
use super::element::{ElementEnd, Search};
use super::escape::{cdata, decode};
use super::tag::{Lexeme, TagKind, lex_any};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// The maximum nesting of elements in a field. What is deeper is text.
const MAX_DEPTH: usize = 64;

/// One element: its text without white space at the ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    pub text: &'a str,
    pub self_closed: bool,
}

/// The elements in a text.
struct Children<'a> {
    /// Each with its name, or its key.
    all: Vec<(Cow<'a, str>, Element<'a>)>,
    /// Whether there is other text between them.
    prose: bool,
}

/// Whether values of this type may have elements.
pub(super) fn has_elements(field_type: &FieldType) -> bool {
    match field_type {
        FieldType::Alias(_, inner) => has_elements(inner),
        FieldType::Union(types) => types.iter().any(has_elements),
        FieldType::Dict(_) | FieldType::Object(_) | FieldType::Any => true,
        FieldType::Named(name) => name == "dspy.History",
        field_type => is_list(field_type),
    }
}

/// Whether a repeated tag is another item of the value.
pub(super) fn is_list(field_type: &FieldType) -> bool {
    match field_type {
        FieldType::List(_) | FieldType::Set(_) | FieldType::Tuple(_) | FieldType::TupleOf(_) => true,
        FieldType::Alias(_, inner) => is_list(inner),
        FieldType::Union(types) => types.iter().any(is_list),
        _ => false,
    }
}

/// Converts the elements of a field. `escaped`: entities are decoded.
pub(super) fn field(field: &Field, elements: &[Element<'_>], escaped: bool) -> FieldResult {
    let mut reader = ValueReader { escaped, repairs: Vec::new() };
    let field_type = &field.field_type;
    if let [only] = elements
        && !has_elements(field_type)
    {
        let (value, repairs) = match empty(field_type, *only) {
            Some(value) => (value, Vec::new()),
            None => coerce::from_text(field, &reader.text(*only))?,
        };
        return Ok((value, [reader.repairs, repairs].concat()));
    }
    let value = reader.value(field_type, elements, 0);
    let converted = convert(field_type, &value, &mut reader.repairs);
    coerce::finish(field, converted, reader.repairs, &value, elements.first().map_or("", |element| element.text))
}

/// The value of an element without text. A self-closed tag is null if the type allows it.
fn empty(field_type: &FieldType, element: Element<'_>) -> Option<Value> {
    if !element.text.is_empty() {
        return None;
    }
    match field_type {
        FieldType::None => Some(Value::Null),
        FieldType::Alias(_, inner) => empty(inner, element),
        FieldType::Dict(_) | FieldType::Object(_) => Some(Value::Object(Map::new())),
        FieldType::Union(types) if types.contains(&FieldType::None) => {
            let rest = types.iter().filter(|_| !element.self_closed);
            let of = |field_type: &FieldType| match field_type {
                FieldType::Str => Some(Value::String(String::new())),
                FieldType::None => None,
                field_type => empty(field_type, element),
            };
            Some(rest.clone().find_map(of).unwrap_or(Value::Null))
        }
        FieldType::Literal(choices) => empty_choice(|value| choices.contains(value), element),
        FieldType::Enum(class) => empty_choice(|value| class.values().any(|known| known == value), element),
        field_type => is_list(field_type).then(|| Value::Array(Vec::new())),
    }
}

/// The choice that an empty element is: the empty text, unless it is self-closed, or null.
fn empty_choice(is_choice: impl Fn(&Value) -> bool, element: Element<'_>) -> Option<Value> {
    let text = (!element.self_closed).then(|| Value::from(""));
    text.into_iter().chain([Value::Null]).find(|value| is_choice(value))
}

struct ValueReader {
    escaped: bool,
    repairs: Vec<String>,
}

impl ValueReader {
    fn repair(&mut self, what: &str) {
        if !self.repairs.iter().any(|known| known == what) {
            self.repairs.push(what.to_owned());
        }
    }

    /// The text of an element that has no other elements.
    fn text<'a>(&mut self, element: Element<'a>) -> Cow<'a, str> {
        if let Some(inner) = cdata(element.text) {
            self.repair("dropped `<![CDATA[` and `]]>`");
            return Cow::Borrowed(inner);
        }
        if !self.escaped {
            return Cow::Borrowed(element.text);
        }
        let text = decode(element.text);
        if let Cow::Owned(_) = text {
            self.repair("decoded XML entities");
        }
        text
    }

    fn json(&mut self, element: Element<'_>) -> Value {
        let text = self.text(element);
        parse_value(&text, &mut self.repairs)
    }

    /// The value of one element, or of several with the same name. It may not fit the type.
    fn value(&mut self, field_type: &FieldType, elements: &[Element<'_>], depth: usize) -> Value {
        if let [only] = elements {
            if depth > MAX_DEPTH {
                return only.text.into();
            }
            if let Some(value) = empty(field_type, *only) {
                return value;
            }
        }
        match field_type {
            FieldType::Alias(_, inner) => self.value(inner, elements, depth),
            FieldType::List(inner) | FieldType::Set(inner) => {
                self.list(elements, |_| inner.as_deref().unwrap_or(&FieldType::Any), depth)
            }
            FieldType::TupleOf(inner) => self.list(elements, |_| inner, depth),
            FieldType::Tuple(types) => {
                self.list(elements, |i| types.as_ref().and_then(|all| all.get(i)).unwrap_or(&FieldType::Any), depth)
            }
            FieldType::Dict(pair) => {
                self.dict(elements, |_| pair.as_ref().map_or(&FieldType::Any, |pair| &pair.1), depth)
            }
            FieldType::Object(class) => {
                let field = |name: &str| class.fields.iter().find(|field| field.name == name);
                self.dict(elements, |name| field(name).map_or(&FieldType::Any, |field| &field.field_type), depth)
            }
            FieldType::Union(types) => self.union(field_type, types, elements, depth),
            FieldType::Any => self.any(elements, depth),
            FieldType::Named(name) if name == "dspy.History" => self.any(elements, depth),
            FieldType::Literal(_) | FieldType::Enum(_) if elements.len() == 1 => {
                let text = self.text(elements[0]);
                coerce::choice_of(field_type, &text, &mut self.repairs).unwrap_or_else(|| text.into())
            }
            _ => match elements {
                [only] if is_text(field_type) => self.text(*only).into(),
                [only] => self.json(*only),
                // Several values where one is expected.
                all => all.iter().map(|element| Value::from(self.text(*element))).collect(),
            },
        }
    }

    fn list<'t>(&mut self, elements: &[Element<'_>], of: impl Fn(usize) -> &'t FieldType, depth: usize) -> Value {
        let mut items = Cow::Borrowed(elements);
        if let [only] = elements {
            if only.text.starts_with('[') {
                return self.json(*only);
            }
            if let Some(children) = children(only.text)
                && children.all.iter().any(|(name, _)| name == "item")
            {
                if children.all.iter().any(|(name, _)| name != "item") {
                    return only.text.into();
                }
                if children.prose {
                    self.repair("ignored text around the items");
                }
                items = children.all.into_iter().map(|(_, element)| element).collect();
            }
        }
        items.iter().enumerate().map(|(i, element)| self.value(of(i), &[*element], depth + 1)).collect()
    }

    fn dict<'t>(&mut self, elements: &[Element<'_>], of: impl Fn(&str) -> &'t FieldType, depth: usize) -> Value {
        let [only] = elements else {
            return elements.iter().map(|element| Value::from(element.text)).collect();
        };
        if only.text.starts_with('{') {
            return self.json(*only);
        }
        let Some(children) = children(only.text) else { return self.json(*only) };
        if children.prose {
            self.repair("ignored text around the elements");
        }
        let grouped = group(children.all);
        let value = |(name, group): (String, Vec<Element<'_>>)| {
            let value = self.value(of(&name), &group, depth + 1);
            (name, value)
        };
        Value::Object(grouped.into_iter().map(value).collect())
    }

    fn any(&mut self, elements: &[Element<'_>], depth: usize) -> Value {
        let [only] = elements else {
            return elements.iter().map(|element| self.any(&[*element], depth)).collect();
        };
        if depth > MAX_DEPTH {
            return only.text.into();
        }
        match children(only.text).filter(|children| !children.prose) {
            Some(children) if children.all.iter().all(|(name, _)| name == "item") => {
                children.all.into_iter().map(|(_, element)| self.any(&[element], depth + 1)).collect()
            }
            Some(_) => self.dict(elements, |_| &FieldType::Any, depth),
            None if depth == 0 => self.json(*only),
            None => self.text(*only).into(),
        }
    }

    fn union(&mut self, field_type: &FieldType, types: &[FieldType], elements: &[Element<'_>], depth: usize) -> Value {
        let nested = match elements {
            [only] => children(only.text).is_some_and(|children| !children.prose),
            _ => true,
        };
        let mut members: Vec<&FieldType> = types.iter().filter(|member| has_elements(member)).collect();
        // Text is tried before elements if there are none, and after them otherwise.
        members.insert(if nested { members.len() } else { 0 }, field_type);
        let known = self.repairs.len();
        for member in members {
            let value = match elements {
                [only] if member == field_type && coerce::is_verbatim(field_type) => self.text(*only).into(),
                [only] if member == field_type => self.json(*only),
                _ if member == field_type => continue,
                _ => self.value(member, elements, depth),
            };
            if convert(member, &value, &mut Vec::new()).is_some() {
                return value;
            }
            self.repairs.truncate(known);
        }
        elements.first().map_or(Value::Null, |element| element.text.into())
    }
}

/// Whether the text of an element is a value of this type.
fn is_text(field_type: &FieldType) -> bool {
    matches!(field_type, FieldType::Str | FieldType::Bytes | FieldType::Complex | FieldType::Named(_))
}

/// The elements of each name, in the order of the first of each.
fn group<'a>(children: Vec<(Cow<'a, str>, Element<'a>)>) -> Vec<(String, Vec<Element<'a>>)> {
    let mut places = Map::new();
    let mut groups: Vec<(String, Vec<Element<'a>>)> = Vec::new();
    for (name, element) in children {
        let at = places.get(&*name).and_then(Value::as_u64).map(|at| at as usize);
        if let Some(at) = at {
            groups[at].1.push(element);
        } else {
            places.insert(name.to_string(), groups.len().into());
            groups.push((name.into_owned(), vec![element]));
        }
    }
    groups
}

/// The elements in a text; nothing if it has none, or one that is not closed.
fn children(text: &str) -> Option<Children<'_>> {
    let mut found = Children { all: Vec::new(), prose: false };
    // Names whose closing tag is on no line of its own in the rest of the text.
    let mut hasty: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        found.prose |= !rest[..at].trim().is_empty();
        rest = &rest[at..];
        let tag = match lex_any(rest) {
            Lexeme::Tag(tag) if tag.kind != TagKind::Close => tag,
            _ => {
                found.prose = true;
                rest = &rest[1..];
                continue;
            }
        };
        let inner = &rest[tag.length..];
        let mut element = Element { text: "", self_closed: true };
        let mut stop = 0;
        if tag.kind == TagKind::Open {
            let mut end = ElementEnd::new(tag.name, hasty.contains(&tag.name));
            let Search::End(start, after) = end.find(inner, true, |rest| Some(is_tag(rest))) else { return None };
            if end.candidate() == Some((start, after)) {
                hasty.push(tag.name);
            }
            element = Element { text: inner[..start].trim(), self_closed: false };
            stop = after;
        }
        let key = tag.key().filter(|_| tag.name == "entry").map(decode);
        found.all.push((key.unwrap_or(Cow::Borrowed(tag.name)), element));
        rest = &inner[stop..];
    }
    found.prose |= !rest.trim().is_empty();
    (!found.all.is_empty()).then_some(found)
}

fn is_tag(text: &str) -> bool {
    matches!(lex_any(text), Lexeme::Tag(_))
}
