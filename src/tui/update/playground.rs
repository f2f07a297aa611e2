//! Actions in every pane: sending, settings of the next run, opening overlays.

use crate::dspy::{Adapter, Module};
use crate::spec::RunSpec;
use crate::text::counted;
use crate::transcript::{TrafficWatch, Transcript};
use crate::tui::effect::Effect;
use crate::tui::keymap::action::PlaygroundAction;
use crate::tui::layout::{LayoutKind, Pane};
use crate::tui::state::Direction;
use crate::tui::state::app::App;
use crate::tui::state::log::{LogDetail, entry_of_shown};
use crate::tui::state::overlay::Overlay;
use crate::tui::state::overlay::draft::Draft;
use crate::tui::state::overlay::finder::Finder;

impl App {
    pub(super) fn playground(&mut self, action: PlaygroundAction) -> Option<Effect> {
        match action {
            PlaygroundAction::Send => return self.send(),
            PlaygroundAction::Cancel => return self.cancel(),
            PlaygroundAction::Request => return self.compose(),
            PlaygroundAction::Compare => return self.compare(),
            PlaygroundAction::Grid => return self.open_grid(),
            PlaygroundAction::Tour => return self.begin_tour(),
            PlaygroundAction::ClearAllFaults => return self.clear_all_faults(),
            PlaygroundAction::Headers => return Some(self.open_headers()),
            PlaygroundAction::Mouse => {
                self.display.mouse = !self.display.mouse;
                return Some(Effect::Mouse(self.display.mouse));
            }
            PlaygroundAction::NewRun => self.new_run(),
            PlaygroundAction::Continue => self.continue_conversation(),
            PlaygroundAction::TakeUp => self.take_up_shown(),
            PlaygroundAction::AddModel => self.add_model(),
            PlaygroundAction::NextFirst => self.next_first(),
            PlaygroundAction::NextPane => self.focus_next(Direction::Forward),
            PlaygroundAction::PrevPane => self.focus_next(Direction::Back),
            PlaygroundAction::Module => self.next_module(),
            PlaygroundAction::Adapter => {
                self.next.adapter = next(&Adapter::ALL, self.next.adapter);
                self.notice = Some(format!("adapter: {}", self.next.adapter));
            }
            PlaygroundAction::PinDemo => self.pin_demo(),
            PlaygroundAction::SaveSignature => self.draft_signature(),
            PlaygroundAction::Reasoning => self.answer.page.toggle_reasoning(),
            PlaygroundAction::Timeline => {
                self.log.timeline = !self.log.timeline;
                if self.screen.layout.kind == LayoutKind::Narrow && self.log.timeline {
                    self.focus(Pane::Log);
                }
            }
            PlaygroundAction::LogDetail => self.show_log_detail(self.log.detail.next()),
            PlaygroundAction::LogStory => self.show_log_detail(self.log.detail.without_headers()),
            PlaygroundAction::Presenter => self.display.presenter = !self.display.presenter,
            PlaygroundAction::Theme => {
                self.display.theme = self.display.theme.next();
                self.display.chosen_theme = Some(self.display.theme);
                self.notice = Some(format!("theme: {}", self.display.theme.name()));
            }
            PlaygroundAction::Palette => self.overlay = Some(Overlay::Finder(Finder::actions(&self.keymap))),
            PlaygroundAction::Faults => self.open_faults(),
            PlaygroundAction::Gateway => return self.gateway(),
            PlaygroundAction::Chain => return self.open_chain(),
            PlaygroundAction::Settings => self.open_settings(),
            PlaygroundAction::SaveSettings => return self.save_settings(),
            PlaygroundAction::Demos => self.overlay = Some(Overlay::Demos(0)),
            PlaygroundAction::Health => self.overlay = Some(Overlay::Health(0)),
            PlaygroundAction::History => return Some(self.open_history()),
            PlaygroundAction::OpenCases => self.ask_for_cases(),
            PlaygroundAction::CompareSet => self.overlay = Some(Overlay::CompareSet(0)),
        }
        None
    }

    fn show_log_detail(&mut self, detail: LogDetail) {
        self.log.detail = detail;
        self.log.timeline = false;
        if detail == LogDetail::Everything {
            self.log.selected = self.transcript().and_then(entry_of_shown);
        }
        self.notice = Some(format!("failover log: {}", detail.name()));
        if self.screen.layout.kind == LayoutKind::Narrow {
            self.focus(Pane::Log);
        }
    }

    pub(super) fn draft_settings(&mut self) {
        self.overlay = Some(Overlay::Draft(Box::new(Draft::request(&self.next.settings))));
    }

    /// Opens the popup of the headers, and queries the server for the limits of the key and what it received.
    fn open_headers(&mut self) -> Effect {
        self.overlay = Some(Overlay::Headers(self.headers_popup()));
        let head = self.transcript().and_then(Transcript::shown).and_then(|attempt| attempt.head.as_ref());
        Effect::AskServer { generation: head.and_then(|head| head.generation.clone()) }
    }

