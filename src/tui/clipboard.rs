//! Copies text with a clipboard program such as `wl-copy`, on a thread of its own, so that the screen does not wait.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

/// A program that reads text from its standard input and puts it on the clipboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClipboardTool {
    /// Its name, for the notice.
    pub name: &'static str,
    /// Its full path.
    pub path: PathBuf,
    /// Its arguments.
    pub arguments: &'static [&'static str],
}

/// Clipboard programs: the environment variable that must be set (empty: none), name, arguments.
const TOOLS: &[(&str, &str, &[&str])] = &[
    ("WSL_DISTRO_NAME", "clip.exe", &[]),
    ("WAYLAND_DISPLAY", "wl-copy", &[]),
    ("DISPLAY", "xclip", &["-selection", "clipboard"]),
    ("DISPLAY", "xsel", &["--clipboard", "--input"]),
    ("", "pbcopy", &[]),
    ("", "clip.exe", &[]),
    TMUX,
];

/// By default tmux takes no text by OSC 52 from a program inside it. This puts it into tmux's buffer, and tmux sends it
/// on to its own terminal.
const TMUX: (&str, &str, &[&str]) = ("TMUX", "tmux", &["load-buffer", "-w", "-"]);

/// Some terminals ignore an OSC 52 text of more bytes than this.
const OSC_52: usize = 74_000;

impl ClipboardTool {
    /// The first program that suits the environment and is installed. Over SSH only tmux does: the others would set the
    /// clipboard of the remote machine. `exists` says whether a file exists.
    pub fn find(env: impl Fn(&str) -> Option<String>, exists: impl Fn(&PathBuf) -> bool) -> Option<Self> {
        let set = |name: &str| env(name).is_some_and(|value| !value.is_empty());
        let remote = set("SSH_CONNECTION") || set("SSH_TTY") || set("SSH_CLIENT");
        let folders: Vec<PathBuf> = env("PATH").iter().flat_map(std::env::split_paths).collect();
        let tools = if remote { std::slice::from_ref(&TMUX) } else { TOOLS };
        let suitable = tools.iter().filter(|(variable, ..)| variable.is_empty() || set(variable));
        suitable.into_iter().find_map(|(_, name, arguments)| {
            let path = folders.iter().map(|folder| folder.join(name)).find(|path| exists(path))?;
            Some(Self { name, path, arguments })
        })
    }

    /// Copies the text on another thread, then calls `notify` there with a sentence about the result.
    pub fn copy(&self, what: &str, text: String, notify: impl FnOnce(String) + Send + 'static) {
        let (tool, what) = (self.clone(), what.to_owned());
        thread::spawn(move || {
            let count = text.chars().count();
            notify(match tool.pipe(&text) {
                Ok(()) => format!("Copied {what}, {count} characters, with {} and the terminal (OSC 52).", tool.name),
                Err(why) => {
                    // tmux before 3.2 knows no `-w`.
                    let advice =
                        if tool.name == TMUX.1 { " In tmux, `set -g set-clipboard on` lets it pass." } else { "" };
                    format!(
                        "{} could not copy {what}: {why}. It was also sent to the terminal (OSC 52).{advice}",
                        tool.name
                    )
                }
            });
        });
    }

    fn pipe(&self, text: &str) -> Result<(), String> {
        let mut command = Command::new(&self.path);
        command.args(self.arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let written = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(text.as_bytes()));
        match (child.wait(), written) {
            (Ok(status), _) if !status.success() => Err(status.to_string()),
            (Err(error), _) | (_, Err(error)) => Err(error.to_string()),
            (Ok(_), Ok(())) => Ok(()),
        }
    }
}

/// The notice after OSC 52 alone. The terminal does not report whether it accepts the text.
pub(super) fn sent_notice(what: &str, text: &str) -> String {
    let count = text.chars().count();
    let long = if text.len() > OSC_52 { " Some terminals ignore a text of this length." } else { "" };
    format!("Sent {what} to the terminal's clipboard (OSC 52), {count} characters.{long}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)], there: &[&str]) -> Option<&'static str> {
        let env = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        ClipboardTool::find(env, |path| there.iter().any(|name| path.ends_with(name))).map(|tool| tool.name)
    }

    #[test]
    fn the_clipboard_program_suits_the_environment() {
        let path = ("PATH", "/usr/bin");
        let all = ["wl-copy", "xclip", "xsel"];
        assert_eq!(found(&[path, ("WAYLAND_DISPLAY", "wayland-0"), ("DISPLAY", ":0")], &all), Some("wl-copy"));
        assert_eq!(found(&[path, ("DISPLAY", ":0")], &["xsel"]), Some("xsel"));
        assert_eq!(found(&[path], &all), None, "no graphical session");
        assert_eq!(found(&[path, ("DISPLAY", ":0"), ("SSH_CONNECTION", "1 2")], &all), None, "over SSH");
        assert_eq!(found(&[path], &["pbcopy"]), Some("pbcopy"));
        let (tmux, ssh) = (("TMUX", "/tmp/tmux-0/default,1,0"), ("SSH_TTY", "/dev/pts/1"));
        assert_eq!(found(&[path, tmux], &["tmux"]), Some("tmux"));
        assert_eq!(found(&[path, tmux, ssh, ("DISPLAY", ":0")], &["xclip", "tmux"]), Some("tmux"), "over SSH");
        assert_eq!(found(&[path, tmux, ("DISPLAY", ":0")], &["xclip", "tmux"]), Some("xclip"));
        assert_eq!(found(&[path], &["tmux"]), None, "tmux is installed, but this is not inside it");
        assert_eq!(found(&[("DISPLAY", ":0")], &all), None, "without a PATH nothing is found");
    }

    #[cfg(unix)]
    #[test]
    fn the_result_of_copying_is_reported() {
        let notice = |program: &str| {
            let (send, receive) = std::sync::mpsc::channel();
            let tool = ClipboardTool { name: "it", path: program.into(), arguments: &[] };
            tool.copy("the answer", "text".to_owned(), move |text| _ = send.send(text));
            receive.recv().expect("a notice")
        };
        assert_eq!(notice("cat"), "Copied the answer, 4 characters, with it and the terminal (OSC 52).");
        assert!(notice("false").contains("it could not copy the answer: exit status: 1."), "{}", notice("false"));
        assert!(notice("no-such-program-anywhere").contains("could not copy the answer"));
    }
}
