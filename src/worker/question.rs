//! What a call asks, and what counts as its answer: the fields of a signature, or the message of a chat.

use super::context::CallContext;
use super::options::Relay;
use crate::contract::{Contract, ContractMode, Fitting, check_calls};
use crate::dspy::{Adapter, ParseFailure, Prediction, Problem, REASONING, ReasoningSource, Signature};
use crate::failover::{Changes, Failover, Failure, FailureKind, Route};
use crate::openrouter::settings::{Effort, Reasoning, RequestSettings};
use crate::openrouter::{Api, Completion, Dialect, Expects, Finish, Message, compose};
use crate::secret::Secrets;
use crate::spec::{ChatTask, SignatureTask, Task};
use crate::text::{clean_line, clean_value};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::sync::Arc;

/// The longest reason of an answer that did not validate, in characters.
const REASON: usize = 1000;

/// An answer that did not validate, for the repair turn.
pub(super) struct InvalidAnswer {
    pub(super) failure: Failure,
    pub(super) text: String,
    pub(super) problems: ParseFailure,
}

/// An answer that validates.
pub(super) struct Reading {
    pub(super) prediction: Prediction,
    /// What is odd about its end.
    pub(super) remark: Option<String>,
    /// The text of a chat's answer as it should have been written, if it was not.
    pub(super) canonical: Option<String>,
    /// The whole response of a chat, as the server gives it without streaming.
    pub(super) response: Option<Box<Value>>,
}

