//! A judge: a signature that scores an answer.

use super::case::Case;
use crate::dspy::{FieldType, Signature, Values};
use crate::spec::RunSpec;
use serde_json::{Map, Value};

/// A signature that scores one output of the evaluated signature.
#[derive(Clone, Debug, PartialEq)]
pub struct Judge {
    /// What is asked; the inputs are filled in for each answer.
    pub spec: RunSpec,
    signature: Signature,
    /// The judge's output that is the score.
    verdict: String,
    /// Where each of the judge's inputs comes from.
    inputs: Vec<(String, JudgeInput)>,
}

/// Where a value that a judge gets comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum JudgeInput {
    /// This input of the case.
    Input(String),
    /// This output of the answer.
    Predicted(String),
    /// The expected value of this output.
    Expected(String),
}

impl Judge {
    /// A judge of `output`. Its inputs have the names of the evaluated signature's inputs and outputs (the predicted
    /// values), or are `prediction`, `expected` or `expected_NAME`.
    ///
    /// # Errors
    /// An input with another name; no output that can be a score.
    pub fn new(spec: RunSpec, evaluated: &Signature, output: &str) -> Result<Self, String> {
        let Some(signature) = spec.task.signature().map(|task| task.signature.clone()) else {
            return Err("a judge is a signature".to_owned());
        };
        let source = |name: &str| match name {
            "prediction" => Some(JudgeInput::Predicted(output.to_owned())),
            "expected" => Some(JudgeInput::Expected(output.to_owned())),
            _ => {
                let of = name.strip_prefix("expected_").filter(|of| evaluated.output(of).is_some());
                let of_output = evaluated.output(name).map(|_| JudgeInput::Predicted(name.to_owned()));
                let of_input = evaluated.input(name).map(|_| JudgeInput::Input(name.to_owned()));
                of.map(|of| JudgeInput::Expected(of.to_owned())).or(of_output).or(of_input)
            }
        };
        let mut inputs = Vec::new();
        for field in &signature.inputs {
            let Some(source) = source(&field.name) else {
                return Err(format!(
                    "the judge's input `{}` is neither an input nor an output of the evaluated signature, nor \
                     `prediction`, `expected` or `expected_{output}`",
                    field.name
                ));
            };
            inputs.push((field.name.clone(), source));
        }
        let scores = |field_type: &FieldType| matches!(field_type, FieldType::Bool | FieldType::Float | FieldType::Int);
        let Some(verdict) = signature.outputs.iter().rev().find(|field| scores(&field.field_type)) else {
            return Err("the judge needs an output of type bool, or float from 0 to 1".to_owned());
        };
        let verdict = verdict.name.clone();
        Ok(Self { spec, signature, verdict, inputs })
    }

    /// Its output that is the score.
    pub fn verdict(&self) -> &str {
        &self.verdict
    }

    /// Its inputs, each with the place where its value comes from.
    pub fn inputs(&self) -> &[(String, JudgeInput)] {
        &self.inputs
    }

    /// What the judge is asked about an answer.
    ///
    /// # Errors
    /// A value that does not fit the judge's type.
    pub fn ask(&self, case: &Case, fields: &Map<String, Value>) -> Result<RunSpec, String> {
        let mut spec = self.spec.clone();
        let mut values = Values::new();
        for (name, source) in &self.inputs {
            let value = match source {
                JudgeInput::Input(of) => case.inputs.get(of),
                JudgeInput::Predicted(of) => fields.get(of),
                JudgeInput::Expected(of) => case.expected.get(of),
            };
            let (Some(field), Some(value)) = (self.signature.input(name), value) else { continue };
            values.insert(name.clone(), field.parse_json(value).map_err(|problem| problem.to_string())?);
        }
        if let Some(task) = spec.task.signature_mut() {
            task.inputs = values;
        }
        Ok(spec)
    }

    /// The score in the judge's answer, 0 to 1.
    ///
    /// # Errors
    /// A number outside of 0 to 1.
    pub fn score(&self, fields: &Map<String, Value>) -> Result<f64, String> {
        let score = match fields.get(&self.verdict) {
            Some(Value::Bool(yes)) => Some(f64::from(u8::from(*yes))),
            Some(Value::Number(number)) => number.as_f64().filter(|score| (0.0..=1.0).contains(score)),
            _ => None,
        };
        let found = || fields.get(&self.verdict).map_or_else(|| "nothing".to_owned(), Value::to_string);
        score.ok_or_else(|| format!("the judge's `{}` must be a number from 0 to 1, found {}", self.verdict, found()))
    }
}
