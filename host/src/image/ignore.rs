//! The patterns of `.dockerignore` and `.containerignore`, with the meaning that docker documents
//! for them: a path is left out if the last pattern that matches it, or a directory above it, does
//! not begin with `!`.
//!
//! `globset` and `ignore` differ in `**`, in `!` below an ignored directory and in what a slash
//! means, so the patterns are matched here: in time that grows with the product of the lengths of
//! pattern and path, whatever a project writes.

use crate::escape::brief;

/// The maximum length of a file in bytes, so that matching a path takes less than a second.
const MAX_FILE: usize = 64 << 10;

/// The maximum number of patterns in a file.
const MAX_PATTERNS: usize = 1000;

/// The maximum length of a pattern in bytes, which is also that of a path on Linux.
const MAX_LENGTH: usize = 4096;

/// The patterns of a file, in its order.
#[derive(Debug, Default)]
pub(super) struct IgnoreList(Vec<IgnorePattern>);

/// Which patterns match a directory or one above it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ParentMatches(Vec<bool>);

#[derive(Debug)]
struct IgnorePattern {
    /// Whether it begins with `!`.
    is_exception: bool,
    tokens: Vec<PatternToken>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum PatternToken {
    /// This character.
    Char(char),
    /// `?`: any character but a slash.
    Any,
    /// `*`: any number of characters but slashes.
    Star,
    /// `**` at the end, or before a suffix: anything.
    Deep,
    /// `**/`: any number of directories.
    Directories,
    /// `[..]`: one of these ranges, or with `[^..]` none of them.
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl IgnoreList {
    /// Parses the text of a file. An error names the line and says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_FILE {
            return Err(format!("it is longer than {} KiB", MAX_FILE >> 10));
        }
        let mut patterns = Vec::new();
        for (line, number) in text.trim_start_matches('\u{feff}').lines().zip(1..) {
            let fail = |fault: &str| Err(format!("line {number}: `{}` {fault}", brief(line)));
            if line.starts_with('#') || line.trim().is_empty() {
                continue;
            }
            if line.len() > MAX_LENGTH {
                return fail(&format!("is longer than {MAX_LENGTH} bytes"));
            }
            if patterns.len() == MAX_PATTERNS {
                return fail(&format!("is beyond the limit of {MAX_PATTERNS} patterns"));
            }
            let (is_exception, rest) = match line.trim().strip_prefix('!') {
                Some(rest) => (true, rest.trim()),
                None => (false, line.trim()),
            };
            if rest.is_empty() {
                return fail("excepts nothing");
            }
            let Some(tokens) = tokens(&clean(rest)) else {
                return fail("is not a valid pattern");
            };
            patterns.push(IgnorePattern { is_exception, tokens });
        }
        Ok(Self(patterns))
    }

    /// Whether a pattern begins with `!`, so that an ignored directory may hold something that is
    /// not ignored.
    pub(super) fn has_exceptions(&self) -> bool {
        self.0.iter().any(|pattern| pattern.is_exception)
    }

    /// Whether a path is ignored, and what its entries need to know if it is a directory.
    /// `parent` is the result for the directory that it lies in, and the default in the root.
    pub(super) fn check(&self, path: &str, parent: &ParentMatches) -> (bool, ParentMatches) {
        let path: Vec<char> = path.chars().collect();
        let mut ignored = false;
        let mut matches = vec![false; self.0.len()];
        for (index, pattern) in self.0.iter().enumerate() {
            let of_parent = parent.0.get(index).copied().unwrap_or(false);
            // A pattern that would change nothing is not tried.
            let tried = of_parent || pattern.is_exception == ignored;
            matches[index] = of_parent || (tried && is_match(&pattern.tokens, &path));
            if matches[index] {
                ignored = !pattern.is_exception;
            }
        }
        (ignored, ParentMatches(matches))
    }
}

