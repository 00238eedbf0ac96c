//! A directory tree described as text, one entry a line:
//!
//! ```text
//! src/                                   a directory
//! README                                 an empty file
//! .venv/pyvenv.cfg: "home = /usr/bin\n"  a file with this content (a JSON string)
//! huge: "a\n" "b" * 1000 "\n"             several such strings, some of them repeated
//! link -> ../elsewhere                   a symbolic link; the target may be a JSON string
//! "odd\tname"/                           a name as a JSON string
//! ```
//!
//! Parents are created as needed; `$ROOT` in content and links is the tree's own path. A line
//! that begins with `# ` is a comment.

use std::path::Path;

/// Creates the entries below `root`.
pub fn make(root: &Path, text: &str) {
    let lines = text.lines().map(str::trim);
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with("# ")) {
        let (name, rest) = match line.strip_prefix('"') {
            Some(tail) => {
                let end = tail.find('"').expect("a closing quote") + 2;
                (serde_json::from_str::<String>(&line[..end]).expect("a JSON string"), &line[end..])
            }
            None => {
                let end = line.find([':', ' ']).unwrap_or(line.len());
                (line[..end].to_owned(), &line[end..])
            }
        };
        let own_path = root.to_str().unwrap_or_default();
        if let Some(target) = rest.trim().strip_prefix("-> ") {
            let path = root.join(&name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let target = if target.starts_with('"') { content(target) } else { target.to_owned() };
            std::os::unix::fs::symlink(target.replace("$ROOT", own_path), path).unwrap();
        } else if let Some(text) = rest.strip_prefix(": ") {
            let content = content(text);
            write(&root.join(&name), &content.replace("$ROOT", own_path));
        } else if name.ends_with('/') || rest == "/" {
            std::fs::create_dir_all(root.join(&name)).unwrap();
        } else {
            assert_eq!(rest, "", "not an entry: `{line}`");
            write(&root.join(&name), "");
        }
    }
}

/// JSON strings one after the other; `* N` behind one repeats it N times.
fn content(mut text: &str) -> String {
    let mut whole = String::new();
    while !text.is_empty() {
        let mut strings = serde_json::Deserializer::from_str(text).into_iter::<String>();
        let part = strings.next().unwrap().expect("a JSON string");
        text = text[strings.byte_offset()..].trim_start();
        let mut times = 1;
        if let Some(rest) = text.strip_prefix("* ") {
            let end = rest.find(' ').unwrap_or(rest.len());
            times = rest[..end].parse().expect("a number");
            text = rest[end..].trim_start();
        }
        whole.push_str(&part.repeat(times));
    }
    whole
}

/// Writes a file; creates its parents.
pub fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}
