//! What the store knows about a policy: where it came from, and when.

use std::fmt::{self, Display, Formatter};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::value::{OciReference, Sha256};

/// The content of the file beside a component.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct PolicyRecord {
    pub(super) origins: Vec<PolicyOrigin>,
}

/// Where a policy was pulled from.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct PolicyOrigin {
    pub(crate) reference: OciReference,
    /// The digest of the manifest that the reference stood for.
    pub(crate) manifest: Sha256,
    /// Seconds since 1970.
    pub(crate) pulled: u32,
}

impl PolicyOrigin {
    /// An origin, pulled now.
    pub(crate) fn now(reference: OciReference, manifest: Sha256) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let pulled = u32::try_from(since.as_secs()).unwrap_or(u32::MAX);
        Self { reference, manifest, pulled }
    }
}

impl Display for PolicyOrigin {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}, pulled on {}", self.reference, date(self.pulled))
    }
}

/// A policy in the store.
#[derive(Debug)]
pub(crate) struct StoredEntry {
    pub(crate) sha256: Sha256,
    /// The size of the component.
    pub(crate) bytes: u64,
    pub(crate) origins: Vec<PolicyOrigin>,
}

/// `paude policy list` prints a line for each.
impl Display for StoredEntry {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}  {} KiB", self.sha256, self.bytes.div_ceil(1024))?;
        self.origins.iter().try_for_each(|origin| write!(f, "  {origin}"))?;
        if self.origins.is_empty() { f.write_str("  replaced by a later pull") } else { Ok(()) }
    }
}

/// The date in UTC, as `2026-11-26`.
fn date(since_1970: u32) -> String {
    let is_leap = |year: u32| year.is_multiple_of(if year.is_multiple_of(100) { 400 } else { 4 });
    let (mut days, mut year) = (since_1970 / 86400, 1970);
    while days >= 365 + u32::from(is_leap(year)) {
        days -= 365 + u32::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u32::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    format!("{year}-{month:02}-{:02}", days + 1)
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, wanted) in [
            (0, "1970-01-01"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_798_761_599, "2026-12-31"),
            (1_798_761_600, "2027-01-01"),
            (4_107_542_399, "2100-02-28"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(date(seconds), wanted);
        }
    }
}
