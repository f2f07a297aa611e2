//! The whole state of the screen. Only [`App::update`](crate::tui::update), [`App::resize`] and [`App::refresh`] change
//! it; drawing takes it by shared reference.

pub mod start;

use super::banner;
use super::display::Display;
use super::grid::{Asking, Grid};
use super::log::LogView;
use super::model::ModelList;
use super::next_run::NextRun;
use super::overlay::Overlay;
use super::overlay::compare_set::CompareSet;
use super::overlay::text_popup::{self, HeaderFacts, TextPopup};
use super::page::{Agreement, AnswerPage};
use super::prompt::{PromptEditor, SentInputs};
use super::runs::Runs;
use super::screen::Screen;
use super::server::Server;
use super::settings::Configured;
use super::signatures::SignatureList;
use super::tour::Tour;
use super::traffic::TrafficList;
use crate::dspy::LibraryEntry;
use crate::spec::{RunSpec, SignatureTask};
use crate::transcript::{HealthBoard, Transcript};
use crate::tui::keymap::{Context, Keymap};
use crate::tui::layout::{Layout, LayoutKind, LayoutRequest, Pane, READING_WIDTH, inner};
use crate::tui::markdown::TextStyle;
use crate::tui::theme::{StyleRole, Theme};
use ratatui::layout::Rect;
use std::time::Duration;

/// A fallback that costs more than this many times the first model gets a warning.
const EXPENSIVE: f64 = 3.0;

/// The state of the screen.
pub struct App {
    /// Size, layout and focus.
    pub screen: Screen,
    /// Theme and display modes.
    pub display: Display,
    /// The overlay that is open over the panes, if any.
    pub overlay: Option<Overlay>,
    /// The keys of each action.
    pub keymap: Keymap,
    /// The input fields.
    pub prompt: PromptEditor,
    /// The inputs that were sent in this session.
    pub sent: SentInputs,
    /// The library, and the line in which a signature is typed.
    pub signatures: SignatureList,
    /// Signature, models and settings of the next run.
    pub next: NextRun,
    /// The models of the catalogue.
    pub models: ModelList,
    /// What the configuration has, to save what is different.
    pub configured: Configured,
    /// The models and chains to compare.
    pub compare_set: CompareSet,
    /// The server and the headers that it gets.
    pub server: Server,
    /// Runs of this session and earlier ones.
    pub runs: Runs,
    /// The pane of the answer.
    pub answer: AnswerPane,
    /// The pane of the failover log.
    pub log: LogView,
    /// The health of the models in this session.
    pub health: HealthBoard,
    /// A notice that the status line shows until the next key.
    pub notice: Option<String>,
    /// Whether Ctrl+C was the last key. Pressed again, it quits.
    pub leaving: bool,
    /// The guided tour, while it is on.
    pub tour: Option<Tour>,
    /// The wall time at the start of the screen's clock, in ms since 1970. Ages of runs are counted to it.
    pub wall_time: u64,
    /// The gateway and its requests.
    pub traffic: TrafficList,
    /// The grid of a file of cases, once one was opened.
    pub grid: Option<Box<Grid>>,
}

/// The rows of the answer and the search in them.
#[derive(Clone, Debug, Default)]
pub struct AnswerPane {
    /// Reasoning and answer of the shown run, as rows.
    pub page: AnswerPage,
    /// The text that is searched for.
    pub find: Option<String>,
}

impl App {
    /// Whether a run or a replay is in progress.
    pub fn busy(&self) -> bool {
        self.runs.busy()
    }

    /// Whether the screen changes with time: a run is in progress, the tour has keys to press, or the health board counts
    /// down to the end of a cooldown.
    pub fn shows_time(&self, now: Duration) -> bool {
        let comparing = matches!(&self.overlay, Some(Overlay::Compare(compare)) if compare.running());
        let touring = self.tour.as_ref().is_some_and(Tour::has_keys);
        let counting = self.traffic.in_progress > 0 && !self.screen.layout.traffic.is_empty();
        self.busy()
            || self.runs.live()
            || counting
            || comparing
            || touring
            || (matches!(self.overlay, Some(Overlay::Health(_))) && self.health.counts_down(now))
    }

    /// The transcript of the shown run.
    pub fn transcript(&self) -> Option<&Transcript> {
        self.runs.shown.as_ref().map(|run| &run.transcript)
    }

    /// The theme to draw with.
    pub fn theme(&self) -> Theme {
        self.display.theme_now()
    }

    /// The contexts that apply to keys now. The first that has a key decides.
    pub fn contexts(&self) -> Vec<Context> {
        if self.tour.is_some() {
            return vec![Context::Tour, Context::Always];
        }
        self.playground_contexts()
    }

