//! The pictures in `docs/` are drawn from blocks that other tests compare with the output.

use anstyle_svg::Term;

use super::pages::{PAGES, fences, root};
use crate::support::golden;
use crate::trials;

/// A picture and the command at the start of the block that it shows.
const PICTURES: [(&str, &str); 2] = [("docs/plan.svg", PLAN), ("docs/verify.svg", VERIFY)];
const PLAN: &str = "$ paude plan";
pub(super) const VERIFY: &str = "$ paude verify";

/// The first block that begins with this line, without it.
pub(super) fn block(first: &str) -> &'static str {
    let mut all = PAGES.iter().flat_map(|(_, page)| fences(page));
    let found = all.find_map(|(_, text)| text.strip_prefix(first)?.strip_prefix('\n'));
    found.unwrap_or_else(|| panic!("no block shows `{first}`"))
}

trials!(
    fn pictures_show_what_the_pages_show() -> Outcome {
        for (file, command) in PICTURES {
            let text = format!("\x1b[1m{command}\x1b[0m\n{}", block(command));
            golden(&root().join(file), &Term::new().render_svg(&text));
        }
        Ok(())
    }
);
