//! What paude has to know of a Dockerfile: the images that it begins with, for the stamp, and
//! that none of them is a file of this machine.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::escape::brief;
use crate::value::Image;

/// What podman takes for an image that is a file or a directory of this machine, or lies in
/// another program (containers-transports(5)).
const TRANSPORTS: [&str; 11] = [
    "atomic",
    "containers-storage",
    "dir",
    "docker-archive",
    "docker-daemon",
    "oci",
    "oci-archive",
    "openshift",
    "ostree",
    "sif",
    "tarball",
];

/// The most instructions and images that are looked at.
const MAX_LINES: usize = 100_000;
const MAX_IMAGES: usize = 200;

/// The images that FROM, `COPY --from` and `RUN --mount=..,from=` name, without `scratch` and the
/// file's own stages, sorted. `args` are the values of ARG that the build is given.
pub(super) fn base_images(text: &str, args: &BTreeMap<String, String>) -> Result<Vec<String>> {
    let mut variables = platform_variables();
    let (mut images, mut stages) = (Vec::new(), Vec::<String>::new());
    for line in logical_lines(text)? {
        let mut words = line.split_whitespace();
        let instruction = words.next().unwrap_or_default().to_ascii_uppercase();
        match instruction.as_str() {
            // Only what stands before the first FROM can be used in a FROM.
            "ARG" if stages.is_empty() => declare(words, args, &mut variables)?,
            "FROM" => {
                let mut words = words.filter(|word| !word.starts_with("--"));
                let image = expand(words.next().unwrap_or_default(), &variables)?;
                add(image, &stages, &mut images)?;
                let name = words.nth(1).unwrap_or_default(); // after `AS`
                stages.push(name.to_ascii_lowercase());
            }
            "COPY" | "ADD" | "RUN" => {
                let options = words.filter(|word| word.starts_with("--"));
                for field in options.flat_map(|option| option.split(',')) {
                    let of_copy = field.strip_prefix("--from=");
                    let of_mount = field.strip_prefix("from=");
                    let of_mount = of_mount.or_else(|| field.strip_prefix("--mount=from="));
                    if let Some(image) = of_copy.or(of_mount) {
                        // Of a stage's own variables paude knows nothing.
                        let image = expand(image.trim_matches('"'), &BTreeMap::new())?;
                        add(image, &stages, &mut images)?;
                    }
                }
            }
            _ => {}
        }
    }
    if stages.is_empty() {
        return Err(Error::usage("it has no FROM instruction"));
    }
    images.sort();
    images.dedup();
    Ok(images)
}

/// Adds an image, unless it is a stage, by name or number, or nothing.
fn add(image: String, stages: &[String], images: &mut Vec<String>) -> Result<()> {
    let lower = image.to_ascii_lowercase();
    if image.is_empty() || image == "scratch" || stages.contains(&lower) {
        return Ok(());
    }
    if image.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    let transport = image.split_once(':').map(|(transport, _)| transport);
    let is_file = transport.is_some_and(|transport| TRANSPORTS.contains(&transport));
    if is_file || Image::try_from(image.clone()).is_err() {
        let image = brief(&image);
        let what = if is_file { "is a file of this machine, not" } else { "is not the name of" };
        return Err(Error::usage(format!("`{image}` {what} an image"))
            .hint("FROM and --from take an image as [HOST[:PORT]/]NAME[:TAG]"));
    }
    if images.len() == MAX_IMAGES {
        return Err(Error::usage(format!("it names more than {MAX_IMAGES} images")));
    }
    images.push(image);
    Ok(())
}

/// What engines predefine for FROM, of the platform that paude was compiled for.
fn platform_variables() -> BTreeMap<String, String> {
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        arch => arch,
    };
    let platform = format!("linux/{arch}");
    let mut variables = BTreeMap::new();
    for side in ["TARGET", "BUILD"] {
        variables.insert(format!("{side}ARCH"), arch.to_owned());
        variables.insert(format!("{side}OS"), "linux".to_owned());
        variables.insert(format!("{side}PLATFORM"), platform.clone());
    }
    variables
}

