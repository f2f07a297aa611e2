//! Vim keys in the prompt: keystrokes in, text and cursor out, as `cases/vim.toml` has them.

use crate::stage::Stage;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;
use serde::Deserialize;
use switchover::tui::theme::Theme;
use switchover::tui::vim::{Mode, Past, Text, Vim};
use switchover::tui::{Command, Msg};

#[derive(Deserialize)]
struct Cases {
    edits: Vec<[String; 3]>,
}

fn stage() -> Stage {
    let mut stage = Stage::new(120, 36, Theme::Dark, &[]);
    stage.app.prompt.vim = Some(Vim::default());
    stage
}

/// The text with the cursor in it.
fn shown(stage: &Stage) -> String {
    let area = &stage.app.prompt.inputs[0].area;
    let at = area.cursor();
    let mut lines: Vec<String> = area.lines().to_vec();
    let place = lines[at.0].char_indices().nth(at.1).map_or(lines[at.0].len(), |(byte, _)| byte);
    lines[at.0].insert(place, '|');
    lines.join("\n")
}

#[test]
fn keys_edit_as_in_vim() {
    let cases: Cases = toml::from_str(include_str!("../cases/vim.toml")).expect("the cases");
    for [before, keys, after] in &cases.edits {
        let mut stage = stage();
        let input = &mut stage.app.prompt.inputs[0];
        input.set(&before.replace('|', ""));
        let above = before.split('|').next().unwrap_or_default();
        let (row, line) = (above.matches('\n').count(), above.rsplit('\n').next().unwrap_or_default());
        stage.press("Esc");
        let place = tui_textarea::CursorMove::Jump(row as u16, line.chars().count() as u16);
        stage.app.prompt.inputs[0].area.move_cursor(place);
        let commands = stage.script(keys);
        assert_eq!((shown(&stage).as_str(), commands.len()), (after.as_str(), 0), "{before:?}, then {keys}");
    }
}

#[test]
fn the_mode_is_in_the_title_and_enter_sends_in_each() {
    let mut stage = stage();
    assert!(stage.screen().contains("prompt · question · INSERT"));
    stage.script("'why?' Esc");
    assert!(stage.screen().contains("· NORMAL") && stage.app.prompt.inputs[0].text() == "why?");
    stage.script("v 0");
    let screen = stage.screen();
    assert!(screen.contains("· VISUAL") && screen.contains("why"), "{screen}");
    stage.press("V");
    let screen = stage.screen();
    assert!(screen.contains("· VISUAL LINE") && screen.contains(": why?\n"), "{screen}");
    stage.press("Esc");
    assert!(matches!(stage.press("Enter"), Some(Command::Send(_))));
    assert_eq!(stage.press("Esc"), Some(Command::Cancel), "a resting Esc is the playground's");
}

#[test]
fn what_is_chosen_in_one_text_is_not_chosen_in_the_next() {
    for away in ["Tab", "Ctrl+G", "Alt+Enter", "F1"] {
        let mut stage = stage();
        stage.type_text("one two");
        stage.script("Esc V");
        stage.press(away);
        assert_eq!(stage.app.prompt.vim.as_ref().map(|vim| vim.mode), Some(Mode::Normal), "{away}");
    }
    let mut stage = stage();
    stage.type_text("a long text");
    stage.script("Esc v 0");
    stage.app.update(stage.now, Msg::Paste("pasted".into()));
    stage.script("Ctrl+C 'x' Esc");
    assert_eq!(shown(&stage), "|x");
}

#[test]
fn what_was_copied_and_changed_outlives_what_is_sent() {
    let mut stage = stage();
    stage.script("'one' Esc 0 c w 'two' Esc y y Enter");
    let run = stage.app.prompt.inputs[0].text();
    stage.app.prompt.clear();
    stage.script("'new' Esc p .");
    assert_eq!((run.as_str(), stage.app.prompt.inputs[0].text().as_str()), ("two", "new\ntwo\ntwo"));
}

#[test]
fn without_the_setting_letters_are_letters() {
    let mut stage = Stage::new(120, 36, Theme::Dark, &[]);
    stage.script("'ddx' Esc 'x'");
    assert_eq!(stage.app.prompt.inputs[0].text(), "ddxx");
    assert!(!stage.screen().contains("INSERT"));
}

#[test]
fn another_signature_and_the_tour_leave_the_keys_in_order() {
    let mut stage = stage();
    stage.script("'text' Esc Tab Down Enter");
    assert!(stage.app.prompt.vim.as_ref().is_some_and(|vim| vim.mode == Mode::Normal));
    stage.press("Alt+T");
    for _ in 0..40 {
        stage.app.update(stage.now, switchover::tui::Msg::Tick);
    }
    assert_eq!(stage.app.sent.last().expect("sent")["question"], "What is DSPy?");
}

proptest! {
    #[test]
    fn no_keys_lead_out_of_the_text(
        text in "[a-b ,\n世]{0,20}",
        keys in prop::collection::vec(prop::sample::select("hjklwbeWBE0$^gG{}%_+-;,iaIAoOxXdcyYDCsSJrpPuUvVftFT.3~<>(\"p ".chars().collect::<Vec<_>>()), 0..40),
    ) {
        let (mut vim, mut past) = (Vim::default(), Past::default());
        let mut text = Text { chars: text.chars().collect(), at: 0 };
        for c in keys {
            if vim.mode == Mode::Insert {
                vim.key(KeyEvent::from(KeyCode::Esc), &mut text, &mut past);
            }
            vim.key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE), &mut text, &mut past);
            prop_assert!(text.at <= text.chars.len(), "{vim:?} {text:?}");
        }
    }
}