    pub(super) fn send(&mut self) -> Option<Effect> {
        let spec = self.ready_spec()?;
        Some(self.send_spec(spec))
    }

    /// Starts a run, and shows it.
    pub(super) fn send_spec(&mut self, spec: RunSpec) -> Effect {
        self.runs.awaiting = true;
        self.traffic.watch = TrafficWatch::Nothing;
        self.answer.page.scroll.to_end();
        if self.screen.layout.kind == LayoutKind::Narrow {
            self.focus(Pane::Answer);
        }
        Effect::Send(Box::new(spec))
    }

    /// The run spec of the prompt, whose inputs are then remembered as sent. `None`, with a notice, if it cannot be sent.
    pub(super) fn ready_spec(&mut self) -> Option<RunSpec> {
        if self.refuses_while_busy() {
            return None;
        }
        if self.next.chain.is_empty() {
            self.notice = Some("The chain is empty: Ctrl+L adds a model.".to_owned());
            return None;
        }
        if self.prompt.is_empty() {
            self.prompt.fill_examples();
        }
        let missing = self.prompt.missing();
        let recall = if self.sent.all.is_empty() { "" } else { ", or press Up for what was asked before" };
        let missing =
            missing.first().map(|name| ((*name).to_owned(), format!("{name} is empty: type something first{recall}.")));
        let problem =
            || self.prompt.problems().next().map(|problem| (problem.field.clone(), format!("Not sent: {problem}.")));
        if let Some((name, notice)) = missing.or_else(problem) {
            self.notice = Some(notice);
            self.prompt.focus_on(&name);
            self.focus(Pane::Prompt);
            return None;
        }
        let spec = self.spec();
        let inputs = spec.task.asked();
        if self.sent.all.last() != Some(&inputs) {
            self.sent.all.push(inputs);
        }
        self.sent.shown = None;
        self.prompt.mark_sent();
        Some(spec)
    }

    fn cancel(&mut self) -> Option<Effect> {
        if self.signatures.typing() {
            if self.signatures.leave_typing() {
                self.notice = Some("“type your own” continues with this text.".to_owned());
            }
        } else if self.busy() {
            return Some(self.cancel_run());
        } else if self.answer.find.take().is_none() && !std::mem::take(&mut self.screen.full) {
            // One step back: from the timeline to the log, from a pane to the prompt.
            if !std::mem::take(&mut self.log.timeline) {
                self.focus(Pane::Prompt);
            }
        }
        None
    }

    /// Cancels the run in progress.
    pub(super) fn cancel_run(&mut self) -> Effect {
        self.runs.awaiting = false;
        self.end_replay();
        Effect::Cancel
    }

    fn new_run(&mut self) {
        if self.refuses_while_busy() {
            return;
        }
        let kept = self.put_aside();
        let ended = self.end_conversation() > 0;
        self.runs.close_shown();
        self.traffic.watch = TrafficWatch::Nothing;
        self.prompt.clear();
        self.answer.find = None;
        self.focus(Pane::Prompt);
        self.notice = match (ended, kept) {
            (true, _) => Some("A new conversation begins; the last one is in the history.".to_owned()),
            (false, true) => Some("Up brings back what was typed.".to_owned()),
            (false, false) => None,
        };
    }

    fn next_module(&mut self) {
        let kind = std::mem::discriminant(&self.next.module);
        let index = Module::ALL.iter().position(|module| std::mem::discriminant(module) == kind).unwrap_or(0);
        self.next.module = Module::ALL[(index + 1) % Module::ALL.len()];
        self.notice = Some(format!("module: {}", self.next.module));
    }

    /// Clears all faults on the screen, and returns their number.
    pub(super) fn clear_faults(&mut self) -> usize {
        let broken = self.next.chain.iter_mut().filter(|entry| entry.fault.is_some());
        let cleared = broken.map(|entry| {
            entry.fault = None;
            self.health.reset_route(&entry.model);
        });
        let in_chain = cleared.count();
        let elsewhere = self.next.elsewhere.drain(..).map(|entry| self.health.reset_route(&entry.model));
        in_chain + elsewhere.count()
    }

    fn clear_all_faults(&mut self) -> Option<Effect> {
        let count = self.clear_faults();
        self.notice = Some(if count == 0 {
            "No faults are set.".to_owned()
        } else {
            format!("{} cleared.", counted(count, "fault"))
        });
        (count > 0).then_some(Effect::ClearAllFaults)
    }
}

/// The element after `current`; after the last comes the first.
fn next<T: Copy + PartialEq>(all: &[T], current: T) -> T {
    let index = all.iter().position(|other| *other == current).map_or(0, |index| index + 1);
    all[index % all.len()]
}
