//! `paude -C DIR SUBCOMMAND`, as with git and make, beside clap's `paude SUBCOMMAND -C DIR`.

use std::ffi::OsString;

use clap::CommandFactory as _;

use super::Cli;

/// Moves a `-C DIR` that precedes a subcommand behind it; other arguments stay as they are.
pub(super) fn reorder(mut args: Vec<OsString>) -> Vec<OsString> {
    let first = args.get(1).map(|arg| arg.as_encoded_bytes());
    let count = match first {
        Some(b"-C" | b"--workspace") => 2,
        Some(arg) if arg.starts_with(b"-C") || arg.starts_with(b"--workspace=") => 1,
        _ => return args,
    };
    let depth = subcommand_depth(args.get(1 + count..).unwrap_or_default());
    if depth > 0 {
        args[1..=count + depth].rotate_left(count);
    }
    args
}

/// How many of these words are a subcommand, a subcommand of that one, and so on.
fn subcommand_depth(words: &[OsString]) -> usize {
    let is_name = |word: &&OsString| !word.as_encoded_bytes().starts_with(b"-");
    if words.first().filter(is_name).is_none() {
        return 0; // building the subcommands takes a while
    }
    let mut command = Cli::command();
    command.build();
    let (mut current, mut depth) = (&command, 0);
    while let Some(inner) = words.get(depth).and_then(|word| current.find_subcommand(word)) {
        (current, depth) = (inner, depth + 1);
    }
    depth
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_moves_behind_the_whole_subcommand() {
        for (typed, wanted) in [
            ("paude -C a plan --depth 1", "paude plan -C a --depth 1"),
            ("paude -Ca plan", "paude plan -Ca"),
            ("paude --workspace a doctor", "paude doctor --workspace a"),
            ("paude --workspace=a run -- plan", "paude run --workspace=a -- plan"),
            ("paude -C a policy run x.wasm", "paude policy run -C a x.wasm"),
            ("paude -C plan", "paude -C plan"),
            ("paude -C plan plan", "paude plan -C plan"),
            ("paude -C a -- plan", "paude -C a -- plan"),
            ("paude -C a -q plan", "paude -C a -q plan"),
            ("paude -C a nothing", "paude -C a nothing"),
            ("paude plan -C a", "paude plan -C a"),
            ("paude", "paude"),
            ("paude -C", "paude -C"),
        ] {
            let args = typed.split(' ').map(OsString::from).collect();
            let args: Vec<_> =
                reorder(args).into_iter().map(|arg| arg.into_string().unwrap()).collect();
            assert_eq!(args.join(" "), wanted, "{typed}");
        }
    }
}