/// The path without `.`, `..`, and slashes that mean nothing.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The tokens of a pattern; `None` if it has an unfinished class or escape.
fn tokens(pattern: &str) -> Option<Vec<PatternToken>> {
    let mut chars = pattern.chars().peekable();
    let mut tokens = Vec::new();
    while let Some(c) = chars.next() {
        tokens.push(match c {
            '*' if chars.next_if_eq(&'*').is_some() => {
                let has_slash = chars.next_if_eq(&'/').is_some();
                let rest: String = chars.clone().collect();
                let is_suffix =
                    tokens.is_empty() && !has_slash && !rest.contains(['*', '?', '[', '\\']);
                match rest.is_empty() || is_suffix {
                    true => PatternToken::Deep,
                    false => PatternToken::Directories,
                }
            }
            '*' => PatternToken::Star,
            '?' => PatternToken::Any,
            '[' => class(&mut chars)?,
            '\\' => PatternToken::Char(chars.next()?),
            c => PatternToken::Char(c),
        });
    }
    Some(tokens)
}

/// The rest of a class, after its `[`.
fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<PatternToken> {
    let negated = chars.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        if !ranges.is_empty() && chars.next_if_eq(&']').is_some() {
            return Some(PatternToken::Class { negated, ranges });
        }
        let first = class_char(chars)?;
        let last = match chars.next_if_eq(&'-') {
            Some(_) => class_char(chars)?,
            None => first,
        };
        ranges.push((first, last));
    }
}

