//! Writes demos and earlier turns as messages.

use super::super::signature::{Field, Signature};
use super::super::{Adapter, Demo, Turn, Values};
use super::prose;
use crate::openrouter::{Message, Role};

/// Appends the demos: incomplete ones first, then complete ones. A demo without any input or without any output is left
/// out, as by DSPy.
pub(super) fn append(adapter: Adapter, signature: &Signature, demos: &[Demo], messages: &mut Vec<Message>) {
    let has_any = |fields: &[Field], demo: &Demo| fields.iter().any(|field| demo.contains_key(&field.name));
    let useful = |demo: &&Demo| {
        (signature.inputs.is_empty() || has_any(&signature.inputs, demo)) && has_any(&signature.outputs, demo)
    };
    for incomplete in [true, false] {
        for demo in demos.iter().filter(useful).filter(|demo| is_incomplete(signature, demo) == incomplete) {
            let mut user = prose::inputs(adapter, signature, demo);
            if incomplete {
                user = format!("{}\n\n{user}", prose::INCOMPLETE);
            }
            messages.push(Message::new(Role::User, user));
            let absent = incomplete.then_some(prose::ABSENT);
            messages.push(Message::new(Role::Assistant, prose::answer(adapter, signature, demo, absent)));
        }
    }
}

/// Whether a field of the signature has no value. Null is a value where the type allows it.
fn is_incomplete(signature: &Signature, demo: &Demo) -> bool {
    signature.fields().any(|field| match demo.get(&field.name) {
        None => true,
        Some(value) => value.is_null() && !field.field_type.is_optional(),
    })
}

/// The turns in an input of type `dspy.History`, and the signature without that input.
pub(super) fn history(signature: &Signature, inputs: &Values) -> (Vec<Turn>, Signature) {
    let turns = signature.turns_in(inputs);
    let mut rest = signature.clone();
    if turns.is_some() {
        rest.inputs.retain(|field| !field.is_history());
    }
    (turns.unwrap_or_default(), rest)
}
