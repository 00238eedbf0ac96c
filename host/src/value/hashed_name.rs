//! Names for volumes, images and exported storage: nothing of the user's is in them.

use super::Sha256;

/// The number of digits of the hash in a name.
const DIGITS: usize = 32;

/// `paude-` and a hash of what distinguishes the thing.
pub(crate) fn hashed_name(distinction: &[u8]) -> String {
    format!("paude-{}", &Sha256::of(distinction).to_string()[..DIGITS])
}

/// Whether a string has the form of such a name.
pub(crate) fn is_hashed_name(text: &str) -> bool {
    let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    let hash = text.strip_prefix("paude-");
    hash.is_some_and(|hash| hash.len() == DIGITS && hash.bytes().all(is_digit))
}
