//! One attempt, as far as its reports have arrived.

use crate::dspy::{Adapter, AnswerReader, Prediction, Section, Signature};
use crate::failover::{Answered, AttemptId, Changes, Cost, Failed, Relation, Started, Timeouts, is_same_model};
use crate::openrouter::account::Generation;
use crate::openrouter::{Delta, Head, Metadata, Request, ToolCallPiece, Usage};
use std::sync::Arc;
use std::time::Duration;

/// The number of tool calls that are kept.
const MAX_TOOL_CALLS: usize = 128;

/// One HTTP exchange: its request, what has arrived, and how it ended.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Its id within the run.
    pub id: AttemptId,
    /// Index of its route in the chain, once an event names it.
    pub route: Option<usize>,
    /// The requested model; empty until a report names it.
    pub model: String,
    /// Why it was started.
    pub relation: Relation,
    /// The attempt that it follows, or runs beside.
    pub after: Option<AttemptId>,
    /// How its request differs from the run's first.
    pub changes: Changes,
    /// Its time limits, once the engine has started it.
    pub timeouts: Option<Timeouts>,
    /// When the engine started it.
    pub started: Option<Duration>,
    /// When its request was sent.
    pub sent: Option<Duration>,
    /// When the response headers arrived.
    pub opened: Option<Duration>,
    /// When the first content arrived: reasoning or answer.
    pub first_token: Option<Duration>,
    /// When the first answer text arrived.
    pub first_text: Option<Duration>,
    /// When the last content arrived.
    pub last_token: Option<Duration>,
    /// When it ended.
    pub ended: Option<Duration>,
    /// The request as it was sent, with its secrets masked.
    pub request: Option<Arc<Request>>,
    /// The response's status and headers.
    pub head: Option<Head>,
    /// Reasoning so far: what the service sends as such, and thoughts that the model writes before its answer.
    pub reasoning: String,
    /// Answer text so far, as the server sent it.
    pub text: String,
    sections: Option<AnswerReader>,
    /// Tool calls so far, by their index: the tool's name, and the arguments as JSON text.
    pub tool_calls: Vec<(String, String)>,
    /// Number of deltas with content so far; at least as many tokens were sent.
    pub pieces: u64,
    /// The model that answers, if the server names it.
    pub served: Option<String>,
    /// The provider behind the router.
    pub provider: Option<String>,
    /// Tokens and cost.
    pub usage: Option<Usage>,
    /// Number of keep-alive comments.
    pub comments: u64,
    /// The router's own report about its attempts.
    pub metadata: Option<Metadata>,
    /// Oddities of the response that were tolerated.
    pub warnings: Vec<String>,
    /// The fault that the simulator injected, as it is written: `503@once`.
    pub injected: Option<String>,
    /// Whether the simulator got the request.
    pub simulated: bool,
    /// The event that ended it, if it failed.
    pub failed: Option<Failed>,
    /// The event that ended it, if it answered.
    pub answered: Option<Answered>,
    /// Whether its text is discarded.
    pub discarded: bool,
    /// Its answer, parsed and validated.
    pub prediction: Option<Prediction>,
    /// The service's record of it, requested later: its cost, and the headers and app that the service saw.
    pub billed: Option<Box<Generation>>,
}

/// The phase of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptPhase {
    /// No request was sent yet.
    Planned,
    /// The request was sent; no response headers yet.
    Asked,
    /// The response headers arrived; no content yet.
    Opened,
    /// Reasoning arrives.
    Reasoning,
    /// The answer arrives.
    Answering,
    /// It ended with a valid answer.
    Answered,
    /// It ended without one.
    Failed,
}

impl Attempt {
    pub(super) fn new(id: AttemptId) -> Self {
        Self {
            id,
            route: None,
            model: String::new(),
            relation: Relation::First,
            after: None,
            changes: Changes::default(),
            timeouts: None,
            started: None,
            sent: None,
            opened: None,
            first_token: None,
            first_text: None,
            last_token: None,
            ended: None,
            request: None,
            head: None,
            reasoning: String::new(),
            text: String::new(),
            sections: None,
            tool_calls: Vec::new(),
            pieces: 0,
            served: None,
            provider: None,
            usage: None,
            comments: 0,
            metadata: None,
            warnings: Vec::new(),
            injected: None,
            simulated: false,
            failed: None,
            answered: None,
            discarded: false,
            prediction: None,
            billed: None,
        }
    }

    pub(super) fn start(&mut self, at: Duration, started: &Started) {
        self.started.get_or_insert(at);
        self.route = Some(started.route);
        self.model.clone_from(&started.model);
        self.relation = started.relation;
        self.after = started.after;
        self.changes.clone_from(&started.changes);
        self.timeouts = Some(started.timeouts);
    }

    pub(super) fn fail(&mut self, at: Duration, failed: &Failed) {
        self.name(&failed.model);
        self.route.get_or_insert(failed.route);
        self.end(at);
        if self.provider.is_none() {
            self.provider.clone_from(&failed.failure.provider);
        }
        self.failed = Some(failed.clone());
    }

    pub(super) fn name(&mut self, model: &str) {
        if self.model.is_empty() {
            model.clone_into(&mut self.model);
        }
    }

