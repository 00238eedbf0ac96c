//! A unit for podman's systemd generator (podman-systemd.unit(5)).
//!
//! Mounts are arguments of podman, as the key `Mount=` loses the quotes of names with a comma.

use super::script::{ScriptCommand, script};
use super::texts::Texts;
use super::{ExportInput, storage, variables};
use crate::engine::User;
use crate::error::{Error, Result};
use crate::escape::shown;
use crate::render::{GuardKind, SHELL, bind_mount, podman_shadow, podman_volume};

/// Renders the unit without the header.
pub(super) fn render(input: &ExportInput<'_>, texts: Texts) -> Result<(String, Vec<String>)> {
    if input.spec.command.is_empty() {
        return Err(texts
            .refuse("a shell", "a service has no terminal")
            .hint("give the command after `--`"));
    }
    let target = texts.path(input.plan.target().as_path())?;
    let command = ScriptCommand::Words(texts.command(&input.spec.command)?);
    let script = texts.argument(script(input, texts, GuardKind::Tmpfs, &command)?)?;

    let mut unit = format!("\n[Unit]\nDescription=paude {}\n", value(texts, target)?);
    unit.push_str(&format!("\n[Container]\nImage={}\nRunInit=true\n", input.spec.image));
    unit.push_str(if input.spec.no_network { "Network=none\n" } else { "" });
    let mut line = |key: &str, words: &[&str]| {
        let words = words.iter().map(|word| quoted(texts, word)).collect::<Result<Vec<_>>>()?;
        unit.push_str(&format!("{key}={}\n", words.join(" ")));
        Ok::<(), Error>(())
    };
    for arguments in podman_args(input, texts)? {
        let words: Vec<_> = arguments.iter().map(String::as_str).collect();
        line("PodmanArgs", &words)?;
    }
    for (name, value) in variables::all(input) {
        match value {
            Some(value) => line("Environment", &[&format!("{name}={value}")])?,
            None => line("Secret", &[&format!("{},type=env,target={name}", secret(input, name))])?,
        }
    }
    line("PodmanArgs", &["--entrypoint", SHELL])?;
    for argument in &input.spec.engine_args {
        line("PodmanArgs", &[argument])?;
    }
    line("Exec", &["-c", &script, "paude"])?;
    // The code of a command that `systemctl stop` ended.
    unit.push_str("\n[Service]\nSuccessExitStatus=143\n");
    Ok((unit, notes(input)))
}

/// The arguments that `paude run` would give to podman: user, mounts, directory.
fn podman_args(input: &ExportInput<'_>, texts: Texts) -> Result<Vec<Vec<String>>> {
    let mut lines = Vec::new();
    match &input.spec.user {
        User::Image => {}
        User::Container(ids) => lines.push(vec!["--user".to_owned(), ids.clone()]),
        User::KeepId { uid, gid } => {
            let namespace = format!("--userns=keep-id:uid={uid},gid={gid}");
            lines.push(vec![namespace, "--user".to_owned(), format!("{uid}:{gid}")]);
        }
    }
    if input.spec.selinux {
        lines.push(vec!["--security-opt".to_owned(), "label=disable".to_owned()]);
    }
    let source = texts.path(input.plan.workspace().as_path())?;
    let target = texts.path(input.plan.target().as_path())?;
    lines.push(vec!["--workdir".to_owned(), target.to_owned()]);
    lines.push(vec!["--mount".to_owned(), bind_mount(source, target, input.spec.read_only)]);
    for further in input.plan.further() {
        let source = texts.path(further.plan.workspace().as_path())?;
        let target = texts.path(further.plan.target().as_path())?;
        lines.push(vec!["--mount".to_owned(), bind_mount(source, target, further.read_only)]);
    }
    for shadow in input.plan.all_shadows() {
        let target = texts.path(shadow.target().as_path())?;
        let mount = match shadow.is_kept() {
            false => podman_shadow(shadow, target),
            // Nobody has created the volume, so that podman has to give it to the user.
            true => {
                podman_volume(&storage::shadow_name(input, shadow, "quadlet"), target) + ",U=true"
            }
        };
        lines.push(vec!["--mount".to_owned(), mount]);
    }
    Ok(lines)
}

/// A word of a line that systemd splits into words. It expands `%` everywhere, and `$` in the
/// command that the generator makes of all words.
fn quoted(texts: Texts, word: &str) -> Result<String> {
    let mut text = String::from("\"");
    for c in word.chars() {
        match c {
            '\\' | '"' => text.extend(['\\', c]),
            '%' | '$' => text.extend([c, c]),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            c if c.is_control() => {
                let what = format!("the text `{}`", crate::escape::brief(word));
                let reason = format!("it has the control character U+{:04X}", u32::from(c));
                return Err(texts.refuse(&what, &reason));
            }
            c => text.push(c),
        }
    }
    text.push('"');
    Ok(text)
}

/// The value of a key that systemd does not split; a backslash at its end would continue the
/// line.
fn value(texts: Texts, text: &str) -> Result<String> {
    match text.ends_with('\\') {
        true => {
            Err(texts.refuse(&format!("the path `{}`", shown(text)), "it ends with a backslash"))
        }
        false => Ok(text.replace('%', "%%")),
    }
}

/// The name of the secret with the value of a variable that is passed on.
fn secret(input: &ExportInput<'_>, name: &str) -> String {
    format!("{}-{name}", storage::project_name(input))
}

fn notes(input: &ExportInput<'_>) -> Vec<String> {
    let note = |name: &String| {
        let secret = secret(input, name);
        format!("store the value of `{name}` with `podman secret create {secret} -`")
    };
    input.passed.iter().map(note).collect()
}