    /// The contexts of the playground itself, also while the tour is open.
    pub(in crate::tui) fn playground_contexts(&self) -> Vec<Context> {
        if let Some(overlay) = &self.overlay {
            let mut contexts = overlay.contexts();
            contexts.push(Context::Always);
            return contexts;
        }
        let mut contexts = match self.screen.focus {
            Pane::Prompt => vec![Context::Prompt],
            Pane::Signatures if self.signatures.typing() => vec![Context::Typing],
            Pane::Signatures => vec![Context::Signatures, Context::Read],
            Pane::Answer => vec![Context::Answer, Context::Read],
            Pane::Log => vec![Context::Log, Context::Read],
            Pane::Traffic => vec![Context::Traffic, Context::Read],
        };
        contexts.extend([Context::Anywhere, Context::Always]);
        contexts
    }

    /// The run spec of the next run. It has no faults: the services know them.
    pub fn spec(&self) -> RunSpec {
        let task = SignatureTask {
            module: self.next.module,
            adapter: self.next.adapter,
            reasoning: self.next.reasoning,
            demos: self.next.demos.clone(),
            turns: self.next.conversation.turns.clone(),
            ..SignatureTask::new(self.next.signature.clone(), self.prompt.values())
        };
        RunSpec {
            policy: self.next.policy.clone(),
            settings: self.next.settings.clone(),
            ..RunSpec::new(task, self.next.chain.iter().map(|entry| &entry.model))
        }
    }

    /// The current signature with its module and demos, as a library entry.
    pub fn entry(&self) -> LibraryEntry {
        let known = self.signatures.entries.iter().find(|entry| entry.signature == self.next.signature);
        let description = known.map(|entry| entry.description.clone()).unwrap_or_default();
        LibraryEntry {
            signature: self.next.signature.clone(),
            description,
            module: self.next.module,
            demos: self.next.demos.clone(),
        }
    }

    /// The name of a signature that is written inline: that in the library, or the inline form itself.
    pub fn signature_name<'a>(&'a self, inline: &'a str) -> &'a str {
        let named = |entry: &&LibraryEntry| !entry.signature.name.is_empty() && entry.signature.inline() == inline;
        self.signatures.entries.iter().find(named).map_or(inline, |entry| entry.signature.name.as_str())
    }

    /// A warning if the model with this index in the chain costs much more than the first one, or if its price is unknown.
    pub fn price_warning(&self, index: usize) -> Option<String> {
        let price = |index: usize| Some(self.models.find(&self.next.chain.get(index)?.model)?.price);
        let ratio = price(index).zip(price(0)).and_then(|(price, first)| price.ratio_to(&first));
        match ratio {
            _ if index == 0 => None,
            None => Some("price unknown".to_owned()),
            Some(ratio) if ratio.is_infinite() => Some("much more than the first model".to_owned()),
            Some(ratio) if ratio > EXPENSIVE => {
                let decimals = usize::from(ratio < 10.0);
                Some(format!("up to {ratio:.decimals$}× the cost of the first model"))
            }
            Some(_) => None,
        }
    }

    /// Whether cells of the grid are being asked.
    pub fn is_evaluating(&self) -> bool {
        self.grid.as_ref().is_some_and(|grid| grid.asking != Asking::No)
    }

