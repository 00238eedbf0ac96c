//! What a `package.json` says.

/// Bytes of a `package.json` that are read. npm's own has 8 KiB.
pub(crate) const MAX_BYTES: usize = 1 << 20;

/// The fields by which npm, yarn, pnpm and bun install something, and how their values begin.
const FIELDS: [(&str, &[u8]); 6] = [
    ("\"dependencies\"", b"{"),
    ("\"devDependencies\"", b"{"),
    ("\"optionalDependencies\"", b"{"),
    ("\"peerDependencies\"", b"{"),
    ("\"workspaces\"", b"{["),
    // yarn makes links to the programs of a workspace's own packages.
    ("\"bin\"", b"{\""),
];

/// Whether packages are installed beside this `package.json`: whether it has one of the fields
/// with anything in it, at any depth. An empty directory too many does no harm, and a parser
/// would make the policy three times as large.
pub(crate) fn installs_something(json: &[u8]) -> bool {
    FIELDS.iter().any(|(field, open)| has_content(json, field.as_bytes(), open))
}

/// Whether `field` is the key of an object or array that is not empty, or of a string.
fn has_content(json: &[u8], field: &[u8], open: &[u8]) -> bool {
    let mut starts = (0..json.len()).filter(|&at| json[at..].starts_with(field));
    starts.any(|at| {
        let mut tokens = json[at + field.len()..].iter().filter(|byte| !byte.is_ascii_whitespace());
        tokens.next() == Some(&b':')
            && tokens.next().is_some_and(|byte| open.contains(byte))
            && tokens.next().is_some_and(|byte| !b"}]".contains(byte))
    })
}
