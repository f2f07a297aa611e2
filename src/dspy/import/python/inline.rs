//! Inline signatures in Python source. Their types may be names that the source imports or defines.

use super::declarations::Scope;
use super::fields::SideField;
use super::reader::Reader;
use super::signatures::Draft;
use super::syntax::line;
use crate::dspy::grammar::written_fields;
use crate::dspy::signature::{Field, Signature};
use crate::dspy::types::FieldType;
use tree_sitter::Node;

impl<'t> Reader<'t> {
    /// The fields of an inline signature that stands at a node; nothing if it is none, and a note says why.
    pub(super) fn inline(&mut self, inline: &str, at: Node<'t>, place: &str, scope: Scope) -> Option<Draft> {
        let error = match Signature::parse_inline(inline) {
            Ok((signature, warnings)) => {
                for warning in warnings {
                    self.note(line(at), format!("{place}: {}", warning.message));
                }
                return Some(draft(signature.inputs, signature.outputs));
            }
            Err(error) => error,
        };
        let Some([inputs, outputs]) = written_fields(inline) else {
            self.note(line(at), format!("{place} is left out: {error}"));
            return None;
        };
        let mut side = |fields: Vec<(String, Option<String>)>| {
            let fields = fields.into_iter().filter_map(|(name, written)| {
                let known = format!("{name} ->").parse::<Signature>().map_err(|error| error.message);
                let typed = known.and_then(|_| {
                    written.map_or(Ok(FieldType::Str), |written| self.written_type(&written, scope, at.start_byte()))
                });
                let noted =
                    typed.map_err(|reason| self.note(line(at), format!("{place}.{name} is left out: {reason}")));
                noted.ok().map(|field_type| Field::new(name, field_type))
            });
            fields.collect()
        };
        let (inputs, outputs) = (side(inputs), side(outputs));
        Some(draft(inputs, outputs))
    }
}

fn draft(inputs: Vec<Field>, outputs: Vec<Field>) -> Draft {
    let side = |fields: Vec<Field>, is_input| fields.into_iter().map(move |field| SideField { field, is_input });
    Draft { fields: side(inputs, true).chain(side(outputs, false)).collect(), ..Draft::default() }
}
