//! What a `.yarnrc.yml` says.

/// Bytes of a `.yarnrc.yml` that are read.
pub(crate) const MAX_BYTES: usize = 1 << 20;

/// Whether yarn unplugs packages: it does unless a linker other than Plug'n'Play is named.
pub(crate) fn unplugs(settings: &[u8]) -> bool {
    let mut lines = settings.split(|byte| *byte == b'\n');
    let linker = lines.find_map(|line| line.strip_prefix(b"nodeLinker:"));
    let is_of_word = |byte: &&u8| byte.is_ascii_alphabetic() || **byte == b'-';
    linker.is_none_or(|value| {
        let word = value.iter().skip_while(|byte| !is_of_word(byte)).take_while(is_of_word);
        word.eq(b"pnp")
    })
}
