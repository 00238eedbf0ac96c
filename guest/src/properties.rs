//! What holds for whatever a `pyvenv.cfg` says: for proptest (`tests::pyvenv`) and for
//! libFuzzer (`tests/fuzz`).

use crate::pyvenv::parse;

/// Any bytes: nothing panics, a version is digits and dots, and a home is text of the
/// file itself that no terminal acts on.
///
/// # Panics
///
/// If that does not hold.
pub fn pyvenv(bytes: &[u8]) {
    let read = parse(bytes);
    if let Some(python) = read.python {
        let parts: Vec<_> = python.split('.').collect();
        assert!((2..=3).contains(&parts.len()), "{python:?}");
        let number =
            |part: &&str| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        assert!(parts.iter().all(number), "{python:?}");
    }
    if let Some(home) = read.home {
        assert!(!home.is_empty() && home.len() <= 4096, "{home:?}");
        assert!(!home.chars().any(char::is_control), "{home:?}");
        assert!(
            bytes.windows(home.len()).any(|part| part == home.as_bytes()),
            "{home:?} is not in the file"
        );
    }
}