    pub(super) fn apply(&mut self, at: Duration, delta: &Delta) {
        match delta {
            Delta::Opened(head) => {
                self.opened.get_or_insert(at);
                self.head = Some(head.clone());
            }
            Delta::Comment => self.comments += 1,
            Delta::Reasoning(text) => {
                self.progress(at, text);
                self.reasoning.push_str(text);
            }
            Delta::Text(text) => {
                self.progress(at, text);
                if !text.is_empty() {
                    self.first_text.get_or_insert(at);
                }
                self.text.push_str(text);
                if let Some(sections) = &mut self.sections {
                    sections.push(text);
                    self.reasoning.push_str(&sections.take_thoughts());
                }
            }
            Delta::ToolCall(piece) => self.apply_tool_call(at, piece),
            Delta::Served { model, provider } => {
                self.served = Some(model.clone());
                if provider.is_some() {
                    self.provider.clone_from(provider);
                }
            }
            Delta::Usage(usage) => self.usage = Some(*usage),
            Delta::Metadata(metadata) => self.metadata = Some(metadata.clone()),
            Delta::Warning(warning) => self.warnings.push(warning.clone()),
            Delta::Chunk(_) => {}
        }
    }

    fn apply_tool_call(&mut self, at: Duration, piece: &ToolCallPiece) {
        self.pieces += 1;
        self.first_token.get_or_insert(at);
        self.first_text.get_or_insert(at);
        self.last_token = Some(at);
        let index = piece.index as usize;
        if index < MAX_TOOL_CALLS {
            if self.tool_calls.len() <= index {
                self.tool_calls.resize_with(index + 1, Default::default);
            }
            let (name, arguments) = &mut self.tool_calls[index];
            name.push_str(&piece.name);
            arguments.push_str(&piece.arguments);
        }
    }

    /// From now on the answer is read with this adapter, including the text that has already arrived.
    pub(super) fn read_as(&mut self, adapter: Adapter, asked: &Signature) {
        if self.sections.is_none() {
            let mut sections = AnswerReader::new(adapter, asked);
            sections.push(&self.text);
            self.reasoning.push_str(&sections.take_thoughts());
            self.sections = Some(sections);
        }
    }

    pub(super) fn answer(&mut self, at: Duration, answered: &Answered) {
        self.end(at);
        if self.served.is_none() {
            self.served.clone_from(&answered.served);
        }
        self.answered = Some(answered.clone());
        // From now on the fields are read from the prediction.
        if self.prediction.is_some() {
            self.sections = None;
        }
    }

    /// No more text follows.
    fn end(&mut self, at: Duration) {
        self.ended.get_or_insert(at);
        if let Some(sections) = &mut self.sections {
            sections.finish();
        }
    }

    /// Content arrived. An empty delta is not content.
    fn progress(&mut self, at: Duration, text: &str) {
        if !text.is_empty() {
            self.pieces += 1;
            self.first_token.get_or_insert(at);
            self.last_token = Some(at);
        }
    }

    /// Its phase.
    pub fn phase(&self) -> AttemptPhase {
        match self {
            a if a.failed.is_some() => AttemptPhase::Failed,
            a if a.answered.is_some() => AttemptPhase::Answered,
            a if a.first_text.is_some() => AttemptPhase::Answering,
            a if a.first_token.is_some() => AttemptPhase::Reasoning,
            a if a.opened.is_some() => AttemptPhase::Opened,
            a if a.sent.is_some() => AttemptPhase::Asked,
            _ => AttemptPhase::Planned,
        }
    }

    /// Whether its text does not count. What the user cancelled stays readable.
    pub fn is_struck(&self) -> bool {
        self.discarded && !self.was_cancelled()
    }

    /// Whether any reasoning, answer text or tool call has arrived.
    pub fn has_content(&self) -> bool {
        !self.text.is_empty() || !self.reasoning.is_empty() || !self.tool_calls.is_empty()
    }

    /// The answer's fields, as far as they have arrived. Empty until the signature is known, and again once the
    /// prediction has the fields.
    pub fn sections(&self) -> &[Section] {
        self.sections.as_ref().map_or(&[], AnswerReader::sections)
    }

    /// When it began: when the engine started it, or else the earliest other report of it.
    pub fn began(&self) -> Option<Duration> {
        self.started.or(self.sent).or(self.opened).or(self.first_token).or(self.ended)
    }

    /// From its beginning to its end, or to `now` if it has not ended.
    pub fn took(&self, now: Duration) -> Duration {
        let from = self.began().unwrap_or(now);
        self.ended.unwrap_or(now).saturating_sub(from)
    }

    /// From its beginning to its first content.
    pub fn first_token_after(&self) -> Option<Duration> {
        self.first_token.zip(self.began()).map(|(first, from)| first.saturating_sub(from))
    }

    /// How long it reasoned before its answer. `None` until that is known.
    pub fn reasoned(&self) -> Option<Duration> {
        if self.reasoning.is_empty() {
            return None;
        }
        let end = self.first_text.or(self.ended).or(self.last_token)?;
        self.first_token.map(|first| end.saturating_sub(first))
    }

    /// What it cost; `None` until it has ended.
    pub fn cost(&self) -> Option<Cost> {
        let reported = self.answered.as_ref().map(|a| a.cost).or_else(|| self.failed.as_ref().map(|f| f.cost))?;
        let billed = self.billed.as_ref().and_then(|generation| generation.cost).map(Cost::Known);
        Some(if reported == Cost::Unknown { billed.unwrap_or(reported) } else { reported })
    }

    /// The model that answers: the requested one, unless the server names another one. A dated name is the same model.
    pub fn answering(&self) -> &str {
        self.served.as_deref().filter(|served| !is_same_model(&self.model, served)).unwrap_or(&self.model)
    }
}
