//! The answer: struck-out text of dead leaders, who took over, reasoning, output fields.
//!
//! ```text
//! ✗ #1 gpt-4o-mini · 503 overloaded         its text no longer counts
//! D̶S̶P̶y̶ ̶i̶s̶ ̶a̶
//! ⇄ claude-3-haiku took over after 0.31 s
//! ▸ thought 1.20 s, 84 tokens               folded when the answer begins, unless pinned
//! answer                                    every output field by its name
//! DSPy is a framework for …
//! ```

use super::{chains, value};
use crate::dspy::{Kind, Prediction};
use crate::failover::{AttemptId, Outcome};
use crate::transcript::{Attempt, Phase, Transcript, model_name, seconds};
use crate::tui::app::App;
use crate::tui::banner;
use crate::tui::draw::frame;
use crate::tui::layout::Pane;
use crate::tui::markdown::{Look, Markdown};
use crate::tui::scroll::Scroll;
use crate::tui::theme::Role;
use crate::tui::wrap::{Lead, Row, plain, wrap};
use ratatui::Frame;
use ratatui::style::Modifier;
use ratatui::text::Span;

/// What a block shows; the same key is the same block from one look to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    /// A line or a few, set anew each time.
    Lines(&'static str, AttemptId),
    /// The text of a leader that died, by field.
    Struck(AttemptId, String),
    /// The model's own reasoning.
    Reasoning(AttemptId),
    /// An output field as it streams.
    Field(AttemptId, String),
    /// An output field, read.
    Value(AttemptId, String),
}

#[derive(Clone, Debug)]
enum Body {
    Rows(Vec<Row>),
    Growing(Markdown),
}

impl Body {
    fn len(&self) -> usize {
        match self {
            Self::Rows(rows) => rows.len(),
            Self::Growing(document) => document.len(),
        }
    }

    fn row(&self, index: usize) -> Option<&Row> {
        match self {
            Self::Rows(rows) => rows.get(index),
            Self::Growing(document) => document.row(index),
        }
    }
}

/// The answer's rows by block, and where the reader is.
#[derive(Clone, Debug, Default)]
pub struct Page {
    blocks: Vec<(Key, Body)>,
    heights: Vec<usize>,
    look: Option<Look>,
    /// Where the view stands.
    pub scroll: Scroll,
    /// Folded or not by the reader's own wish; none folds by itself when the answer begins.
    pub pinned: Option<bool>,
    folded: bool,
}

impl Page {
    /// No run.
    pub fn clear(&mut self) {
        *self = Self { pinned: self.pinned, ..Self::default() };
    }

    /// Sets what has come since the last time.
    pub fn settle(&mut self, run: &Transcript, look: Look) {
        let fresh = self.look != Some(look);
        self.look = Some(look);
        let mut old = std::mem::take(&mut self.blocks);
        let mut desk = Desk { look, fresh, old: &mut old, new: Vec::new() };
        for (text, role) in chains::lines(run) {
            desk.lines("chain", AttemptId(0), &text, role);
        }
        for attempt in run.struck() {
            desk.struck(run, attempt);
        }
        desk.banner(run);
        if let Some(attempt) = run.shown().filter(|attempt| !attempt.superseded) {
            let begun = run.answer_begun(attempt) || attempt.ended.is_some();
            // While somebody reads further up, nothing folds under their eyes.
            self.folded = self.pinned.unwrap_or(begun && (self.folded || self.scroll.follows()));
            desk.reasoning(attempt, self.folded);
            desk.answer(run, attempt, self.folded);
        }
        desk.end(run);
        self.blocks = desk.new;
        self.heights = self.blocks.iter().map(|(_, body)| body.len()).collect();
    }

    /// Folds or unfolds the reasoning, and keeps it so.
    pub fn pin(&mut self) {
        self.pinned = Some(!self.folded);
    }

    /// Rows of each block.
    pub fn heights(&self) -> &[usize] {
        &self.heights
    }