/// Sets the variables of an ARG instruction.
fn declare<'w>(
    words: impl Iterator<Item = &'w str>,
    args: &BTreeMap<String, String>,
    variables: &mut BTreeMap<String, String>,
) -> Result<()> {
    for word in words {
        let (name, default) = word.split_once('=').unwrap_or((word, ""));
        let value = match args.get(name) {
            Some(value) => value.clone(),
            // What cannot be expanded is an error only where it is used: no image has a backslash.
            None => expand(default.trim_matches(['"', '\'']), variables)
                .unwrap_or_else(|_| "\\".to_owned()),
        };
        variables.insert(name.to_owned(), value);
    }
    Ok(())
}

/// Replaces `$NAME`, `${NAME}`, `${NAME:-DEFAULT}` and `${NAME:+OTHER}`. Fails for unknown variables,
/// for the other forms, and for what an engine would take away, such as quotes: by these a
/// Dockerfile could name an image that paude does not see.
fn expand(text: &str, variables: &BTreeMap<String, String>) -> Result<String> {
    let unknown = || {
        Error::usage(format!("paude cannot tell what `{}` stands for", brief(text)))
            .hint("name the image, or a variable: $NAME or ${NAME:-DEFAULT}")
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let value = |name: &str| variables.get(name).map(String::as_str).ok_or_else(unknown);
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        if let Some(braced) = after.strip_prefix('{') {
            let (inner, behind) = braced.split_once('}').ok_or_else(unknown)?;
            let end = inner.find(|c| !is_name(c)).unwrap_or(inner.len());
            let (name, modifier) = inner.split_at(end);
            let word = modifier.get(2..).unwrap_or_default();
            let value = value(name)?;
            match modifier.get(..2).unwrap_or(modifier) {
                _ if word.contains('$') => return Err(unknown()),
                "" => expanded.push_str(value),
                ":-" if value.is_empty() => expanded.push_str(word),
                ":-" => expanded.push_str(value),
                ":+" if value.is_empty() => {}
                ":+" => expanded.push_str(word),
                _ => return Err(unknown()),
            }
            rest = behind;
        } else {
            let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
            if end == 0 {
                return Err(unknown());
            }
            expanded.push_str(value(&after[..end])?);
            rest = &after[end..];
        }
    }
    expanded.push_str(rest);
    match expanded.contains(['\\', '"', '\'']) {
        true => Err(unknown()),
        false => Ok(expanded),
    }
}

/// The instructions, with continued lines joined and comments left out.
///
/// Lines of a heredoc count too: an engine that knows none takes them for instructions.
fn logical_lines(text: &str) -> Result<Vec<String>> {
    let escape = match escape_directive(text) {
        Some('`') => '`',
        _ => '\\',
    };
    let (mut lines, mut open) = (Vec::new(), false);
    for line in text.trim_start_matches('\u{feff}').lines() {
        let line = line.trim();
        if line.starts_with('#') || (open && line.is_empty()) {
            continue;
        }
        if line.contains("<<") && line.ends_with(escape) {
            return Err(Error::usage(
                "it continues the line of a heredoc, which engines read in several ways",
            ));
        }
        let (part, continues) = match line.strip_suffix(escape) {
            Some(part) => (part, true),
            None => (line, false),
        };
        match lines.last_mut() {
            Some(last) if open => *last = format!("{last}{part}"),
            _ => lines.push(part.to_owned()),
        }
        open = continues;
        if lines.len() > MAX_LINES {
            return Err(Error::usage(format!("it has more than {MAX_LINES} lines")));
        }
    }
    Ok(lines)
}

