//! `doctor`: checks the program's surroundings and suggests how to fix what is wrong.

mod values;

use super::print::out;
use super::runtime::runtime;
use super::{GlobalOptions, exit, setup};
use crate::config::{Config, Environment, KEY_VARIABLE, ValueOrigin};
use crate::openrouter::headers::{HeaderLint, Headers, lint};
use crate::openrouter::{BaseUrl, Dialect, OPENROUTER};
use crate::text::clean_line;
use crate::worker::{ServiceOptions, Services};
use anyhow::Result;
use clap::Args;
use serde::Serialize;
use std::io::IsTerminal as _;
use std::path::Path;
use std::time::Duration;

/// Check configuration, key, network, terminal and directories, and suggest fixes.
#[derive(Args, Debug)]
pub(super) struct DoctorArgs {
    /// Print a block for a bug report, without secrets and home directory
    #[arg(long)]
    report: bool,
    /// Print as JSON
    #[arg(long, conflicts_with = "report")]
    json: bool,
    /// Do not contact the server
    #[arg(long)]
    offline: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum CheckLevel {
    Good,
    Note,
    Bad,
}

/// The result of one check.
#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    state: CheckLevel,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

fn good(what: &'static str, found: impl Into<String>) -> Finding {
    Finding { what, state: CheckLevel::Good, found: found.into(), remedy: None }
}

fn note(what: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding { what, state: CheckLevel::Note, found: found.into(), remedy: Some(remedy.into()) }
}

fn bad(what: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding { what, state: CheckLevel::Bad, found: found.into(), remedy: Some(remedy.into()) }
}

impl DoctorArgs {
    pub(super) fn run(&self, settings: &GlobalOptions, env: &Environment) -> Result<u8> {
        let mut findings = files(env);
        match settings.config(env) {
            Err(error) => findings.push(bad(
                "configuration",
                format!("{error:#}"),
                "correct the configuration; other commands fail until then",
            )),
            Ok(config) => {
                findings.extend(layers(&config));
                findings.extend(values::refused(&config, settings, env));
                findings.push(key(&config, self.report));
                findings.extend(self.service(&config, settings, env));
            }
        }
        findings.extend(terminal(env));
        findings.push(writable(
            "data directory",
            &env.data_dir,
            "runs cannot be stored; `--set history.keep=nothing` turns the history off",
        ));
        findings.push(writable("configuration directory", &env.config_dir, "signatures cannot be saved"));
        // Paths contain the user's name, and what was found may quote a file.
        if let Some(home) = env.vars.get("HOME").filter(|home| self.report && home.len() > 1) {
            for finding in &mut findings {
                finding.found = finding.found.replace(home, "~");
                finding.remedy = finding.remedy.take().map(|remedy| remedy.replace(home, "~"));
            }
        }
        if self.json {
            out!("{}", serde_json::to_string_pretty(&findings)?);
        } else {
            self.print(&findings);
        }
        let failed = findings.iter().any(|finding| finding.state == CheckLevel::Bad);
        Ok(if failed { exit::USAGE } else { exit::OK })
    }

