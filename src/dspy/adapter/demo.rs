//! Examples and earlier turns as messages.

use super::super::signature::{Field, Signature};
use super::super::types::FieldType;
use super::super::{Adapter, Demo, Turn, Values};
use super::prose;
use crate::openrouter::{Message, Role};
use serde_json::Value;

/// The demos: those that lack a field first, then the complete ones; those without any input or any output not at all.
pub(super) fn tell(adapter: Adapter, signature: &Signature, demos: &[Demo], messages: &mut Vec<Message>) {
    let any = |fields: &[Field], demo: &Demo| fields.iter().any(|field| demo.contains_key(&field.name));
    let useful =
        |demo: &&Demo| (signature.inputs.is_empty() || any(&signature.inputs, demo)) && any(&signature.outputs, demo);
    for lacking in [true, false] {
        for demo in demos.iter().filter(useful).filter(|demo| lacks(signature, demo) == lacking) {
            let mut user = prose::inputs(adapter, signature, demo);
            if lacking {
                user = format!("{}\n\n{user}", prose::INCOMPLETE);
            }
            messages.push(Message::new(Role::User, user));
            let absent = lacking.then_some(prose::ABSENT);
            messages.push(Message::new(Role::Assistant, prose::answer(adapter, signature, demo, absent)));
        }
    }
}

/// Whether a field has no value; `None` is one where the type allows it.
fn lacks(signature: &Signature, demo: &Demo) -> bool {
    signature.fields().any(|field| match demo.get(&field.name) {
        None => true,
        Some(value) => value.is_null() && !field.field_type.is_optional(),
    })
}

/// The turns told by an input of type `dspy.History`, and the signature without it.
pub(super) fn history(signature: &Signature, inputs: &Values) -> (Vec<Turn>, Signature) {
    let of_history = |field: &Field| field.field_type == FieldType::Named("dspy.History".to_owned());
    let value = signature.inputs.iter().find(|field| of_history(field)).and_then(|field| inputs.get(&field.name));
    let list = value.and_then(|value| value.as_array().or_else(|| value.get("messages")?.as_array()));
    let turns = list.into_iter().flatten().filter_map(Value::as_object).cloned().collect();
    let mut rest = signature.clone();
    if list.is_some() {
        rest.inputs.retain(|field| !of_history(field));
    }
    (turns, rest)
}