/// The character of `# escape=`, which stands before anything else.
fn escape_directive(text: &str) -> Option<char> {
    let directives = text.lines().map_while(|line| line.trim().strip_prefix('#'));
    let is_word = |name: &str| !name.is_empty() && name.chars().all(char::is_alphanumeric);
    let mut pairs =
        directives.map_while(|line| line.split_once('=').filter(|(name, _)| is_word(name.trim())));
    let is_escape = |name: &str| name.trim().eq_ignore_ascii_case("escape");
    pairs.find(|(name, _)| is_escape(name)).and_then(|(_, value)| value.trim().chars().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(text: &str) -> Vec<String> {
        let args = BTreeMap::from([("GIVEN".to_owned(), "given".to_owned())]);
        base_images(text, &args).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn images_are_found_whatever_their_spelling() {
        let cases: [(&str, &[&str]); 12] = [
            ("FROM a", &["a"]),
            ("# c\n\n  from --platform=$BUILDPLATFORM a:1 AS x\nFROM x\nFROM scratch", &["a:1"]),
            ("ARG V=3\nFROM python:${V}-slim", &["python:3-slim"]),
            ("ARG GIVEN=x\nFROM $GIVEN", &["given"]),
            (
                "ARG NO\nARG A=1\nARG B=\"p:$A\"\nFROM ${B:-q}\nFROM ${NO:-q}\nFROM r${NO:+s}",
                &["p:1", "q", "r"],
            ),
            ("FROM a\nARG B=b\nFROM c", &["a", "c"]),
            ("FROM \\\n# c\n\n  a", &["a"]),
            ("# escape=`\nFROM `\na", &["a"]),
            (
                "FROM a AS one\nFROM b\nCOPY --from=ONE --chown=1 x y\nCOPY --from=0 x y",
                &["a", "b"],
            ),
            ("FROM a\nCOPY --from=tool/image:1 x y", &["a", "tool/image:1"]),
            ("FROM a\nRUN --mount=type=bind,from=m,target=/x true", &["a", "m"]),
            ("FROM h:5000/a@sha256:00\nFROM a\nfrom a", &["a", "h:5000/a@sha256:00"]),
        ];
        for (text, wanted) in cases {
            assert_eq!(images(text), wanted, "{text}");
        }
        let arch = images("FROM a-$TARGETARCH").remove(0);
        assert!(arch.len() > 2, "{arch}");
    }

    #[test]
    fn an_image_that_is_a_file_of_the_machine_is_refused() {
        for text in [
            "FROM oci:/etc",
            "FROM \\\n dir:/etc",
            "ARG A=oci-archive\nFROM ${A}:/x",
            "FROM a\nCOPY --from=docker-archive:/x a b",
            "FROM a\nRUN --mount=from=tarball:/x true",
            // An engine that knows no heredoc would build over it.
            "FROM a\nRUN cat <<E\nFROM sif:/x\nE",
        ] {
            let error = base_images(text, &BTreeMap::new()).unwrap_err();
            assert!(error.message().ends_with("is a file of this machine, not an image"), "{text}");
        }
    }

    /// podman takes quotes away, and knows variables of stages.
    #[test]
    fn no_spelling_hides_a_file_of_the_machine() {
        for text in [
            "FROM o\"c\"i:/x",
            "FROM o'c'i:/x",
            "ARG A=o'c'i\nFROM $A:/x",
            "FROM scratch\nARG F=oci\nCOPY --from=$F:/x a b",
            "FROM scratch\nARG F=oci\nFROM $F:/x",
            "FROM scratch\nCOPY --from=o\"c\"i:/x a b",
            "# a b=c\n# escape=`\nFROM scratch\nLABEL x=`\nFROM oci:/x",
            "FROM scratch\nRUN <<'E\\'\nFROM oci:/x",
            "FROM /x",
            "FROM -x",
        ] {
            assert!(base_images(text, &BTreeMap::new()).is_err(), "{text}");
        }
        // An argument that no image needs may be anything.
        assert_eq!(images("ARG A='x' \"y\nARG B=p'q\nFROM a"), ["a"]);
    }

    #[test]
    fn what_cannot_be_understood_is_an_error() {
        for text in
            ["", "RUN true", "FROM ${A#x}", "FROM ${A", "FROM $", "FROM ${A:-$B}", "FROM a\\b"]
        {
            assert!(base_images(text, &BTreeMap::new()).is_err(), "{text}");
        }
        let many: String = (0..201).map(|n| format!("FROM a{n}\n")).collect();
        let error = base_images(&many, &BTreeMap::new()).unwrap_err();
        assert_eq!(error.message(), "it names more than 200 images");
    }
}