    fn print(&self, findings: &[Finding]) {
        if self.report {
            out!("```text");
            out!("switchover {} on {} {}", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
        }
        for finding in findings {
            let glyph = match finding.state {
                CheckLevel::Good => '✓',
                CheckLevel::Note => '–',
                CheckLevel::Bad => '✗',
            };
            out!("{glyph} {:<24} {}", finding.what, clean_line(&finding.found, 300));
            if let Some(remedy) = &finding.remedy {
                out!("  {:<24} → {remedy}", "");
            }
        }
        if self.report {
            out!("```");
        }
    }

    /// Which server is used, and whether it answers.
    fn service(&self, config: &Config, settings: &GlobalOptions, env: &Environment) -> Vec<Finding> {
        let mut findings = Vec::new();
        let base = match config.read::<String>("base_url") {
            Ok(base) => base,
            Err(error) => {
                return vec![bad("server", error.to_string(), "use a URL such as https://openrouter.ai/api/v1")];
            }
        };
        if settings.simulate || (base.is_none() && config.secret().is_none()) {
            findings.push(good("server", "built-in simulator"));
            return findings;
        }
        let url = base.unwrap_or_else(|| OPENROUTER.to_owned());
        let parsed: BaseUrl = match url.parse() {
            Ok(parsed) => parsed,
            Err(error) => {
                return vec![bad("server", format!("{error}"), "use a URL such as https://openrouter.ai/api/v1")];
            }
        };
        if let Ok(headers) = setup::headers(config) {
            findings.extend(attribution(&headers, &parsed));
        }
        findings.push(if self.offline {
            note("server", format!("{parsed}, not contacted"), "run it without --offline to contact the server")
        } else {
            reach(config, settings, env, &parsed)
        });
        findings
    }
}

/// Advice on the headers. A server other than OpenRouter reads no attribution, so only encryption is checked.
fn attribution(headers: &Headers, base: &BaseUrl) -> Vec<Finding> {
    let openrouter = base.dialect() == Dialect::OpenRouter;
    let lints = lint(headers, base).into_iter().filter(|lint| openrouter || lint.rule == "unencrypted");
    let finding = |lint: HeaderLint| match lint.rule {
        "unencrypted" => note("encryption", lint.line, "use an https:// URL"),
        rule => note("attribution", lint.line, format!("set attribution.referer and attribution.title ({rule})")),
    };
    lints.map(finding).collect()
}

/// Requests the server's list of models.
fn reach(config: &Config, settings: &GlobalOptions, env: &Environment, base: &BaseUrl) -> Finding {
    let count_models = || -> Result<usize> {
        let runtime = runtime(None)?;
        runtime.block_on(async {
            // A check must not write files, so the list is not cached.
            let options = setup::service_options(config, settings, env).await?;
            let services = Services::new(ServiceOptions { model_cache: None, ..options });
            let answer = tokio::time::timeout(Duration::from_secs(10), services.ask_catalogue()).await;
            let catalogue = answer.map_err(|_| anyhow::anyhow!("no answer within 10 s"))?;
            Ok(catalogue.map_err(|failure| anyhow::anyhow!("{}", failure.reason))?.models.len())
        })
    };
    match count_models() {
        Ok(models) => good("server", format!("{base} answers and lists {models} models")),
        Err(error) => bad(
            "server",
            format!("{base}: {error:#}"),
            "check the URL, the network and any proxy; --simulate works without a network",
        ),
    }
}

/// The configuration files and `.env` files that exist.
fn files(env: &Environment) -> Vec<Finding> {
    let file = env.config_file();
    let mut findings = vec![if file.exists() {
        good("configuration file", file.display().to_string())
    } else {
        note(
            "configuration file",
            format!("none at {}", file.display()),
            "optional; `switchover config` shows every setting",
        )
    }];
    if let Some(project) = env.project_file() {
        findings.push(good("project's file", project.display().to_string()));
    }
    let found: Vec<String> =
        env.env_files().iter().filter(|path| path.exists()).map(|path| path.display().to_string()).collect();
    findings.push(match found.as_slice() {
        [] => note(
            ".env files",
            "none found",
            format!("optional; a .env or .env.local here or in {} can set {KEY_VARIABLE}", env.config_dir.display()),
        ),
        all => good(".env files", format!("{} (the first file wins; the environment wins over all)", all.join(", "))),
    });
    findings
}

/// The settings that differ from the defaults, each with its origin.
fn layers(config: &Config) -> Vec<Finding> {
    let set: Vec<String> = crate::config::KEYS
        .iter()
        .filter_map(|key| Some((key.name, config.get(key.name)?)))
        .filter(|(_, set)| set.origin != ValueOrigin::Default)
        .map(|(name, set)| format!("{name} from {}", set.origin))
        .collect();
    let set = if set.is_empty() { "all defaults".to_owned() } else { set.join(", ") };
    let ignored = config.ignored().iter().chain(config.notes()).cloned().chain(config.withheld());
    let ignored = ignored.map(|notice| note("settings", notice.found, notice.advice));
    std::iter::once(good("settings", set)).chain(ignored).collect()
}

/// The API key. A report, which may be published, does not even contain its last characters.
fn key(config: &Config, report: bool) -> Finding {
    match config.secret() {
        Some((_, origin)) if report => good("key", format!("set from {origin}")),
        Some((secret, origin)) => good("key", format!("{} from {origin}", secret.masked())),
        None => {
            note("key", "not set", format!("set {KEY_VARIABLE} in the environment or a .env file to use real models"))
        }
    }
}

fn terminal(env: &Environment) -> Vec<Finding> {
    let var = |name: &str| env.vars.get(name).map(String::as_str).unwrap_or_default();
    let on_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let mut findings = vec![match (on_terminal, var("TERM")) {
        (false, _) => note(
            "terminal",
            "standard input or output is not a terminal",
            "start the playground in a terminal; `ask` works without one",
        ),
        (true, "dumb" | "") => note("terminal", "a simple one", "use `switchover plain`, the playground line by line"),
        (true, term) => match crossterm::terminal::size() {
            Ok((wide, high)) if wide < 40 || high < 12 => {
                note("terminal", format!("{term}, {wide}×{high}"), "the playground needs at least 40×12 cells")
            }
            Ok((wide, high)) => good("terminal", format!("{term}, {wide}×{high}")),
            Err(_) => good("terminal", term),
        },
    }];
    findings.push(match (var("NO_COLOR"), var("COLORTERM")) {
        ("", "truecolor" | "24bit") => good("colours", "the terminal's sixteen colours; it supports 24-bit colour"),
        ("", "") => good("colours", "the terminal's sixteen colours"),
        ("", other) => good("colours", other),
        _ => good("colours", "none: NO_COLOR is set"),
    });
    let locale = [var("LC_ALL"), var("LC_CTYPE"), var("LANG")].into_iter().find(|value| !value.is_empty());
    findings.push(match locale {
        Some(locale) if locale.to_lowercase().replace('-', "").contains("utf8") => good("text", locale),
        other => note("text", other.unwrap_or("no locale is set"), "set LANG to a UTF-8 locale if symbols look wrong"),
    });
    findings
}

/// Whether a file can be created in the directory, or in its nearest existing parent. Creates no directory.
fn writable(what: &'static str, directory: &Path, otherwise: &str) -> Finding {
    let place = directory.display().to_string();
    let mut nearest = directory;
    while !nearest.exists() {
        let Some(parent) = nearest.parent() else { break };
        nearest = parent;
    }
    let nearest = if nearest.as_os_str().is_empty() { Path::new(".") } else { nearest };
    let probe = nearest.join(format!(".switchover-{}", std::process::id()));
    match std::fs::OpenOptions::new().write(true).create_new(true).open(&probe) {
        Ok(_) => {
            _ = std::fs::remove_file(&probe);
            good(what, place)
        }
        Err(error) => bad(what, format!("{place}: {error}"), format!("make it writable; until then {otherwise}")),
    }
}
