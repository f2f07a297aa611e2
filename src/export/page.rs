//! Runs as a page for a browser: what was asked, what came out, and each attempt with the headers that left the machine.
//! Several runs stand side by side.

use crate::html::{escape, page};
use crate::text::{counted, value_text};
use crate::transcript::{Attempt, Transcript, seconds, usd};
use std::fmt::Write as _;

/// A page of one run, or of several to be compared.
pub fn runs(runs: &[Transcript]) -> String {
    let asked = runs.first().and_then(Transcript::asked).unwrap_or_default();
    let question = asked.values().next().map(value_text).unwrap_or_default();
    let question: String = question.chars().take(120).collect();
    let title = if question.trim().is_empty() { "Run".to_owned() } else { question };
    let mut body = format!("<h1>{}</h1>\n<div class=\"runs\">\n", escape(&title));
    for run in runs {
        body.push_str(&section(run));
    }
    body.push_str("</div>\n");
    page(&title, &body)
}

fn section(run: &Transcript) -> String {
    let mut text = String::from("<section>\n");
    let chain = run.spec.iter().flat_map(|spec| &spec.chain).map(|route| route.model.as_str());
    _ = writeln!(text, "<p class=\"lead\">{}</p>", escape(&chain.collect::<Vec<_>>().join(" › ")));
    text.push_str("<dl>\n");
    for (name, value) in run.asked().unwrap_or_default() {
        _ = writeln!(text, "<dt>{}</dt><dd><pre>{}</pre></dd>", escape(&name), escape(&value_text(&value)));
    }
    text.push_str("</dl>\n");
    if let Some(end) = &run.finished {
        let by = end.model.as_deref().map_or_else(
            || end.headline.clone().unwrap_or_else(|| "no answer".to_owned()),
            |model| format!("answered by {model}"),
        );
        let attempts = counted(end.attempts as usize, "attempt");
        let facts = format!("{by} · {} · {attempts} · {}", seconds(end.took), usd(end.cost));
        _ = writeln!(text, "<h2>{}</h2>\n<dl>", escape(&facts));
        for (name, value) in end.fields.iter() {
            _ = writeln!(text, "<dt>{}</dt><dd><pre>{}</pre></dd>", escape(name), escape(&value_text(value)));
        }
        text.push_str("</dl>\n");
    }
    text.push_str("<h2>Failover log</h2>\n<pre class=\"log\">");
    for line in run.lines() {
        _ = writeln!(text, "{}", escape(&line));
    }
    text.push_str("</pre>\n");
    for attempt in &run.attempts {
        text.push_str(&headers(attempt));
    }
    text.push_str("</section>\n");
    text
}

/// The headers of an attempt's request, folded. Secret values are masked where requests are recorded.
fn headers(attempt: &Attempt) -> String {
    let Some(request) = &attempt.request else { return String::new() };
    let lines: Vec<String> =
        request.headers.iter().map(|header| format!("{}: {}", header.name(), header.value())).collect();
    format!(
        "<details><summary>{} {}: {} headers</summary>\n<pre>POST {}\n{}</pre></details>\n",
        attempt.id,
        escape(&attempt.model),
        lines.len(),
        escape(&request.url),
        escape(&lines.join("\n"))
    )
}
