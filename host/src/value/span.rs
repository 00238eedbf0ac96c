//! The option `--idle`.

use std::str::FromStr;
use std::time::Duration;

use crate::escape::shown;

/// The longest time: a year.
const MAX: u64 = 365 * 24 * 3600;

/// A time such as `90s`, `30m`, `2h` or `1d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(u64);

impl From<Span> for Duration {
    fn from(span: Span) -> Self {
        Self::from_secs(span.0)
    }
}

impl FromStr for Span {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let units = [('s', 1), ('m', 60), ('h', 3600), ('d', 24 * 3600)];
        let parsed = units.into_iter().find_map(|(unit, seconds)| {
            let digits = text.strip_suffix(unit)?;
            let number = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse::<u64>());
            number?.ok()?.checked_mul(seconds)
        });
        parsed.filter(|seconds| (1..=MAX).contains(seconds)).map(Self).ok_or_else(|| {
            format!("`{}` is not a time from 1s to 365d, such as 30m or 2h", shown(text))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_with_a_unit() {
        for (text, seconds) in [("1s", 1), ("30m", 1800), ("2h", 7200), ("365d", MAX)] {
            assert_eq!(text.parse(), Ok(Span(seconds)), "{text}");
        }
        for text in
            ["", "2", "h", "0s", "-1s", "1.5h", "366d", "2 h", "2H", "99999999999999999999s"]
        {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