fn class_char(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<char> {
    match chars.next()? {
        '-' | ']' => None,
        '\\' => chars.next(),
        c => Some(c),
    }
}

/// Whether the tokens match the whole path. Follows all ways to match at once, one character of
/// the path after the other.
fn is_match(tokens: &[PatternToken], path: &[char]) -> bool {
    // `at[n]`: the tokens before `n` match what was read. `within[n]`: so do these and a part of
    // the directories that token `n` stands for.
    let mut at = vec![false; tokens.len() + 1];
    let mut within = vec![false; tokens.len()];
    at[0] = true;
    skip_empty(tokens, &mut at);
    for &c in path {
        let mut next = vec![false; tokens.len() + 1];
        let mut next_within = vec![false; tokens.len()];
        for (index, token) in tokens.iter().enumerate() {
            let is_at = at[index];
            match token {
                PatternToken::Directories if is_at || within[index] => {
                    next_within[index] = true;
                    next[index + 1] |= c == '/';
                }
                PatternToken::Star if is_at && c != '/' => next[index] = true,
                PatternToken::Deep if is_at => next[index] = true,
                token if is_at && token.matches_one(c) => next[index + 1] = true,
                _ => {}
            }
        }
        skip_empty(tokens, &mut next);
        (at, within) = (next, next_within);
    }
    at[tokens.len()]
}

/// Marks what can be reached without reading a character.
fn skip_empty(tokens: &[PatternToken], at: &mut [bool]) {
    for (index, token) in tokens.iter().enumerate() {
        let may_be_empty =
            matches!(token, PatternToken::Star | PatternToken::Deep | PatternToken::Directories);
        at[index + 1] |= at[index] && may_be_empty;
    }
}

impl PatternToken {
    /// Whether it matches this character, and no other number of them.
    fn matches_one(&self, c: char) -> bool {
        match self {
            Self::Char(own) => *own == c,
            Self::Any => c != '/',
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(first, last)| (*first..=*last).contains(&c)) != *negated
            }
            Self::Star | Self::Deep | Self::Directories => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a list of patterns, separated by blanks, ignores a path, asked directory by
    /// directory as a walk does.
    fn ignores(patterns: &str, path: &str) -> bool {
        let list = IgnoreList::parse(&patterns.replace(' ', "\n")).unwrap();
        let mut result = (false, ParentMatches::default());
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        for end in ends {
            result = list.check(&path[..end], &result.1);
        }
        result.0
    }

    /// The results are those of docker's own matcher on its own test table.
    #[test]
    fn a_pattern_matches_what_docker_says() {
        let yes = [
            ("**", "file"),
            ("**/", "file"),
            ("**/**", "dir/file"),
            ("dir/**", "dir/dir2/file"),
            ("**/dir", "dir"),
            ("**/dir", "dir/file"),
            ("**/dir2/*", "dir/dir2/file"),
            ("**/dir2/**", "dir/dir2/dir3/file"),
            ("**file", "dir/dir/file"),
            ("**file", "myfile"),
            ("**/file*txt", "dir/dir/file.txt"),
            ("**/**/*.txt", "file.txt"),
            ("a**/*.txt", "a/dir/dir/file.txt"),
            ("a**/*.txt", "a/file.txt"),
            ("a/*.txt**", "a/file.txt"),
            ("a[b-d]e", "ace"),
            ("a[^b-d]e", "aze"),
            (".*", ".foo"),
            ("abc?def", "abcZdef"),
            ("**/foo/bar", "foo/bar"),
            ("**/.foo", ".foo"),
            ("a.|)$(}+{bc", "a.|)$(}+{bc"),
            ("a\\\\", "a\\"),
            ("a\\*b", "a*b"),
            ("\\#a", "#a"),
            ("\\!a", "!a"),
            ("[\\]a]", "]"),
            ("[a-ζ]*", "α"),
            ("a???b", "aéüöb"),
            ("/docs/", "docs/README"),
            ("./a//b/../c", "a/c"),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/f"),
        ];
        for (pattern, path) in yes {
            assert!(ignores(pattern, path), "{pattern} {path}");
        }
        let no = [
            ("**/**/*.txt2", "dir/dir/file.txt"),
            ("a/*.txt", "a/dir/file.txt"),
            ("a[b-d]e", "aae"),
            ("abc.def", "abcZdef"),
            ("abc?def", "abcdef"),
            ("abc/**", "abc"),
            ("**/.foo", "bar.foo"),
            ("**file*", "myfile.txt"),
            ("a*/b", "a/c/b"),
            ("a*b", "a/b"),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/fff"),
            ("b", "a/b"),
            (".", "a"),
            ("../a", "a"),
            ("a??b", "aéüöb"),
            ("# comment", "# comment"),
        ];
        for (pattern, path) in no {
            assert!(!ignores(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn the_last_pattern_that_matches_decides() {
        let cases = [
            ("docs !docs/README.md", "docs/README.md", false),
            ("docs !docs/README.md", "docs/a/README.md", true),
            ("!a *", "a", true),
            ("** !util/docker/web util/docker/web/foo", "util/docker/web/foo", true),
            ("** !util/docker/web", "util/docker/web/foo", false),
            ("** !dist/*.whl", "dist/x-1.whl", false),
            ("* !a/b/c", "a/b/d", true),
        ];
        for (patterns, path, wanted) in cases {
            assert_eq!(ignores(patterns, path), wanted, "{patterns} {path}");
        }
    }

    #[test]
    fn blanks_comments_and_a_byte_order_mark_are_not_part_of_a_pattern() {
        let list = IgnoreList::parse("\u{feff}# c\n\n  a b  \n ! c\r\n #d\n").unwrap();
        let ignored = |path| list.check(path, &ParentMatches::default()).0;
        assert!(ignored("a b") && ignored("#d") && !ignored("# c") && !ignored("c"));
        assert!(list.has_exceptions());
    }

    #[test]
    fn a_wrong_pattern_is_an_error_with_its_line() {
        for wrong in ["[", "[]a]", "[-x]", "[x-]", "[^", "a[", "\\", "!", "! "] {
            let error = IgnoreList::parse(&format!("ok\n{wrong}")).unwrap_err();
            assert!(error.starts_with("line 2: `"), "{error}");
        }
        let error = IgnoreList::parse(&"a\n".repeat(1001)).unwrap_err();
        assert!(error.contains("the limit of 1000 patterns"), "{error}");
        let error = IgnoreList::parse(&"#\n".repeat(40_000)).unwrap_err();
        assert_eq!(error, "it is longer than 64 KiB");
        let error = IgnoreList::parse(&"a".repeat(4097)).unwrap_err();
        assert!(error.contains("longer than 4096 bytes"), "{error}");
    }

    #[test]
    fn a_hostile_pattern_takes_no_exponential_time() {
        let pattern = "*a".repeat(300);
        assert!(!ignores(&pattern, &"a".repeat(299)));
        let pattern = "**/".repeat(200) + "b";
        assert!(!ignores(&pattern, &"a/".repeat(60)[..119]));
    }
}
