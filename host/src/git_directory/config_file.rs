//! A strict reader of one key of git's configuration (git-config(1)).

/// The value of `core.worktree`; `None` unless it is there exactly once, in a file without
/// continued lines in that section.
pub(super) fn core_worktree(text: &[u8]) -> Option<Vec<u8>> {
    let mut is_core = false;
    let mut found = None;
    for line in text.split(|&byte| byte == b'\n') {
        let line = line.trim_ascii();
        if let Some(header) = line.strip_prefix(b"[") {
            // Subsections such as `[core "x"]` are others.
            is_core = header.to_ascii_lowercase().starts_with(b"core]");
            // A key may follow on the same line, which git itself never writes.
            if is_core && header.len() > b"core]".len() {
                return None;
            }
            continue;
        }
        if !is_core || line.starts_with(b"#") || line.starts_with(b";") {
            continue;
        }
        if line.ends_with(b"\\") {
            return None;
        }
        let Some(equals) = line.iter().position(|&byte| byte == b'=') else { continue };
        let (key, value) = (line[..equals].trim_ascii(), line[equals + 1..].trim_ascii());
        if key.eq_ignore_ascii_case(b"worktree") && found.replace(unquote(value)?).is_some() {
            return None;
        }
    }
    found
}

/// A value without its quotes and escapes; `None` for one with a comment or another escape.
fn unquote(value: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(value.len());
    let (mut is_quoted, mut bytes) = (false, value.iter());
    while let Some(&byte) = bytes.next() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'#' | b';' if !is_quoted => return None,
            b'\\' => match bytes.next()? {
                &escaped @ (b'"' | b'\\') => text.push(escaped),
                _ => return None,
            },
            _ => text.push(byte),
        }
    }
    (!is_quoted && !text.is_empty() && !text.contains(&0)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_read_once_and_only_in_its_section() {
        for (text, wanted) in [
            ("[core]\n\tbare = false\n\tworktree = ../../../sub\n", Some("../../../sub")),
            ("[CORE]\r\nWorkTree=a b\r\n", Some("a b")),
            (
                "[core]\nworktree = \"a # \\\"b\\\\\"\n[remote \"x\"]\nurl = y\\\n",
                Some("a # \"b\\"),
            ),
            ("# x\n[other]\nworktree = a\n[core]\n; worktree = b\n#worktree = c\n", None),
            ("[core \"x\"]\nworktree = a\n", None),
            ("[core]\nworktree = a\nworktree = b\n", None),
            ("[core]\nworktree = a\n[x]\n[core]\nworktree = a\n", None),
            ("[core]\nworktree = a\\\nb\n", None),
            ("[core]\nworktree = a ; b\n", None),
            ("[core]\nworktree = \"a\n", None),
            ("[core]\nworktree = \\x\n", None),
            ("[core] worktree = a\n", None),
            ("[core]\nworktree =\n", None),
            ("[core]\nworktree\n", None),
            ("worktree = a\n", None),
        ] {
            let found = core_worktree(text.as_bytes());
            assert_eq!(found.as_deref(), wanted.map(str::as_bytes), "{text:?}");
        }
    }
}
