//! The examples of the built-in signatures: with every adapter and module, the answer can be read as the types of the
//! signature, and it is the one in `assets/answers.json`.

use crate::start;
use crate::wire::{ask, post};
use serde_json::{Map, Value, json};
use switchover::dspy::program::{Program, Step};
use switchover::dspy::{Adapter, Module, Prediction, Signature, Values, library};
use switchover::simulator::Simulator;

/// The inputs of a signature's example; a conversation has no earlier turns.
fn example(signature: &Signature) -> Values {
    let fields = signature.inputs.iter().filter_map(|field| Some((field, field.placeholder.as_deref()?)));
    fields.map(|(field, text)| (field.name.clone(), field.parse(text).unwrap())).collect()
}

/// The outputs of an example in the data; the example of `question` is one of the facts.
fn expected(inputs: &Values) -> Map<String, Value> {
    let answers: Vec<Value> = serde_json::from_str(include_str!("../../assets/answers.json")).unwrap();
    let data: Value = toml::from_str(include_str!("../../assets/simulator.toml")).unwrap();
    let inputs = json!(inputs);
    if let Some(answer) = answers.iter().find(|answer| answer["inputs"] == inputs) {
        return answer["outputs"].as_object().unwrap().clone();
    }
    let facts = data["fact"].as_array().unwrap();
    let fact = facts.iter().find(|fact| fact["questions"].as_array().unwrap().contains(&inputs["question"]));
    let fact = fact.unwrap_or_else(|| panic!("there is no answer to {inputs}"));
    Map::from_iter([("answer".to_owned(), fact["long"].clone())])
}

/// Sends the messages that the program sends, and parses the answer.
async fn asks(simulator: &Simulator, signature: &Signature, inputs: &Values, adapter: Adapter) -> Prediction {
    let mut body = ask("openai/gpt-4o-mini", true);
    body["messages"] = json!(adapter.messages(signature, inputs, &[], &[]));
    body["response_format"] = json!(adapter.response_format(signature));
    let text = post(simulator, "", &body).await.content();
    let name = &signature.name;
    adapter.parse(signature, &text).unwrap_or_else(|e| panic!("{name}, {adapter}: {e:?}\n{text}"))
}

#[tokio::test]
async fn every_example_has_its_right_answer() {
    let simulator = start().await;
    for entry in library::built_in() {
        let (signature, inputs) = (&entry.signature, example(&entry.signature));
        let expected = expected(&inputs);
        for adapter in Adapter::ALL {
            // A majority sends the messages of a chain of thought.
            for module in [Module::Predict, Module::ChainOfThought, Module::MultiChainComparison(2)] {
                let program = Program::new(module, signature, &inputs);
                let mut answers = Vec::new();
                while let Step::Calls(calls) = program.next(&answers) {
                    for call in calls {
                        let prediction = asks(&simulator, &call.signature, &call.inputs, adapter).await;
                        check(&call.signature, &prediction, &expected, adapter);
                        answers.push(Some(prediction));
                    }
                }
            }
        }
    }
}

fn check(signature: &Signature, prediction: &Prediction, expected: &Map<String, Value>, adapter: Adapter) {
    for output in &signature.outputs {
        let (name, value) = (&output.name, &prediction.fields[&output.name]);
        if let Some(expected) = expected.get(name) {
            assert_eq!(value, expected, "{}, {adapter}: {name}", signature.name);
            continue;
        }
        let text = value.as_str().unwrap_or_else(|| panic!("{}, {adapter}: no answer for {name}", signature.name));
        assert!(!text.is_empty() && !text.contains("simulated"), "{}, {adapter}: {name}: {text}", signature.name);
    }
}
