//! One attempt as far as its reports go.

use crate::dspy::{Adapter, AnswerReader, Prediction, Section, Signature};
use crate::failover::{Answered, AttemptId, Cost, Failed, Relation, Started};
use crate::openrouter::account::Generation;
use crate::openrouter::{Delta, Head, Metadata, Request, Usage};
use std::sync::Arc;
use std::time::Duration;

/// One HTTP exchange: what was asked, what has come, how it ended.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Its number in the run.
    pub id: AttemptId,
    /// Index in the chain, once the engine has said it.
    pub route: Option<usize>,
    /// The model asked for; empty until anyone names it.
    pub model: String,
    /// How it came about.
    pub relation: Relation,
    /// The attempt that it follows from.
    pub after: Option<AttemptId>,
    /// When the engine ordered it.
    pub started: Option<Duration>,
    /// When its request left.
    pub sent: Option<Duration>,
    /// When response headers came.
    pub opened: Option<Duration>,
    /// When the first content came: reasoning or answer.
    pub first_token: Option<Duration>,
    /// When the first answer text came.
    pub first_text: Option<Duration>,
    /// When content came last.
    pub last_token: Option<Duration>,
    /// When it failed or answered.
    pub ended: Option<Duration>,
    /// The request as it left, the key masked.
    pub request: Option<Arc<Request>>,
    /// The response's status and headers.
    pub head: Option<Head>,
    /// Reasoning so far.
    pub reasoning: String,
    /// Answer text so far, as it came over the wire.
    pub text: String,
    sections: Option<AnswerReader>,
    /// Pieces of content so far: a floor for the number of tokens.
    pub pieces: u64,
    /// Who answers, by the server's own word.
    pub served: Option<String>,
    /// The provider behind it.
    pub provider: Option<String>,
    /// Tokens and cost.
    pub usage: Option<Usage>,
    /// Keep-alive comments.
    pub comments: u64,
    /// What the router did inside.
    pub metadata: Option<Metadata>,
    /// Odd things that were passed over.
    pub warnings: Vec<String>,
    /// The fault that was injected, as its word.
    pub injected: Option<String>,
    /// Whether the simulator answered.
    pub simulated: bool,
    /// How it failed.
    pub failed: Option<Failed>,
    /// How it answered.
    pub answered: Option<Answered>,
    /// What it had shown no longer counts.
    pub superseded: bool,
    /// Its answer, read and validated.
    pub prediction: Option<Prediction>,
    /// What the service said of it later: its cost, and the headers and app that it saw.
    pub billed: Option<Box<Generation>>,
}

/// Where an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptPhase {
    /// No request has left yet.
    Planned,
    /// The request has left; no response headers.
    Asked,
    /// Headers came; no content.
    Opened,
    /// Reasoning is coming.
    Reasoning,
    /// The answer is coming.
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
            superseded: false,
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

    pub(super) fn take(&mut self, at: Duration, delta: &Delta) {
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
                }
            }
            Delta::Served { model, provider } => {
                self.served = Some(model.clone());
                if provider.is_some() {
                    self.provider.clone_from(provider);
                }
            }
            Delta::Usage(usage) => self.usage = Some(*usage),
            Delta::Metadata(metadata) => self.metadata = Some(metadata.clone()),
            Delta::Warning(warning) => self.warnings.push(warning.clone()),
        }
    }

    /// From now on the answer is read as these fields; what has come already, too.
    pub(super) fn read_as(&mut self, adapter: Adapter, asked: &Signature) {
        if self.sections.is_none() {
            let mut sections = AnswerReader::new(adapter, asked);
            sections.push(&self.text);
            self.sections = Some(sections);
        }
    }

    /// Nothing more will come of the answer's text.
    pub(super) fn end(&mut self, at: Duration) {
        self.ended.get_or_insert(at);
        if let Some(sections) = &mut self.sections {
            sections.finish();
        }
    }

    /// The answer stands: from now on its fields are read in the prediction, and need not be kept as they came.
    pub(super) fn settle(&mut self) {
        if self.prediction.is_some() {
            self.sections = None;
        }
    }

    /// An empty delta is no progress.
    fn progress(&mut self, at: Duration, text: &str) {
        if !text.is_empty() {
            self.pieces += 1;
            self.first_token.get_or_insert(at);
            self.last_token = Some(at);
        }
    }

    /// Where it stands.
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

    /// Whether it has shown anything.
    pub fn has_content(&self) -> bool {
        !self.text.is_empty() || !self.reasoning.is_empty()
    }

    /// The answer's fields as far as they have come; none while nobody knows which there are, and none once the
    /// prediction has them.
    pub fn sections(&self) -> &[Section] {
        self.sections.as_ref().map_or(&[], AnswerReader::sections)
    }

    /// When it began: the engine's order, or else its first trace.
    pub fn began(&self) -> Option<Duration> {
        self.started.or(self.sent).or(self.opened).or(self.first_token).or(self.ended)
    }

    /// From its beginning to its end, or to `now` while it lives.
    pub fn took(&self, now: Duration) -> Duration {
        let from = self.began().unwrap_or(now);
        self.ended.unwrap_or(now).saturating_sub(from)
    }

    /// From its beginning to its first content.
    pub fn first_token_after(&self) -> Option<Duration> {
        self.first_token.zip(self.began()).map(|(first, from)| first.saturating_sub(from))
    }

    /// How long it reasoned before it answered, once that is known.
    pub fn reasoned(&self) -> Option<Duration> {
        if self.reasoning.is_empty() {
            return None;
        }
        let end = self.first_text.or(self.ended).or(self.last_token)?;
        self.first_token.map(|first| end.saturating_sub(first))
    }

    /// What it cost, once it has ended; `None` while it lives.
    pub fn cost(&self) -> Option<Cost> {
        let told = self.answered.as_ref().map(|a| a.cost).or_else(|| self.failed.as_ref().map(|f| f.cost))?;
        let billed = self.billed.as_ref().and_then(|generation| generation.cost).map(Cost::Known);
        Some(if told == Cost::Unknown { billed.unwrap_or(told) } else { told })
    }

    /// The model that answers: the server's word for it, else the one asked for.
    pub fn answering(&self) -> &str {
        self.served.as_deref().unwrap_or(&self.model)
    }
}
