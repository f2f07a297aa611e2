//! Text for the system's clipboard, by a program that knows it. Which one there is, is decided where the
//! environment is known; the text goes to it on a thread of its own, so that nothing waits for it.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

/// A program that takes the clipboard's text from its standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClipboardTool {
    /// Its name, for the notice.
    pub name: &'static str,
    /// Where it is.
    pub path: PathBuf,
    /// What it is called with.
    pub arguments: &'static [&'static str],
}

/// Programs for the clipboard: the variable that says that its system is there (none: always), name, arguments.
const TOOLS: &[(&str, &str, &[&str])] = &[
    ("WSL_DISTRO_NAME", "clip.exe", &[]),
    ("WAYLAND_DISPLAY", "wl-copy", &[]),
    ("DISPLAY", "xclip", &["-selection", "clipboard"]),
    ("DISPLAY", "xsel", &["--clipboard", "--input"]),
    ("", "pbcopy", &[]),
    ("", "clip.exe", &[]),
];

/// A terminal may pass over more base64 than this, in bytes of text.
const OSC_52: usize = 74_000;

impl ClipboardTool {
    /// The first program that fits the environment and is there; none over SSH, where it would fill the clipboard
    /// of the wrong machine.
    pub fn find(env: impl Fn(&str) -> Option<String>, there: impl Fn(&PathBuf) -> bool) -> Option<Self> {
        let set = |name: &str| env(name).is_some_and(|value| !value.is_empty());
        if set("SSH_CONNECTION") || set("SSH_TTY") || set("SSH_CLIENT") {
            return None;
        }
        let folders: Vec<PathBuf> = env("PATH").iter().flat_map(std::env::split_paths).collect();
        let fitting = TOOLS.iter().filter(|(variable, ..)| variable.is_empty() || set(variable));
        fitting.into_iter().find_map(|(_, name, arguments)| {
            let path = folders.iter().map(|folder| folder.join(name)).find(|path| there(path))?;
            Some(Self { name, path, arguments })
        })
    }

    /// Hands the text over on another thread, and says there how that went.
    pub fn copy(&self, what: &str, text: String, say: impl FnOnce(String) + Send + 'static) {
        let (tool, what) = (self.clone(), what.to_owned());
        thread::spawn(move || {
            let count = text.chars().count();
            say(match tool.pipe(&text) {
                Ok(()) => format!("Copied {what}, {count} characters, with {} and the terminal (OSC 52).", tool.name),
                Err(why) => {
                    format!("{} did not take {what}: {why}. The terminal was asked too (OSC 52).", tool.name)
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

/// What is said when the terminal alone has been asked: it never tells whether it took the text.
pub(super) fn sent_notice(what: &str, text: &str) -> String {
    let count = text.chars().count();
    let long = if text.len() > OSC_52 { " Some terminals take no text as long as that." } else { "" };
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
    fn the_program_fits_the_environment() {
        let path = ("PATH", "/usr/bin");
        let all = ["wl-copy", "xclip", "xsel"];
        assert_eq!(found(&[path, ("WAYLAND_DISPLAY", "wayland-0"), ("DISPLAY", ":0")], &all), Some("wl-copy"));
        assert_eq!(found(&[path, ("DISPLAY", ":0")], &["xsel"]), Some("xsel"));
        assert_eq!(found(&[path], &all), None, "no screen to have a clipboard");
        assert_eq!(found(&[path, ("DISPLAY", ":0"), ("SSH_CONNECTION", "1 2")], &all), None, "another machine's");
        assert_eq!(found(&[path], &["pbcopy"]), Some("pbcopy"));
        assert_eq!(found(&[("DISPLAY", ":0")], &all), None, "without a PATH nothing is found");
    }

    #[cfg(unix)]
    #[test]
    fn what_became_of_the_text_is_said() {
        let said = |program: &str| {
            let (send, hear) = std::sync::mpsc::channel();
            let tool = ClipboardTool { name: "it", path: program.into(), arguments: &[] };
            tool.copy("the answer", "text".to_owned(), move |text| _ = send.send(text));
            hear.recv().expect("it is said")
        };
        assert_eq!(said("cat"), "Copied the answer, 4 characters, with it and the terminal (OSC 52).");
        assert!(said("false").contains("it did not take the answer: exit status: 1."), "{}", said("false"));
        assert!(said("no-such-program-anywhere").contains("did not take the answer"));
    }
}
