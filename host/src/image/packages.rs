//! The Dockerfile that installs packages over an image.

use crate::error::{Error, Result};
use crate::escape::brief;

/// Installs its arguments with what the image has.
const INSTALL: &str = r#"set -e
if command -v apt-get >/dev/null 2>&1; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update
  apt-get install --yes --no-install-recommends "$@"
  rm -rf /var/lib/apt/lists/*
elif command -v dnf >/dev/null 2>&1; then
  dnf install --assumeyes --setopt=install_weak_deps=False "$@"
  dnf clean all
elif command -v apk >/dev/null 2>&1; then
  apk add --no-cache "$@"
else
  echo 'the image has none of apt-get, dnf and apk' >&2
  exit 1
fi"#;

/// The Dockerfile. `user` is what the image runs as, which its configuration names.
pub(super) fn dockerfile(base: &str, user: &str, names: &[String]) -> Result<String> {
    let is_user = |c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c);
    if !user.chars().all(is_user) {
        let (base, user) = (brief(base), brief(user));
        return Err(Error::failed(format!(
            "the image `{base}` runs as `{user}`, which is no user"
        )));
    }
    let words = ["/bin/sh", "-c", INSTALL, "paude"].into_iter();
    let words: Vec<_> = words.chain(names.iter().map(String::as_str)).collect();
    // In this form no SHELL of the image counts, and nothing in it is expanded.
    let run = serde_json::to_string(&words)
        .map_err(|error| Error::failed(format!("cannot write a Dockerfile: {error}")))?;
    let user = if user.is_empty() { String::new() } else { format!("USER {user}\n") };
    Ok(format!("FROM {base}\nUSER 0:0\nRUN {run}\n{user}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dockerfile_installs_as_root_and_leaves_the_user_as_it_was() {
        let names = ["g++", "git=1:2.39"].map(str::to_owned);
        let text = dockerfile("docker.io/library/python:3-slim", "app:app", &names).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[0], "FROM docker.io/library/python:3-slim");
        assert_eq!(lines[1], "USER 0:0");
        let words: Vec<String> =
            serde_json::from_str(lines[2].strip_prefix("RUN ").unwrap()).unwrap();
        assert_eq!(words[..2], ["/bin/sh", "-c"]);
        assert_eq!(words[3..], ["paude", "g++", "git=1:2.39"]);
        assert_eq!(lines[3], "USER app:app");
        assert!(!dockerfile("a", "", &names).unwrap().contains("USER app"));
        assert!(dockerfile("a", "x\nRUN evil", &names).is_err());
    }
}