    /// Bytes of text rendered so far into blocks that stand now: the work done.
    pub fn work(&self) -> u64 {
        let work = |(_, body): &(Key, Body)| match body {
            Body::Growing(document) => document.work(),
            Body::Rows(_) => 0,
        };
        self.blocks.iter().map(work).sum()
    }

    /// All rows.
    pub fn len(&self) -> usize {
        self.heights.iter().sum()
    }

    /// Whether there is nothing to see.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows from `top` on, found without touching those above.
    pub fn rows(&self, top: usize) -> impl Iterator<Item = &Row> {
        let mut skip = top;
        let mut block = 0;
        while self.heights.get(block).is_some_and(|height| *height <= skip) {
            skip -= self.heights[block];
            block += 1;
        }
        self.blocks[block.min(self.blocks.len())..].iter().enumerate().flat_map(move |(i, (_, body))| {
            (if i == 0 { skip } else { 0 }..body.len()).filter_map(move |row| body.row(row))
        })
    }

    /// The next row with this text after (or before) a row, in either case of letters.
    pub fn find(&self, text: &str, from: usize, forward: bool) -> Option<usize> {
        let text = text.to_lowercase();
        let hits = self.rows(0).enumerate().filter(|(_, row)| row.to_string().to_lowercase().contains(&text));
        let hits: Vec<usize> = hits.map(|(i, _)| i).collect();
        if forward {
            hits.iter().find(|i| **i > from).or(hits.first()).copied()
        } else {
            hits.iter().rfind(|i| **i < from).or(hits.last()).copied()
        }
    }
}

/// Where the blocks of one look are put together out of those of the last.
struct Desk<'a> {
    look: Look,
    fresh: bool,
    old: &'a mut Vec<(Key, Body)>,
    new: Vec<(Key, Body)>,
}