    /// What quitting now would lose, in words.
    pub fn losses(&self) -> Vec<&'static str> {
        let chosen = self.signatures.selected_entry().map(|entry| entry.signature.inline()).unwrap_or_default();
        // What the shown run asked was sent, in whichever session.
        let asked = self.transcript().and_then(|run| run.spec.as_ref()).map(|spec| spec.task.asked());
        let typed = self.prompt.values();
        let unsent = !self.prompt.is_empty() && !self.sent.all.contains(&typed) && asked.as_ref() != Some(&typed);
        [
            (self.busy(), "A run is in progress; quitting cancels it."),
            (self.is_evaluating(), "Cells are being asked; quitting cancels them."),
            (self.traffic.in_progress > 0, "Programs wait for answers of the gateway."),
            (unsent, "The prompt has text that was not sent."),
            (self.prompt.has_parked(), "Text typed for another signature was not sent."),
            (self.signatures.typing() && self.signatures.source() != chosen, "A typed signature was not used."),
        ]
        .into_iter()
        .filter_map(|(is_lost, text)| is_lost.then_some(text))
        .collect()
    }

    /// The screen without the strip of the tour.
    pub(in crate::tui) fn pane_area(&self) -> Rect {
        let (width, height) = self.screen.size;
        let strip = self.tour.as_ref().map_or(0, |tour| tour.height(self.screen.size));
        Rect { x: 0, y: 0, width, height: height - strip }
    }

    /// Empty cells at the left and right inside a pane's border.
    pub fn padding(&self) -> u16 {
        u16::from(self.display.presenter)
    }

    /// The area of a pane's text.
    pub fn text_area(&self, pane: Pane) -> Rect {
        let area = inner(self.screen.layout.pane(pane));
        let width = area.width.saturating_sub(2 * self.padding());
        let width = if pane == Pane::Answer { width.min(READING_WIDTH) } else { width };
        Rect { x: area.x.saturating_add(self.padding()), width, ..area }
    }

    /// Updates what is computed from the rest of the state: the layout and the rendered rows. Only new text is rendered,
    /// unless the width or the theme has changed.
    pub fn refresh(&mut self) {
        let screen = self.pane_area();
        let Screen { focus, full, sizes, traffic, .. } = self.screen;
        let presenter = self.display.presenter;
        let banner = if presenter { banner::rows(self.transcript(), screen.height) } else { 0 };
        let request = LayoutRequest { focus, full, traffic, prompt_rows: 3, sizes, presenter, banner };
        let first_layout = Layout::of(screen, request);
        let prompt_rows = self.prompt.rows_wanted(inner(first_layout.prompt).width) + 2;
        self.screen.layout = Layout::of(screen, LayoutRequest { prompt_rows, ..request });
        let room = self.text_area(Pane::Answer);
        let text_style = TextStyle { width: room.width, theme: self.theme(), role: StyleRole::Text };
        self.answer.page.has_large_banner = !self.screen.layout.banner.is_empty();
        if let Some(run) = &self.runs.shown {
            let converses = |task: &SignatureTask| !task.turns.is_empty() || task.signature.has_history();
            self.answer.page.has_conversation = run.transcript.task().is_some_and(converses);
            self.answer.page.refresh(&run.transcript, text_style, usize::from(room.height), &|_| Agreement::Alone);
            self.log.refresh(
                &run.transcript,
                self.text_area(Pane::Log).as_size(),
                self.theme(),
                self.display.presenter,
            );
        } else {
            self.answer.page.clear();
            self.log.clear();
        }
        if let Some(Overlay::Compare(compare)) = &mut self.overlay {
            compare.refresh(&self.screen.layout, text_style.theme);
        }
        if let (Some(Overlay::Attempt(popup)), Some(run)) = (&mut self.overlay, &self.runs.shown) {
            popup.refresh(&run.transcript, self.screen.size.0, text_style.theme);
        }
    }

    /// The popup of the headers with the current facts.
    pub(in crate::tui) fn headers_popup(&self) -> TextPopup {
        let facts = HeaderFacts {
            headers: &self.server.headers,
            server: &self.server.base,
            key_info: self.server.key_info.as_ref(),
            received: self.server.generation.as_ref(),
            attempt: self.transcript().and_then(Transcript::shown),
        };
        text_popup::headers(&facts, self.screen.size.0, self.theme())
    }

    /// The panes that there are: the traffic only with a gateway.
    pub fn tabs(&self) -> Vec<Pane> {
        let has_gateway = self.traffic.address().is_some();
        Pane::ALL.into_iter().filter(|pane| *pane != Pane::Traffic || has_gateway).collect()
    }

    /// The panes through which Tab moves. Where several are shown, the traffic or the prompt has the place of the other.
    pub fn panes(&self) -> Vec<Pane> {
        let hidden = if self.screen.traffic { Pane::Prompt } else { Pane::Traffic };
        let is_narrow = self.screen.layout.kind == LayoutKind::Narrow;
        self.tabs().into_iter().filter(|pane| is_narrow || *pane != hidden).collect()
    }

    /// Models that can be broken: those of the chain, then others that are broken, that the grid asks, or that
    /// programs asked for.
    pub fn breakable(&self) -> Vec<String> {
        let chain = self.next.chain.iter().chain(&self.next.elsewhere).map(|entry| entry.model.as_str());
        let mut models: Vec<String> = Vec::new();
        let variants = self.grid.iter().flat_map(|grid| grid.variants());
        let compared = variants.flat_map(|variant| variant.spec.chain.iter().map(|route| route.model.as_str()));
        for model in chain.chain(compared).chain(self.traffic.models()) {
            if !models.iter().any(|known| known == model) {
                models.push(model.to_owned());
            }
        }
        models
    }

    /// Moves the focus to a pane.
    pub fn focus(&mut self, pane: Pane) {
        self.screen.focus_on(pane);
    }
}
