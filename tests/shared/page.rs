//! Tables of the documentation that are written by tests. They stand between two comments, `<!-- name: … -->` and
//! `<!-- end of name -->`.

#[path = "update.rs"]
pub(crate) mod update;

use std::sync::Mutex;
use update::is_update;

/// One test changes a page at a time.
static PAGES: Mutex<()> = Mutex::new(());

/// The text of a page, such as `docs/gateway.md`.
pub(crate) fn read(page: &str) -> String {
    std::fs::read_to_string(format!("{}/{page}", env!("CARGO_MANIFEST_DIR"))).expect("the page")
}

/// Where the block `name` of a text begins and ends, without its comments.
fn bounds(text: &str, name: &str) -> (usize, usize) {
    let (begin, end) = (format!("<!-- {name}: "), format!("<!-- end of {name} -->"));
    let begin = text.find(&begin).unwrap_or_else(|| panic!("no `{begin}`"));
    let begin = begin + text[begin..].find(" -->\n").expect("the end of the comment") + " -->\n".len();
    (begin, text.find(&end).unwrap_or_else(|| panic!("no `{end}`")))
}

/// The block `name` of a page, without its comments.
pub(crate) fn block(page: &str, name: &str) -> String {
    let text = read(page);
    let (begin, end) = bounds(&text, name);
    text[begin..end].to_owned()
}

/// Writes a page.
pub(crate) fn write(page: &str, text: &str) {
    std::fs::write(format!("{}/{page}", env!("CARGO_MANIFEST_DIR")), text).expect("the page is written");
}

/// Checks that the block `name` of a page is `generated`, or writes it there when `UPDATE=1` is set.
pub(crate) fn holds(page: &str, name: &str, generated: &str) {
    let _one = PAGES.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (kept, generated) = (block(page, name), format!("\n{}\n\n", generated.trim()));
    if is_update() && kept != generated {
        let text = read(page);
        let (begin, end) = bounds(&text, name);
        write(page, &[&text[..begin], &generated, &text[end..]].concat());
    } else {
        for (line, (kept, generated)) in kept.lines().zip(generated.lines()).enumerate() {
            assert_eq!(kept, generated, "{page}, {name}, line {line}: UPDATE=1 rewrites it");
        }
        assert_eq!(kept.lines().count(), generated.lines().count(), "{page}, {name}: UPDATE=1 rewrites it");
    }
}
