//! Snapshots of every screen of `cases/screens.toml` at every size, and the styles of every theme.

use crate::stage::{Stage, recorded};
use ratatui::style::Color;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use switchover::config::edit::edited;
use switchover::openrouter::providers::ProviderStatus;
use switchover::report::{Observation, ReportKind};
use switchover::tui::layout::{LayoutKind, Pane};
use switchover::tui::state::overlay::save_settings::SavePlan;
use switchover::tui::theme::Theme;
use switchover::tui::{ComposedRequest, Effect, Msg};

const SIZES: [[u16; 2]; 3] = [[120, 36], [80, 24], [60, 16]];

#[derive(Deserialize)]
struct Cases {
    screen: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    sizes: Option<Vec<[u16; 2]>>,
    #[serde(default)]
    also: Vec<[u16; 2]>,
    run: Option<String>,
    until_ms: Option<u64>,
    #[serde(default)]
    runs_before: Vec<String>,
    #[serde(default)]
    keys: String,
}

fn cases() -> Vec<Case> {
    toml::from_str::<Cases>(include_str!("../cases/screens.toml")).expect("the cases").screen
}

impl Case {
    fn stage(&self, [width, height]: [u16; 2], theme: Theme) -> Stage {
        let past: Vec<_> = self.runs_before.iter().map(String::as_str).collect();
        let mut stage = Stage::new(width, height, theme, &past);
        if let Some(run) = &self.run {
            stage.play(run, Duration::from_millis(self.until_ms.unwrap_or(u64::MAX / 2)));
            if self.keys.is_empty() && stage.app.screen.layout.kind == LayoutKind::Narrow {
                // As after a send, where only one pane is shown.
                stage.app.focus(Pane::Answer);
            }
        }
        for effect in stage.script(&self.keys) {
            perform(&mut stage, &effect);
        }
        stage.app.refresh();
        stage
    }
}

/// The answer of the second model in a comparison.
const SECOND_ANSWER: &str = "DSPy is a *Python* framework for programming language models:\n\n- signatures say what goes in and \
    comes out\n- modules say how to ask";

/// Sends the messages that the rest of the program would send after an effect.
fn perform(stage: &mut Stage, effect: &Effect) {
    let reports = recorded("takeover");
    match effect {
        Effect::Compare { number, specs } => {
            let column_reports = |column: usize| reports.iter().map(move |report| (column, report.clone()));
            for (column, mut report) in (0..specs.len()).flat_map(column_reports) {
                if let (1.., ReportKind::Observation(Observation::Parsed { prediction, .. })) =
                    (column, &mut report.what)
                {
                    std::sync::Arc::make_mut(&mut prediction.fields).insert("answer".into(), SECOND_ANSWER.into());
                }
                stage.app.update(stage.now, Msg::Compared { number: *number, column, report: Arc::new(report) });
            }
        }
        Effect::AskProviders(models) => {
            let provider = |name: &str, uptime, ms, is_degraded| ProviderStatus {
                name: name.to_owned(),
                uptime: Some(uptime),
                latency: Some(Duration::from_millis(ms)),
                throughput: Some(61.0),
                is_degraded,
            };
            let known = [
                Ok(vec![provider("Azure", 100.0, 420, false), provider("OpenAI", 99.51, 380, false)]),
                Ok(vec![provider("Anthropic", 71.3, 2900, false), provider("Amazon Bedrock", 12.0, 9000, true)]),
                Err("HTTP 404".to_owned()),
            ];
            for (model, providers) in models.iter().zip(known) {
                stage.app.update(stage.now, Msg::Providers(model.clone(), providers));
            }
        }
        Effect::PlanSave(changes) => {
            let plan = SavePlan {
                path: "/home/ann/.config/switchover/config.toml".into(),
                owner: "your configuration",
                before: Some("# mine\nmodels = [\"openai/gpt-4o-mini\"]\n".to_owned()),
                after: edited("# mine\nmodels = [\"openai/gpt-4o-mini\"]\n", changes),
                warnings: vec!["models is also set ($SWITCHOVER_MODELS), which wins over this file".to_owned()],
            };
            stage.app.update(stage.now, Msg::SavePlanned(changes.clone(), vec![plan]));
        }
        Effect::Compose(_) => {
            let sent = reports.iter().find_map(|report| match &report.what {
                ReportKind::Observation(Observation::Sent(sent)) => Some(sent.request.clone()),
                _ => None,
            });
            let worst =
                vec![("openai/gpt-4o-mini".to_owned(), Some(0.0012)), ("anthropic/claude-3-haiku".to_owned(), None)];
            let composed = ComposedRequest { request: sent.expect("a request"), worst };
            stage.app.update(stage.now, Msg::Composed(Box::new(Ok(composed))));
        }
        _ => {}
    }
}

