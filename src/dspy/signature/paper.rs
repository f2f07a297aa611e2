//! A signature in JSON: types are texts, and `types` holds the definitions of the objects and enums that they name.

use super::super::Values;
use super::super::grammar::{is_identifier, parse_type_with};
use super::super::types::{TypeScope, definitions, read_types};
use super::{Field, Signature};
use serde::de::Error;
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let types = definitions::write(self.classes());
        let mut map = to.serialize_struct("Signature", 4 + usize::from(!types.is_empty()))?;
        map.serialize_field("name", &self.name)?;
        map.serialize_field("instructions", &self.instructions)?;
        if !types.is_empty() {
            map.serialize_field("types", &types)?;
        }
        map.serialize_field("inputs", &self.inputs)?;
        map.serialize_field("outputs", &self.outputs)?;
        map.end()
    }
}

/// A signature as it was written.
#[derive(Deserialize)]
struct WrittenSignature {
    #[serde(default)]
    name: String,
    #[serde(default)]
    instructions: String,
    #[serde(default)]
    types: Values,
    inputs: Vec<WrittenField>,
    outputs: Vec<WrittenField>,
}

#[derive(Deserialize)]
struct WrittenField {
    name: String,
    kind: String,
    description: Option<String>,
    constraints: Option<String>,
    placeholder: Option<String>,
}

impl WrittenField {
    fn read<E: Error>(self, scope: &TypeScope) -> Result<Field, E> {
        if !is_identifier(&self.name) {
            return Err(E::custom("the name of a field is not an identifier"));
        }
        Ok(Field {
            name: self.name,
            field_type: parse_type_with(&self.kind, scope).map_err(E::custom)?,
            description: self.description,
            constraints: self.constraints,
            placeholder: self.placeholder,
        })
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let written = WrittenSignature::deserialize(from)?;
        let scope = read_types(&written.types).map_err(D::Error::custom)?;
        let fields =
            |side: Vec<WrittenField>| side.into_iter().map(|field| field.read(&scope)).collect::<Result<_, _>>();
        Ok(Self {
            name: written.name,
            instructions: written.instructions,
            inputs: fields(written.inputs)?,
            outputs: fields(written.outputs)?,
        })
    }
}