impl CallContext<'_> {
    /// What the response must have to be an answer.
    pub(super) fn expects(&self) -> Expects {
        match self.spec.task {
            Task::Signature(_) => Expects::Text,
            Task::Chat(_) if self.options.relay == Relay::Chunks => Expects::Relay,
            Task::Chat(_) => Expects::Message,
        }
    }

    /// The part of the API that the requests go to.
    pub(super) fn api(&self) -> Api {
        match &self.spec.task {
            Task::Signature(_) => Api::default(),
            Task::Chat(task) => task.api,
        }
    }

    /// What an attempt at this model asks: the call's signature, or what is left of it if the service's own reasoning
    /// is its `reasoning`. `changes`: a model that refuses the setting writes its reasoning.
    pub(super) fn asked(&self, model: &str, changes: &Changes) -> Cow<'_, Signature> {
        let native = || {
            let task = self.spec.task.signature().filter(|task| task.reasoning == ReasoningSource::Native)?;
            let reasoning = &self.spec.settings.reasoning;
            let off = reasoning.effort == Some(Effort::None) || reasoning.enabled == Some(false);
            let refused = changes.without.iter().any(|name| name.starts_with("reasoning"));
            // A server that falls back sends the same request to all of the chain.
            let served = |route: &Route| self.spec.policy.failover != Failover::Server || self.reasons(&route.model);
            let reasons = !off && !refused && self.reasons(model) && self.spec.chain.iter().all(served);
            reasons.then(|| task.module.without_reasoning(&self.call.signature)).flatten()
        };
        native().map_or(Cow::Borrowed(&self.call.signature), Cow::Owned)
    }

    /// Whether the catalogue says that the model gives its reasoning.
    fn reasons(&self, model: &str) -> bool {
        self.services.supports(model, "reasoning") == Some(true)
    }

    /// The messages of an attempt's first request. `messages` are those that ask for the call's signature.
    pub(super) fn messages<'m>(&self, asked: &Signature, messages: &'m [Message]) -> Cow<'m, [Message]> {
        match &self.spec.task {
            Task::Signature(task) if *asked != self.call.signature => {
                Cow::Owned(task.adapter.messages(asked, &self.call.inputs, &task.demos, &task.turns))
            }
            _ => Cow::Borrowed(messages),
        }
    }

    /// The request's body.
    pub(super) fn body(
        &self,
        model: &str,
        messages: &[Message],
        (settings, changes): (&RequestSettings, &Changes),
        dialect: Dialect,
    ) -> Result<Value, Failure> {
        if let Task::Chat(task) = &self.spec.task
            && !task.api.is_chat()
        {
            return Ok(compose::passed_on(&task.body, model, &settings.models));
        }
        let asked = self.asked(model, changes);
        let mut settings = Cow::Borrowed(settings);
        if matches!(asked, Cow::Owned(_)) && settings.reasoning == Reasoning::default() {
            // As DSPy: enough for a short plan.
            settings.to_mut().reasoning.effort = Some(Effort::Low);
        }
        let settings = settings.as_ref();
        let (own, format) = match &self.spec.task {
            Task::Signature(task) => (None, self.response_format(task, &asked, model)),
            Task::Chat(task) => (Some(&task.body), None),
        };
        compose::body(compose::ChatRequest {
            model,
            messages,
            settings,
            response_format: format.as_ref(),
            max_tokens: changes.max_tokens,
            own,
            dialect,
        })
        .map_err(|bad| Failure::new(FailureKind::Local, bad.to_string()))
    }

    fn response_format(&self, task: &SignatureTask, asked: &Signature, model: &str) -> Option<Value> {
        // A model of which nothing is known is asked for its best. Where a server refuses, the prompt alone has to do.
        let supports = |parameter| self.services.supports(model, parameter);
        match task.adapter {
            Adapter::Json if supports("structured_outputs").unwrap_or(true) => task.adapter.response_format(asked),
            Adapter::Json if supports("response_format") == Some(true) => Some(json!({"type": "json_object"})),
            _ => None,
        }
    }

    /// The messages that ask the model to mend an answer that did not validate.
    pub(super) fn repair_turn(&self, asked: &Signature, text: &str, problems: &ParseFailure) -> Vec<Message> {
        match &self.spec.task {
            Task::Signature(task) => task.adapter.repair_turn(asked, text, problems),
            Task::Chat(task) => task.repair_turn(text, problems),
        }
    }

    /// Reads a whole answer to the signature that the attempt asked: its fields, and a remark if its end is odd.
    pub(super) fn read(&self, asked: &Signature, completion: Completion) -> Result<Reading, Box<InvalidAnswer>> {
        match &self.spec.task {
            Task::Signature(task) => self.read_fields(task, asked, completion),
            Task::Chat(task) => self.read_message(task, completion),
        }
    }

    /// Reads the message of a chat: whether it is what the request asks for.
    fn read_message(&self, task: &ChatTask, completion: Completion) -> Result<Reading, Box<InvalidAnswer>> {
        let Completion { text, finish, response, original, .. } = completion;
        let calls = response.as_ref().map(|response| &response["choices"][0]["message"]["tool_calls"]);
        let calls = calls.and_then(Value::as_array).filter(|calls| !calls.is_empty()).cloned();
        let contract = task.contract();
        let checked = match &calls {
            // A call is made instead of an answer; what is said beside it is for people.
            Some(calls) if task.contract == ContractMode::FromRequest => {
                check_calls(&task.body, calls).and_then(|()| Contract::Message.check(&text))
            }
            Some(_) => Contract::Message.check(&text),
            None => contract.check(&text),
        };
        let secrets = self.secrets;
        let cut = match contract {
            // A cap that the program set is its own business. A stream that was passed on cannot be asked again, and its
            // finish reason says that it was cut.
            Contract::Message => {
                finish == Finish::Length
                    && task.contract == ContractMode::FromRequest
                    && task.max_tokens().is_none()
                    && !self.spec.policy.final_after_first_token
            }
            _ => !finish.is_whole() && !contract.is_whole(&text),
        };
        let mut problems = match checked {
            Ok(Fitting { mut prediction, canonical }) if !cut || calls.is_some() => {
                if let Some(calls) = calls {
                    let fields = Arc::make_mut(&mut prediction.fields);
                    fields.retain(|_, value| value.as_str().is_none_or(|text| !text.is_empty()));
                    fields.insert("tool_calls".to_owned(), clean_value(calls.into()));
                }
                scrub(&mut prediction, secrets);
                let (remark, response) = (odd_end(&finish), original.or(response));
                return Ok(Reading { prediction, remark, canonical, response });
            }
            Ok(_) => {
                let open = Problem {
                    field: "content".to_owned(),
                    path: String::new(),
                    expected: contract.name().to_owned(),
                    got: "one that was cut off".to_owned(),
                };
                ParseFailure { problems: vec![open] }
            }
            Err(problems) => problems,
        };
        for problem in &mut problems.problems {
            problem.got = clean_line(&secrets.scrub(&problem.got), REASON);
        }
        // A cap that the program set is not raised, so the same model would only be cut off again.
        let kind = match finish {
            // What it would have said, and how long that is, nobody knows: any other model may do.
            Finish::Length if contract == Contract::Message => FailureKind::CutOff,
            Finish::Length if task.max_tokens().is_none() => FailureKind::Length,
            _ => FailureKind::Invalid,
        };
        let failure = Failure::new(kind, clean_line(&problems.to_string(), REASON));
        Err(Box::new(InvalidAnswer { failure, text, problems }))
    }

    fn read_fields(
        &self,
        task: &SignatureTask,
        asked: &Signature,
        completion: Completion,
    ) -> Result<Reading, Box<InvalidAnswer>> {
        // Structured calls may come back with the whole answer in `reasoning` and no content.
        let (text, thoughts) = if completion.text.trim().is_empty() {
            (completion.reasoning, String::new())
        } else {
            (completion.text, completion.reasoning)
        };
        let (adapter, signature) = (task.adapter, asked);
        let finish = completion.finish;
        // Without a word that the model came to its end, only the answer's own syntax shows that it is whole.
        let open = if finish.is_whole() { None } else { adapter.open_field(signature, &text) };
        let (kind, mut problems) = match (adapter.parse(signature, &text), open) {
            (Ok(mut prediction), None) => {
                if *asked != self.call.signature {
                    let thoughts = if thoughts.trim().is_empty() { adapter.thoughts(asked, &text) } else { thoughts };
                    let value = Some(thoughts.trim()).filter(|text| !text.is_empty()).map(Value::from);
                    let fields = Arc::make_mut(&mut prediction.fields);
                    fields.shift_insert(0, REASONING.to_owned(), value.unwrap_or_default());
                }
                scrub(&mut prediction, self.secrets);
                let remark = odd_end(&finish).map(|what| format!("{what}, but every field is complete"));
                return Ok(Reading { prediction, remark, canonical: None, response: None });
            }
            (Ok(_), Some(open)) => (FailureKind::Truncated, ParseFailure { problems: vec![open] }),
            (Err(problems), _) => (FailureKind::Invalid, problems),
        };
        let secrets = self.secrets;
        for problem in &mut problems.problems {
            problem.got = secrets.scrub(&problem.got).into_owned();
        }
        let kind = if finish == Finish::Length { FailureKind::Length } else { kind };
        let failure = Failure::new(kind, clean_line(&problems.to_string(), REASON));
        Err(Box::new(InvalidAnswer { failure, text, problems }))
    }
}

/// What is odd about the end of an answer that is accepted.
fn odd_end(finish: &Finish) -> Option<String> {
    match finish {
        Finish::Length => Some("cut short by max_tokens".to_owned()),
        Finish::Unstated => Some("no finish reason came".to_owned()),
        Finish::Other(word) => Some(format!("unknown finish reason `{word}`")),
        Finish::Stop | Finish::ToolCalls => None,
    }
}

/// Removes secrets from decoded values: escapes are decoded only now, and a value may hold what the stream did not show.
fn scrub(prediction: &mut Prediction, secrets: &Secrets) {
    Arc::make_mut(&mut prediction.fields).values_mut().for_each(|value| secrets.scrub_value(value));
    for repair in &mut prediction.repairs {
        repair.what = secrets.scrub(&repair.what).into_owned();
    }
}
