//! Version specifiers, as `requires-python` has them (PEP 440), for the numbers of releases.

use std::cmp::Ordering;

/// Far more than anybody writes.
const MAX_SPECIFIERS: usize = 64;

/// The highest minor version and release of it that are tried.
const MAX_NUMBER: u32 = 99;

/// One specifier, such as `>=3.9`.
struct Specifier {
    operator: Operator,
    release: Vec<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    Compatible,
    Equal,
    EqualPrefix,
    Unequal,
    UnequalPrefix,
    AtLeast,
    AtMost,
    Above,
    Below,
}

/// The lowest `X.Y` that the specifiers allow a release of. If they have no lower bound, the
/// highest; `None` if they have no upper one either, allow nothing or are not understood.
pub(super) fn lowest(specifiers: &str) -> Option<String> {
    let parts: Vec<_> = specifiers.split(',').take(MAX_SPECIFIERS + 1).collect();
    if parts.len() > MAX_SPECIFIERS {
        return None;
    }
    let parts = parts.into_iter().map(str::trim).filter(|part| !part.is_empty());
    let specifiers = parts.map(Specifier::parse).collect::<Option<Vec<_>>>()?;
    let is_allowed = |&(major, minor): &(u32, u32)| {
        let allows = |patch| specifiers.iter().all(|one| one.allows([major, minor, patch]));
        (0..=MAX_NUMBER).any(allows)
    };
    let series = std::iter::once((2, 7)).chain((0..=MAX_NUMBER).map(|minor| (3, minor)));
    let mut allowed = series.filter(is_allowed);
    let (major, minor) = match specifiers.iter().any(Specifier::is_lower_bound) {
        true => allowed.next()?,
        false => allowed.next_back().filter(|(_, minor)| *minor < MAX_NUMBER)?,
    };
    Some(format!("{major}.{minor}"))
}

impl Specifier {
    fn parse(text: &str) -> Option<Self> {
        const OPERATORS: [(&str, Operator); 8] = [
            ("~=", Operator::Compatible),
            ("===", Operator::Equal),
            ("==", Operator::Equal),
            ("!=", Operator::Unequal),
            (">=", Operator::AtLeast),
            ("<=", Operator::AtMost),
            (">", Operator::Above),
            ("<", Operator::Below),
        ];
        let (version, operator) = OPERATORS
            .iter()
            .find_map(|(sign, operator)| Some((text.strip_prefix(sign)?.trim(), *operator)))?;
        let (version, operator) = match (version.strip_suffix(".*"), operator) {
            (Some(prefix), Operator::Equal) => (prefix, Operator::EqualPrefix),
            (Some(prefix), Operator::Unequal) => (prefix, Operator::UnequalPrefix),
            (Some(_), _) => return None,
            (None, operator) => (version, operator),
        };
        let release = parse_release(version)?;
        let is_complete = operator != Operator::Compatible || release.len() > 1;
        is_complete.then_some(Self { operator, release })
    }

    /// Whether it says which minor version is the lowest.
    fn is_lower_bound(&self) -> bool {
        use Operator::{Above, AtLeast, Compatible, Equal, EqualPrefix};
        let is_lower = [Above, AtLeast, Compatible, Equal, EqualPrefix].contains(&self.operator);
        is_lower && self.release.len() > 1
    }

    fn allows(&self, candidate: [u32; 3]) -> bool {
        let order = compare(&candidate, &self.release);
        let has_prefix = |prefix: &[u32]| {
            let padded = candidate.iter().copied().chain(std::iter::repeat(0));
            padded.zip(prefix).all(|(one, other)| one == *other)
        };
        match self.operator {
            Operator::Compatible => {
                order != Ordering::Less && has_prefix(&self.release[..self.release.len() - 1])
            }
            Operator::Equal => order == Ordering::Equal,
            Operator::Unequal => order != Ordering::Equal,
            Operator::EqualPrefix => has_prefix(&self.release),
            Operator::UnequalPrefix => !has_prefix(&self.release),
            Operator::AtLeast => order != Ordering::Less,
            Operator::AtMost => order != Ordering::Greater,
            Operator::Above => order == Ordering::Greater,
            Operator::Below => order == Ordering::Less,
        }
    }
}

/// The numbers of a release, without what marks a pre-release.
fn parse_release(version: &str) -> Option<Vec<u32>> {
    let version = version.strip_prefix('v').unwrap_or(version);
    let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
    let (release, suffix) = version.split_at(end);
    if !suffix.is_empty() && !["a", "b", "rc", "dev", "post"].iter().any(|s| suffix.starts_with(s))
    {
        return None;
    }
    let numbers = release.trim_end_matches('.').split('.').map(|part| part.parse().ok());
    numbers.collect::<Option<Vec<u32>>>().filter(|numbers| numbers.len() <= 4)
}

/// Compares releases of different lengths, of which the shorter ends with zeroes.
fn compare(one: &[u32], other: &[u32]) -> Ordering {
    let number = |release: &[u32], index: usize| release.get(index).copied().unwrap_or(0);
    let mut orders = (0..one.len().max(other.len())).map(|n| number(one, n).cmp(&number(other, n)));
    orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_version_that_is_allowed_is_found() {
        for (specifiers, wanted) in [
            (">=3.9", Some("3.9")),
            (">= 3.9, < 4", Some("3.9")),
            (">=3.10.2", Some("3.10")),
            (">3.8", Some("3.8")),
            (">3.8.99", Some("3.9")),
            ("~=3.10", Some("3.10")),
            ("~=3.10.2", Some("3.10")),
            ("==3.11.*", Some("3.11")),
            ("==3.11.4", Some("3.11")),
            ("===3.12.1", Some("3.12")),
            (">=3.8,!=3.8.*,!=3.9.*", Some("3.10")),
            (">=2.7,!=3.0.*", Some("2.7")),
            (">=3.15.0a1", Some("3.15")),
            ("<3.13", Some("3.12")),
            ("<=3.11", Some("3.11")),
            (">=3", None),
            (">=3,<3.12", Some("3.11")),
            ("<4", None),
            ("", None),
            (">=3.12,<3.10", None),
            (">=4.0", None),
            ("^3.9", None),
            ("3.9", None),
            (">=x", None),
            ("~=3", None),
            (">=3.9.*", None),
            (">=3.99999999999", None),
        ] {
            assert_eq!(lowest(specifiers).as_deref(), wanted, "{specifiers}");
        }
        assert_eq!(lowest(&">=3.9,".repeat(65)), None);
    }
}
