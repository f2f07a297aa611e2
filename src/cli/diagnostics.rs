//! The diagnostic log, for people who look for a fault in the program. It is off by default and goes to a file, never
//! to the screen. It contains no prompt and no answer, and secrets are masked in every line.

use super::GlobalOptions;
use crate::config::{Environment, KEY_VARIABLE};
use crate::openrouter::api_key;
use crate::private;
use crate::secret::Secrets;
use crate::text::clean;
use anyhow::{Context as _, Result, anyhow};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;

/// The variable that filters the log: a level, or levels by target such as `http=debug,run=info`.
const FILTER_VARIABLE: &str = "SWITCHOVER_LOG";

impl GlobalOptions {
    /// Starts the log if `--log` is set.
    pub(super) fn start_log(&self, env: &Environment) -> Result<()> {
        let Some(path) = &self.log else { return Ok(()) };
        let filter = filter(env.vars.get(FILTER_VARIABLE).map_or("", String::as_str))?;
        let file = open(path).with_context(|| format!("--log {}", path.display()))?;
        let log = LogFile { file, secrets: self.secrets(env) };
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(log).with_max_level(LevelFilter::TRACE);
        tracing::subscriber::set_global_default(subscriber.finish().with(filter)).context("--log")?;
        tracing::info!(
            target: "config",
            version = env!("CARGO_PKG_VERSION"),
            os = std::env::consts::OS,
            arch = std::env::consts::ARCH,
            "log started"
        );
        Ok(())
    }

    /// All secrets of the configuration. If it cannot be read, the command itself reports the error.
    fn secrets(&self, env: &Environment) -> Secrets {
        let from_env = env.vars.get(KEY_VARIABLE).map(|key| api_key::clean(key));
        let Ok(config) = self.config(env) else { return Secrets::new(from_env) };
        let key = config.secret().map(|(key, _)| key.clone());
        let headers = config.headers().iter().filter_map(|header| header.value.secret().cloned());
        Secrets::new(from_env.into_iter().chain(key).chain(headers))
    }
}

/// Parses a directive list; `info` if it is empty.
fn filter(directives: &str) -> Result<Targets> {
    if directives.trim().is_empty() {
        return Ok(Targets::new().with_default(LevelFilter::INFO));
    }
    directives
        .parse()
        .map_err(|error| anyhow!("{FILTER_VARIABLE}: expected a level, or levels such as http=debug,run=info: {error}"))
}

/// Opens the file to append to it. A new one is readable by its owner only.
fn open(path: &Path) -> io::Result<File> {
    private::file_options().append(true).create(true).open(path)
}

/// The log's file. Each event arrives in one write and leaves as one line.
struct LogFile {
    file: File,
    secrets: Secrets,
}

impl<'a> MakeWriter<'a> for LogFile {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> &'a Self {
        self
    }
}

impl Write for &LogFile {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        (&self.file).write_all(line(event, &self.secrets).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An event as one line, without control characters, inner line ends and secrets.
fn line(event: &[u8], secrets: &Secrets) -> String {
    let text = String::from_utf8_lossy(event);
    let one_line = clean(text.trim_end()).replace(['\n', '\t'], " ");
    format!("{}\n", secrets.scrub(&one_line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn an_event_is_one_clean_line_without_secrets() {
        let secrets = Secrets::from(Secret::new("sk-or-v1-0123456789abcdef"));
        let event = b"INFO run: failed reason=\"no\x1b[2J key\r\nsk-or-v1-0123456789abcdef\"\n";
        assert_eq!(line(event, &secrets), "INFO run: failed reason=\"no key ***\"\n");
    }

    #[test]
    fn the_filter_has_a_default_and_refuses_nonsense() {
        assert_eq!(filter(" ").unwrap().default_level(), Some(LevelFilter::INFO));
        assert_eq!(filter("http=debug,run=info").unwrap().default_level(), None);
        assert!(filter("http=loud").unwrap_err().to_string().contains("SWITCHOVER_LOG"));
    }
}