/// The screen with more than 20 equal lines in succession as one line and their number.
fn folded(screen: &str) -> String {
    let lines: Vec<&str> = screen.lines().collect();
    let mut out = String::new();
    for equal in lines.chunk_by(|a, b| a == b) {
        if equal.len() > 20 {
            let _ = writeln!(out, "{}\n⋮ {} more lines like this", equal[0], equal.len() - 1);
        } else {
            for line in equal {
                let _ = writeln!(out, "{line}");
            }
        }
    }
    out
}

fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/screens"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

#[test]
fn screens_match_their_snapshots_at_every_size() {
    settings().bind(|| {
        for case in cases() {
            let mut snapshot = String::new();
            for size in
                case.sizes.iter().flatten().chain(SIZES.iter().filter(|_| case.sizes.is_none())).chain(&case.also)
            {
                let screen = folded(&case.stage(*size, Theme::Dark).screen());
                let _ = writeln!(snapshot, "── {}×{}\n{screen}", size[0], size[1]);
            }
            insta::assert_snapshot!(case.name.as_str(), snapshot);
        }
    });
}

/// Draws every screen in every theme and records each style with the first text that has it.
#[test]
fn themes_use_only_their_own_styles() {
    let mut snapshot = String::new();
    for (name, theme) in Theme::ALL {
        let mut styles: BTreeMap<String, String> = BTreeMap::new();
        for case in cases() {
            // Presenter mode changes only the dark theme.
            for keys in if theme == Theme::Dark { &["", "F8"][..] } else { &[""] } {
                let mut stage = case.stage([80, 24], theme);
                stage.script(if stage.app.overlay.is_none() { keys } else { "" });
                let buffer = stage.frame();
                let mut run: Option<(String, String)> = None;
                for cell in &buffer.content {
                    for colour in [cell.fg, cell.bg] {
                        assert!(!matches!(colour, Color::Rgb(..) | Color::Indexed(_)), "{}: {colour:?}", case.name);
                        assert!(theme != Theme::Mono || colour == Color::Reset, "{}: {colour:?}", case.name);
                    }
                    let style = format!("{:?} on {:?} {:?}", cell.fg, cell.bg, cell.modifier);
                    match &mut run {
                        Some((last, text)) if *last == style => text.push_str(cell.symbol()),
                        _ => {
                            let before = run.replace((style, cell.symbol().to_owned()));
                            note(&mut styles, before);
                        }
                    }
                }
                note(&mut styles, run);
            }
        }
        let _ = writeln!(snapshot, "── {name}");
        for (style, text) in styles {
            let _ = writeln!(snapshot, "{style:<44} {text}");
        }
    }
    settings().bind(|| insta::assert_snapshot!("themes", snapshot));
}

/// Records the first text of a style that has a letter or digit.
fn note(styles: &mut BTreeMap<String, String>, run: Option<(String, String)>) {
    let Some((style, text)) = run else { return };
    let text: String = text.trim().chars().take(40).collect();
    let bare = text.chars().all(|c| !c.is_alphanumeric());
    let known = styles.entry(style).or_default();
    if known.is_empty() && !bare {
        *known = text;
    }
}