impl Desk<'_> {
    fn cells(&self) -> usize {
        usize::from(self.look.width.max(1))
    }

    fn take(&mut self, key: &Key) -> Option<Body> {
        let at = self.old.iter().position(|(old, _)| old == key)?;
        Some(self.old.swap_remove(at).1)
    }

    fn lines(&mut self, name: &'static str, of: AttemptId, text: &str, role: Role) {
        let rows = plain(text, self.look.theme.style(role), self.cells());
        self.new.push((Key::Lines(name, of), Body::Rows(rows)));
    }

    fn gap(&mut self) {
        if !self.new.is_empty() {
            self.new.push((Key::Lines("gap", AttemptId(0)), Body::Rows(vec![Row::default()])));
        }
    }

    fn growing(&mut self, key: Key, source: &str, role: Role) {
        let look = Look { role, ..self.look };
        let mut document = match self.take(&key) {
            Some(Body::Growing(document)) => document,
            _ => Markdown::new(look),
        };
        document.update(source, look);
        self.new.push((key, Body::Growing(document)));
    }

    /// The text of a leader that died, where it stood.
    fn struck(&mut self, run: &Transcript, attempt: &Attempt) {
        self.gap();
        let head = format!(
            "✗ {} {} · {} · its text no longer counts",
            attempt.id,
            model_name(&attempt.model),
            attempt.happened()
        );
        self.lines("struck", attempt.id, &head, Role::Bad);
        match attempt.sections() {
            // Half a field's marker is nothing that anybody has read.
            [] if attempt.text.trim_start().starts_with("[[") => {}
            [] => {
                let text = if attempt.text.is_empty() { &attempt.reasoning } else { &attempt.text };
                self.growing(Key::Struck(attempt.id, String::new()), text, Role::Struck);
            }
            sections => {
                // What the answer had begun with is enough: the thoughts before it were folded already.
                let begun = run.answer_begun(attempt);
                for section in sections.iter().filter(|section| !begun || !run.is_thought(&section.name)) {
                    self.lines("struck", attempt.id, &section.name, Role::Struck);
                    self.growing(Key::Struck(attempt.id, section.name.clone()), &section.text, Role::Struck);
                }
            }
        }
    }

    /// Who took over, and how soon: a filled row, to be seen from afar.
    fn banner(&mut self, run: &Transcript) {
        let Some(switch) = run.switch() else { return };
        self.gap();
        let role = if switch.gap.is_some() { Role::Accent } else { Role::Bad };
        let style = self.look.theme.style(role).add_modifier(Modifier::REVERSED);
        let line = banner::line(&switch);
        // A number stays with its unit.
        let line = line.strip_suffix(" s").map(|rest| format!("{rest}\u{a0}s")).unwrap_or(line);
        let mut rows = wrap(&[(&line, style)], self.cells().saturating_sub(1), &Lead::all(" ", style));
        for row in &mut rows {
            let rest = self.cells().saturating_sub(row.width());
            row.push_span(Span::styled(" ".repeat(rest), style));
        }
        self.new.push((Key::Lines("banner", switch.to.id), Body::Rows(rows)));
    }

    fn reasoning(&mut self, attempt: &Attempt, folded: bool) {
        if attempt.reasoning.is_empty() {
            return;
        }
        self.gap();
        let time = attempt.reasoned().map(seconds).unwrap_or_default();
        let tokens = attempt.usage.and_then(|usage| usage.reasoning_tokens);
        let tokens = tokens.map(|n| format!(", {n} tokens")).unwrap_or_default();
        let verb = if attempt.phase() == Phase::Reasoning { "thinking" } else { "thought" };
        let mark = if folded { "▸" } else { "▾" };
        self.lines("reasoning", attempt.id, &format!("{mark} {verb} {time}{tokens}"), Role::Dim);
        if !folded {
            self.growing(Key::Reasoning(attempt.id), &attempt.reasoning, Role::Reasoning);
        }
    }

    fn answer(&mut self, run: &Transcript, attempt: &Attempt, folded: bool) {
        match &attempt.prediction {
            Some(prediction) => self.fields(run, attempt, prediction, folded),
            None => self.sections(run, attempt, folded),
        }
    }

    /// The fields as they stream.
    fn sections(&mut self, run: &Transcript, attempt: &Attempt, folded: bool) {
        let sections = attempt.sections();
        // Text without any field is shown as it is once nothing better can come of it.
        if sections.is_empty() && !attempt.text.trim().is_empty() && (run.setup.is_none() || attempt.ended.is_some()) {
            self.gap();
            self.growing(Key::Field(attempt.id, String::new()), &attempt.text, Role::Text);
        }
        for section in sections {
            let thought = run.is_thought(&section.name);
            self.heading(run, attempt.id, &section.name, (thought && folded).then_some(section.text.as_str()));
            if !(thought && folded) {
                let role = if thought { Role::Reasoning } else { Role::Text };
                self.growing(Key::Field(attempt.id, section.name.clone()), &section.text, role);
            }
        }
    }

    /// The fields, read and valid.
    fn fields(&mut self, run: &Transcript, attempt: &Attempt, prediction: &Prediction, folded: bool) {
        for (name, field) in &prediction.fields {
            let text = field.as_str().filter(|_| run.is_thought(name) && folded);
            self.heading(run, attempt.id, name, text);
            if text.is_some() {
                continue;
            }
            let role = if run.is_thought(name) { Role::Reasoning } else { Role::Text };
            if let Some(text) = field.as_str() {
                self.growing(Key::Field(attempt.id, name.clone()), text, role);
                continue;
            }
            let key = Key::Value(attempt.id, name.clone());
            let body = match self.take(&key).filter(|_| !self.fresh) {
                Some(body) => body,
                None => Body::Rows(value::rows(field, self.look)),
            };
            self.new.push((key, body));
        }
        for repair in &prediction.repairs {
            let field = if repair.field.is_empty() { "answer" } else { &repair.field };
            self.lines("repair", attempt.id, &format!("⚠ {field}: {}", repair.what), Role::Warn);
        }
    }

    /// A field's name with its type; with what is folded under it in short.
    fn heading(&mut self, run: &Transcript, of: AttemptId, name: &str, folded: Option<&str>) {
        self.gap();
        let kind = run.setup.as_ref().and_then(|setup| setup.signature.output(name)).map(|field| &field.kind);
        let note = kind.filter(|kind| **kind != Kind::Str).map(|kind| format!("  {kind}")).unwrap_or_default();
        match folded {
            Some(text) => {
                let words = text.split_whitespace().count();
                self.lines("folded", of, &format!("▸ {name}, {words} words"), Role::Dim);
            }
            None => self.lines("heading", of, &format!("{name}{note}"), Role::Heading),
        }
    }

    /// Why there is no answer, and what to do about it.
    fn end(&mut self, run: &Transcript) {
        let Some(finished) = run.finished.as_ref().filter(|f| f.outcome != Outcome::Succeeded) else { return };
        self.gap();
        let headline = finished.headline.as_deref().unwrap_or("no answer");
        let (word, next) = match finished.outcome {
            Outcome::Cancelled => ("cancelled", "F2 sends again."),
            Outcome::Rejected => ("rejected", "No other model would help: mend the request, the key or the credit."),
            Outcome::Exhausted => ("every model failed", "F4 shows the faults that are set, Ctrl+L changes the chain."),
            Outcome::DeadlineExceeded => {
                ("out of time", "F2 sends again; a longer deadline is set in the configuration.")
            }
            Outcome::BudgetExceeded => ("out of attempts", "F2 sends again; F6 shows how the models fare."),
            _ => ("stopped", "Something on this machine is in the way."),
        };
        let of = AttemptId(0);
        let text = if finished.outcome == Outcome::Cancelled { word.to_owned() } else { format!("{word}: {headline}") };
        self.lines("end", of, &format!("✗ {text}"), Role::Bad);
        for failure in &finished.failures {
            self.lines("failure", of, &format!("  {failure}"), Role::Text);
        }
        self.lines("next", of, next, Role::Dim);
    }
}

