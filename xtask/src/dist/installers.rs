//! What installs an archive on a user's machine: a script for any shell, and a formula for Homebrew.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::SUMS;
use crate::files;
use crate::package::Release;
use crate::process::report;

const SCRIPT: &str = include_str!("install.sh");

const FORMULA_HEAD: &str = r#"# Written by `cargo xtask dist` for one version.
class Paude < Formula
  desc "Run a project in a container with its Python virtual environments kept apart"
  homepage "@REPOSITORY@"
  version "@VERSION@"
  license any_of: ["Apache-2.0", "MIT"]
"#;

const FORMULA_TAIL: &str = r##"
  def install
    bin.install "bin/paude"
    man1.install Dir["share/man/man1/*"]
    bash_completion.install "share/bash-completion/completions/paude"
    fish_completion.install "share/fish/vendor_completions.d/paude.fish"
    zsh_completion.install "share/zsh/site-functions/_paude"
    doc.install Dir["share/doc/paude/*"]
  end

  test do
    (testpath/".venv").mkpath
    assert_match ".venv/", shell_output("#{bin}/paude plan")
  end
end
"##;

/// The names of Homebrew and of rustc for each system and architecture.
const SYSTEMS: [(&str, &str, &str); 4] = [
    ("on_macos", "on_arm", "aarch64-apple-darwin"),
    ("on_macos", "on_intel", "x86_64-apple-darwin"),
    ("on_linux", "on_arm", "aarch64-unknown-linux-musl"),
    ("on_linux", "on_intel", "x86_64-unknown-linux-musl"),
];

/// The address of the directory with the files of a release; empty as long as there is no repository.
fn downloads(release: &Release) -> String {
    match &release.repository {
        None => String::new(),
        Some(repository) => format!("{repository}/releases/download/v{}", release.version),
    }
}

fn fill(release: &Release, text: &str) -> String {
    text.replace("@VERSION@", &release.version)
        .replace("@REPOSITORY@", release.repository.as_deref().unwrap_or_default())
        .replace("@RELEASES@", &downloads(release))
}

/// Writes `install.sh`, and `paude.rb` if it can name an address, beside the archives and their `SHA256SUMS`.
pub(super) fn write(release: &Release, dist: &Path) -> Result<()> {
    files::write(&dist.join("install.sh"), &fill(release, SCRIPT))?;
    if release.repository.is_none() {
        report(
            "no formula for Homebrew: the manifest has no repository, which is where archives are",
        );
        return Ok(());
    }
    let sums = fs::read_to_string(dist.join(SUMS)).context("there are no sums")?;
    files::write(&dist.join("paude.rb"), &formula(release, &sums))
}

/// The formula for the archives that are in a list of sums.
fn formula(release: &Release, sums: &str) -> String {
    let mut text = fill(release, FORMULA_HEAD);
    for system in ["on_macos", "on_linux"] {
        let archives: Vec<_> = SYSTEMS
            .iter()
            .filter(|(of, _, _)| *of == system)
            .filter_map(|(_, arch, triple)| {
                let name = format!("paude-{}-{triple}.tar.gz", release.version);
                let line = sums.lines().find(|line| line.ends_with(&format!("  {name}")))?;
                Some((arch, line.split(' ').next()?, name))
            })
            .collect();
        if archives.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n  {system} do");
        for (arch, sum, name) in archives {
            let url = format!("{}/{name}", downloads(release));
            let _ = writeln!(
                text,
                "    {arch} do\n      url \"{url}\"\n      sha256 \"{sum}\"\n    end"
            );
        }
        text.push_str("  end\n");
    }
    text + FORMULA_TAIL
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(repository: &str) -> Release {
        let repository = (!repository.is_empty()).then(|| repository.to_owned());
        Release { version: "1.2.3".to_owned(), repository }
    }

    #[test]
    fn a_formula_has_the_archives_that_there_are() {
        let sums = "aa  paude-1.2.3-aarch64-unknown-linux-musl.tar.gz\n\
                    bb  paude-1.2.3-x86_64-unknown-linux-musl.tar.gz\ncc  SHA\n";
        let text = formula(&release("https://r.example"), sums);
        let arm = "    on_arm do\n      url \"https://r.example/releases/download/v1.2.3/\
                   paude-1.2.3-aarch64-unknown-linux-musl.tar.gz\"\n      sha256 \"aa\"\n";
        assert!(text.contains(arm), "{text}");
        assert!(text.contains("sha256 \"bb\"") && !text.contains("on_macos"), "{text}");
        assert!(!text.contains('@'), "{text}");
    }

    #[test]
    fn a_script_without_a_repository_names_no_place() {
        let text = fill(&release(""), SCRIPT);
        assert!(text.contains("${PAUDE_RELEASES:-}") && !text.contains("@VERSION@"), "{text}");
    }
}
