//! Every relative link of the pages leads to a file, and its anchor to a heading of that page.

use std::collections::BTreeSet;
use std::path::Path;

/// The pages, from the root.
fn pages() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let in_docs = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().file_name());
    let in_docs = in_docs.map(|name| format!("docs/{}", name.to_string_lossy()));
    let pages = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(str::to_owned);
    pages.into_iter().chain(in_docs).filter(|page| is_page(page)).collect()
}

fn is_page(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|ending| ending == "md")
}

/// The text of a page without its code blocks.
fn prose(page: &str) -> Option<String> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).ok()?;
    Some(format!("\n{text}").split("\n```").step_by(2).collect::<Vec<_>>().join("\n"))
}

/// The anchors that GitHub gives to the headings of a page: lower case, without punctuation, a hyphen for each space.
fn anchors(page: &str) -> BTreeSet<String> {
    let text = prose(page).unwrap_or_default();
    let headings = text
        .lines()
        .filter_map(|line| line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')));
    let slug = |heading: &str| {
        let kept = heading
            .trim()
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .collect::<String>();
        kept.replace(' ', "-")
    };
    headings.map(slug).collect()
}

/// The targets of the links of a text, pictures included. Code in a line has none.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    let links = text.match_indices("](").filter_map(|(at, _)| {
        let line = &text[text[..at].rfind('\n').map_or(0, |end| end + 1)..at];
        line.matches('`').count().is_multiple_of(2).then(|| text[at + 2..].split([')', ' ']).next())?
    });
    links.filter(|target| !target.contains("://"))
}

/// The folder that a packaged crate leaves out.
const PICTURES: &str = "assets/pictures";

/// What is wrong with a link on `page`, if anything.
fn problem(page: &str, target: &str) -> Option<String> {
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let folder = Path::new(page).parent().unwrap_or(Path::new(""));
    let found =
        if path.is_empty() { page.to_owned() } else { folder.join(path).to_string_lossy().replace("docs/../", "") };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if found.starts_with(PICTURES) && !root.join(PICTURES).exists() {
        return None;
    }
    if !root.join(&found).exists() {
        return Some(format!("{page}: {target} does not exist"));
    }
    (!anchor.is_empty() && !anchors(&found).contains(anchor)).then(|| format!("{page}: {target} has no such heading"))
}

#[test]
fn every_link_leads_somewhere() {
    let (mut problems, mut count) = (Vec::new(), 0);
    for page in pages() {
        let text = prose(&page).unwrap();
        let links: Vec<&str> = targets(&text).collect();
        count += links.len();
        problems.extend(links.into_iter().filter_map(|target| problem(&page, target)));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(count > 30, "only {count} links were found");
}

#[test]
fn a_wrong_link_is_found() {
    for target in ["docs/nothing.md", "docs/json.md#nothing", "#nothing"] {
        assert!(problem("README.md", target).is_some(), "{target}");
    }
    assert_eq!(problem("docs/json.md", "../README.md#faq"), None);
    assert_eq!(targets("[a](b) `[c](d)` ![e](f \"g\") [h](https://i)").collect::<Vec<_>>(), ["b", "f"]);
}

#[test]
fn every_page_is_reached_from_the_readme() {
    let (mut reached, mut new) = (BTreeSet::new(), vec!["README.md".to_owned()]);
    while let Some(page) = new.pop() {
        let Some(text) = prose(&page).filter(|_| is_page(&page) && reached.insert(page.clone())) else {
            continue;
        };
        let folder = Path::new(&page).parent().unwrap().to_owned();
        let paths =
            targets(&text).map(|target| target.split('#').next().unwrap_or_default()).filter(|path| !path.is_empty());
        new.extend(paths.map(|path| folder.join(path).to_string_lossy().replace("docs/../", "")));
    }
    let lost: Vec<String> = pages().into_iter().filter(|page| !reached.contains(page)).collect();
    // GitHub shows the changelog by itself.
    assert_eq!(lost, ["CHANGELOG.md"], "no link leads there");
}
