//! The links of pages, in Markdown and in the HTML that is made of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Result, ensure};

/// The attributes that name another file.
const ATTRIBUTES: [&str; 2] = [" href=\"", " src=\""];

/// The files that a page links to, relative to the root of the repository like `page`.
pub(super) fn in_markdown(page: &Path, text: &str) -> Vec<PathBuf> {
    let links = text.split("](").skip(1).filter_map(|tail| tail.split([')', '#']).next());
    let own = links.filter(|link| !link.is_empty() && !link.contains("://"));
    own.map(|link| resolve(page, link)).collect()
}

/// Fails unless each link within a site leads to a file, and to a place in it; returns how many there are.
pub(super) fn check(site: &Path) -> Result<usize> {
    let mut pages = BTreeMap::new();
    collect(site, Path::new(""), &mut pages)?;
    let mut checked = 0;
    let mut dead = BTreeSet::new();
    for (page, html) in pages.iter().filter(|(page, _)| *page != Path::new("404.html")) {
        for link in ATTRIBUTES.iter().flat_map(|attribute| values(html, attribute)) {
            if link.contains(':') {
                continue;
            }
            checked += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { resolve(page, file) };
            let has_anchor = || {
                let id = format!(" id=\"{anchor}\"");
                anchor.is_empty() || pages.get(&target).is_some_and(|html| html.contains(&id))
            };
            if !site.join(&target).is_file() || !has_anchor() {
                dead.insert(format!("{}: {link}", page.display()));
            }
        }
    }
    let shown = dead.iter().map(String::as_str).collect::<Vec<_>>().join("\n  ");
    ensure!(dead.is_empty(), "links that lead nowhere:\n  {shown}");
    Ok(checked)
}

/// Reads the pages below a directory of a site.
fn collect(site: &Path, dir: &Path, pages: &mut BTreeMap<PathBuf, String>) -> Result<()> {
    for entry in fs::read_dir(site.join(dir))? {
        let path = dir.join(entry?.file_name());
        if site.join(&path).is_dir() {
            collect(site, &path, pages)?;
        } else if path.extension().is_some_and(|end| end == "html") {
            let html = fs::read_to_string(site.join(&path))?;
            pages.insert(path, html);
        }
    }
    Ok(())
}

fn values<'a>(html: &'a str, attribute: &str) -> impl Iterator<Item = &'a str> {
    html.split(attribute).skip(1).filter_map(|tail| tail.split('"').next())
}

/// The file that a link of a page names, without `..`.
fn resolve(page: &Path, link: &str) -> PathBuf {
    let mut path = page.parent().unwrap_or(Path::new("")).to_path_buf();
    for component in Path::new(link).components() {
        match component {
            Component::ParentDir => drop(path.pop()),
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_a_page_start_at_its_directory() {
        let text = "[a](b.md#c) [d](https://e.example) [f](../g/h.md) [i](#j)";
        let found = in_markdown(Path::new("docs/page.md"), text);
        assert_eq!(found, [PathBuf::from("docs/b.md"), PathBuf::from("g/h.md")]);
    }

    #[test]
    fn a_link_to_no_file_or_no_place_is_found() {
        let dir = std::env::temp_dir().join(format!("paude-links-{}", std::process::id()));
        fs::create_dir_all(dir.join("sub")).unwrap();
        fs::write(dir.join("a.html"), r#"<h1 id="top"> <a href="sub/b.html#here">"#).unwrap();
        let good = r##"<p id="here"> <a href="../a.html#top"> <a href="#here">"##;
        fs::write(dir.join("sub/b.html"), good).unwrap();
        assert_eq!(check(&dir).unwrap(), 3);
        let bad = format!(r#"{good} <img src="c.png"> <a href="../a.html#bottom">"#);
        fs::write(dir.join("sub/b.html"), bad).unwrap();
        let error = check(&dir).unwrap_err().to_string();
        assert!(error.contains("sub/b.html: c.png"), "{error}");
        assert!(error.contains("sub/b.html: ../a.html#bottom"), "{error}");
        fs::remove_dir_all(dir).unwrap();
    }
}