/// Draws the pane.
pub fn draw(app: &App, f: &mut Frame<'_>) {
    if app.layout.answer.is_empty() {
        return;
    }
    let theme = app.colours();
    let room = app.room(Pane::Answer);
    let height = usize::from(room.height);
    let top = app.page.scroll.top(app.page.heights(), height);
    let below = app.page.len().saturating_sub(top + height);
    let note = match (below, app.page.scroll.follows()) {
        (0, _) | (_, true) => String::new(),
        (n, false) => format!("▼ {n} below"),
    };
    frame(app, f, Pane::Answer, &title(app), &note);
    if app.page.is_empty() {
        let text = if app.busy() {
            "asking …"
        } else {
            "The answer streams in here. Type a question, press Enter; then F4 breaks the model that answered."
        };
        for (row, y) in plain(text, theme.style(Role::Dim), usize::from(room.width)).iter().zip(room.y..room.bottom()) {
            f.buffer_mut().set_line(room.x, y, row, room.width);
        }
    }
    for (row, y) in app.page.rows(top).zip(room.y..room.bottom()) {
        f.buffer_mut().set_line(room.x, y, row, room.width);
        let hit = app.find.as_ref().is_some_and(|text| row.to_string().to_lowercase().contains(&text.to_lowercase()));
        if hit {
            let line = ratatui::layout::Rect { y, height: 1, ..room };
            f.buffer_mut().set_style(line, theme.style(Role::Selected));
        }
    }
}

/// Who answers stands beside the answer at all times.
fn title(app: &App) -> String {
    let Some(attempt) = app.transcript().and_then(Transcript::shown) else { return "answer".to_owned() };
    let provider = attempt.provider.as_ref().map(|p| format!(" · {p}")).unwrap_or_default();
    let word = match attempt.phase() {
        Phase::Planned | Phase::Asked | Phase::Opened => "asking",
        Phase::Reasoning | Phase::Answering => "from",
        Phase::Answered => "by",
        Phase::Failed => "failed:",
    };
    // A dated name is the same model.
    let (asked, answering) = (model_name(&attempt.model), model_name(attempt.answering()));
    let asked = if answering.starts_with(asked) { String::new() } else { format!(" (asked {asked})") };
    format!("answer · {word} {answering}{asked}{provider}")
}
