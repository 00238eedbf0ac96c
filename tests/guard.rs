//! The guard that every container runs, in each shell that an image may have as `/bin/sh`. Mounts
//! made in a namespace stand for those that an engine makes.

mod container;

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use libtest_mimic::Trial;
use rustix::process::Signal;

use crate::parameterized;
use crate::support::{Env, JOIN_SCRIPT, Outcome, Ran, which};
use container::{ALL, Container, IN_PART, in_namespace, inode, mountinfo_path, project};

/// Shells that images have as `/bin/sh`.
const SHELLS: [&[&str]; 5] =
    [&["dash"], &["bash"], &["bash", "--posix"], &["busybox", "ash"], &["mksh"]];

/// A test that every shell runs.
type Test = fn(&[&str]) -> Outcome;

/// Each test in each shell; ignored where there is no such shell, or no namespace.
pub fn trials() -> Vec<Trial> {
    let namespaces = Ran(in_namespace(&Env::new(), "", &["true"]).output().unwrap());
    let in_ci = std::env::var_os("CI").is_some();
    let mut trials = Vec::new();
    for shell in SHELLS {
        let available = namespaces.0.status.success() && which(shell[0]).is_some();
        for &(name, test) in TESTS {
            let name = format!("guard::{}::{name}", shell.join(" "));
            let trial = Trial::test(name, move || test(shell));
            trials.push(trial.with_ignored_flag(!available && !in_ci));
        }
    }
    trials
}

/// A name in octal, as `printf` takes it.
fn octal(name: &str) -> String {
    name.bytes().map(|byte| format!("\\{byte:03o}")).collect()
}

parameterized!(
    Test,
    fn proves_ten_shadows_of_any_name(shell: &[&str]) -> Outcome {
        let names = [
            ".venv",
            "a b",
            "tab\there",
            "new\nline",
            "back\\slash",
            "\\040",
            "*",
            "[a-z]",
            "-n",
            "$(x)'\"",
        ];
        let (env, shadows) = project(&names);
        let container = Container::new(&env, shell, &shadows);
        container.run().code(0).prints("ran\n");
        for (name, shadow) in names.iter().zip(&shadows) {
            // With an `x` behind the name, as `$(...)` drops a newline at the end.
            let missing = format!("name=$(printf '{}x'); umount \"./${{name%x}}\"", octal(name));
            let mounts = &format!("{ALL}\n{missing}");
            let ran = Container { mounts, ..container }.run().code(120).prints("");
            let wanted = format!("paude: guard: `{}` is not hidden", shadow.display());
            assert!(ran.stderr().starts_with(&wanted), "{}", ran.stderr());
        }
        Ok(())
    },
    fn stops_at_a_shadow_that_is_missing_another_not_empty_or_not_writable(
        shell: &[&str],
    ) -> Outcome {
        let cases = [
            ("umount .venv", "is not hidden: nothing is mounted over it; nothing was run"),
            ("umount .venv; mount --bind /usr .venv", "is hidden by a "),
            ("mount -o remount,noexec .venv", "is hidden by a mount that forbids execution"),
            ("mount -o remount,ro .venv", "is hidden by a read-only mount"),
            ("mkdir .venv/x; mount --bind .venv/x .venv/x", "is not empty"),
            ("echo >.venv/x", "is not empty"),
            ("echo >.venv/.x", "is not empty"),
            ("echo >.venv/..x", "is not empty"),
            ("ln -s nowhere .venv/x", "is not empty"),
            // The mount that was made last lies on top.
            ("mount --bind /usr .venv", "is hidden by a "),
        ];
        for (damage, wanted) in cases {
            let (env, shadows) = project(&["venv", ".venv"]);
            let mounts = &format!("{ALL}\n{damage}");
            let container = Container { mounts, ..Container::new(&env, shell, &shadows) };
            let ran = container.run().code(120).prints("").says(wanted);
            assert_eq!(ran.stderr().lines().count(), 1, "{damage}: {}", ran.stderr());
        }
        Ok(())
    },
    fn accepts_a_volume_of_any_type_with_anything_in_it(shell: &[&str]) -> Outcome {
        const VOLUME: &str = "mkdir kept; echo >kept/own; mount --bind kept .venv";
        let run = |damage: &str| {
            let (env, shadows) = project(&[".venv"]);
            let mounts = &format!("{VOLUME}\n{damage}");
            let container = Container::new(&env, shell, &shadows);
            Container { mounts, volumes: "1", ..container }.run()
        };
        run("").code(0).prints("ran\n");
        let cases = [
            ("umount .venv", "is not hidden: nothing is mounted over it"),
            ("mount -o remount,bind,noexec .venv", "is hidden by a mount that forbids execution"),
            ("mount -o remount,bind,ro .venv", "is hidden by a read-only mount"),
        ];
        for (damage, wanted) in cases {
            run(damage).code(120).prints("").says(wanted);
        }
        Ok(())
    },
    /// Several containers of Compose use one tmpfs.
    fn accepts_a_shared_tmpfs_with_anything_in_it_but_nothing_else(shell: &[&str]) -> Outcome {
        let run = |damage: &str| {
            let (env, shadows) = project(&[".venv"]);
            let mounts = &format!("{ALL}\n{damage}");
            let container = Container::new(&env, shell, &shadows);
            Container { mounts, volumes: "0 1", ..container }.run()
        };
        run("echo >.venv/own").code(0).prints("ran\n");
        let cases = [
            ("umount .venv", "is not hidden: nothing is mounted over it"),
            ("mount --bind /usr .venv", "is hidden by a "),
            ("mount -o remount,noexec .venv", "is hidden by a mount that forbids execution"),
            ("mount -o remount,ro .venv", "is hidden by a read-only mount"),
        ];
        for (damage, wanted) in cases {
            run(damage).code(120).prints("").says(wanted);
        }
        Ok(())
    },
    /// Kubernetes may keep an empty directory on the node's disk.
    fn accepts_an_empty_mount_of_any_type_but_none_with_anything_in_it(shell: &[&str]) -> Outcome {
        const EMPTY: &str = "mkdir kept; mount --bind kept .venv";
        let run = |damage: &str| {
            let (env, shadows) = project(&[".venv"]);
            let mounts = &format!("{EMPTY}\n{damage}");
            let container = Container::new(&env, shell, &shadows);
            Container { mounts, volumes: "1 0", ..container }.run()
        };
        run("").code(0).prints("ran\n");
        let cases = [
            ("umount .venv", "is not hidden: nothing is mounted over it"),
            ("echo >.venv/.x", "is not empty"),
            ("mount -o remount,bind,noexec .venv", "is hidden by a mount that forbids execution"),
            ("mount -o remount,bind,ro .venv", "is hidden by a read-only mount"),
        ];
        for (damage, wanted) in cases {
            run(damage).code(120).prints("").says(wanted);
        }
        Ok(())
    },
    fn stops_when_the_setup_unmounts_or_changes_a_shadow(shell: &[&str]) -> Outcome {
        let (env, shadows) = project(&["venv", ".venv"]);
        let container = Container::new(&env, shell, &shadows);
        Container { setup: "umount .venv", ..container }
            .run()
            .code(120)
            .prints("")
            .says("is not hidden: nothing is mounted over it; the command was not run\n");
        let cases = [
            ("mount --bind /usr .venv", "is hidden by a "),
            ("mount -o remount,noexec .venv", "is hidden by a mount that forbids execution"),
            ("mount -o remount,ro .venv", "is hidden by a read-only mount"),
        ];
        for (setup, wanted) in cases {
            Container { setup, ..container }.run().code(120).prints("").says(wanted);
        }
        Container { setup: "touch .venv/made", ..container }.run().code(0).prints("ran\n");
        Ok(())
    },
    fn stops_at_the_end_if_the_command_renamed_what_holds_a_shadow(shell: &[&str]) -> Outcome {
        let (env, _) = project(&["part"]);
        let shadows = [env.project.join("part/.venv")];
        let container = Container { mounts: IN_PART, ..Container::new(&env, shell, &shadows) };
        let run = |script: &str| Container { command: &["sh", "-c", script], ..container }.run();
        run("exit 7").code(7);
        run("kill -TERM $$").code(143);
        let ran = run("mv part away; mkdir -p part/.venv; echo ran").code(120).prints("ran\n");
        let wanted = format!(
            "paude: guard: `{}` is not hidden: nothing is mounted over it; the command may have \
             changed what is there\n",
            shadows[0].display()
        );
        assert_eq!(ran.stderr(), wanted);
        Ok(())
    },
    fn is_not_deceived_by_a_link_to_another_mount(shell: &[&str]) -> Outcome {
        let replace = "mv part away; mkdir part; ln -s /proc part/.venv";
        for (setup, command, wanted) in [
            (replace, ":", "nothing is mounted over it; the command was not run\n"),
            (
                "",
                replace,
                "nothing is mounted over it; the command may have changed what is there\n",
            ),
        ] {
            let (env, _) = project(&["part"]);
            let shadows = [env.project.join("part/.venv")];
            let container =
                Container { mounts: IN_PART, setup, ..Container::new(&env, shell, &shadows) };
            Container { command: &["sh", "-c", command], ..container }.run().code(120).says(wanted);
        }
        Ok(())
    },
    /// They come from the repository, and would change what is checked after the setup.
    fn variables_are_those_of_setup_and_command_alone(shell: &[&str]) -> Outcome {
        let (env, shadows) = project(&[".venv"]);
        let container = Container::new(&env, shell, &shadows);
        let variables = "paude_0=\"${HOME-}\"':x'; A=$paude_0; export A; unset GONE; ";
        let setup = "test \"$A\" = \"$HOME:x\" && test -z \"${GONE+x}\"";
        Container { variables, setup, ..container }.run().code(0).prints("ran\n");
        let variables = "paude_shadows=0; paude_pairs=2; count=0; stop() { :; }; IFS=0; PATH=; \
                         export PATH; ";
        let setup = "PATH=/usr/bin:/bin umount .venv";
        let ran = Container { variables, setup, ..container }.run().code(120).prints("");
        ran.says("is not hidden: nothing is mounted over it; the command was not run");
        Container { variables: "exit 7", setup: "true", ..container }.run().code(7).prints("");
        Ok(())
    },
    /// As with a daemon on another machine, or in another mount namespace.
    fn stops_if_another_directory_lies_at_the_path_of_the_project(shell: &[&str]) -> Outcome {
        let (env, shadows) = project(&[".venv"]);
        env.write("README", "");
        let container = Container::new(&env, shell, &shadows);
        let other = format!("`{}` is not the directory that paude opened", env.project.display());
        if let (Some(own), Some(wrong)) = (inode(&env.project), inode(&env.home())) {
            Container { inode: &own, witness: "README", ..container }.run().code(0).prints("ran\n");
            Container { inode: &wrong, ..container }.run().code(120).prints("").says(&other);
        }
        // Where the inode number is not known, a name has to do.
        Container { witness: "README", ..container }.run().code(0).prints("ran\n");
        Container { witness: "LICENSE", ..container }.run().code(120).prints("").says(&other);
        Ok(())
    },
    /// As rootful podman with crun mounts it.
    fn stops_if_a_project_that_is_read_only_on_the_host_is_writable(shell: &[&str]) -> Outcome {
        let (env, shadows) = project(&[".venv"]);
        let bind = |options: &str| {
            format!("mount --bind . .\nmount -o remount,bind,{options} .\ncd \"$PWD\"\n{ALL}")
        };
        let (writable, read_only) = (bind("rw"), bind("ro"));
        let container = Container { access: "ro", ..Container::new(&env, shell, &shadows) };
        Container { mounts: &read_only, ..container }.run().code(0).prints("ran\n");
        let wanted = format!(
            "paude: guard: `{}` is writable here, but read-only on the host; nothing was run\n",
            env.project.display()
        );
        // The second has no mount of its own at the path.
        for mounts in [writable.as_str(), ALL] {
            let ran = Container { mounts, ..container }.run().code(120).prints("");
            assert_eq!(ran.stderr(), wanted);
        }
        Container { mounts: &writable, access: "", ..container }.run().code(0).prints("ran\n");
        Ok(())
    },
    fn proves_each_further_directory_its_access_and_its_shadows(shell: &[&str]) -> Outcome {
        let (env, mut shadows) = project(&[".venv"]);
        let shared = env.root().join("sha red");
        std::fs::create_dir_all(shared.join(".venv"))?;
        std::fs::create_dir_all(shared.join("mounted"))?;
        shadows.push(shared.join(".venv"));
        let number = inode(&shared).unwrap_or_default();
        let further = [(shared.clone(), number.as_str(), "mounted", "ro")];
        let container = Container { further: &further, ..Container::new(&env, shell, &shadows) };
        let hide = "mount -t tmpfs tmpfs \"$S/.venv\"";
        let with = |mounts: &str| {
            let mounts = &format!("{ALL}\nS=\"$PWD/../sha red\"\n{mounts}");
            Container { mounts, ..container }.run()
        };
        let read_only = "mount --bind \"$S\" \"$S\"; mount -o remount,bind,ro \"$S\"";
        with(&format!("{read_only}\n{hide}")).code(0).prints("ran\n");
        let subject = format!("paude: guard: `{}", shared.display());
        let inner = "mount -t tmpfs none \"$S/mounted\"";
        for (mounts, wanted) in [
            (hide.to_owned(), "` is not shared: nothing is mounted there"),
            (format!("mount --bind \"$S\" \"$S\"; {hide}"), "` is writable here, or a mount in it"),
            (format!("{read_only}; {inner}; {hide}"), "` is writable here, or a mount in it"),
            (read_only.to_owned(), "/.venv` is not hidden: nothing is mounted over it"),
            (format!("{read_only}; {hide}; mount -t tmpfs none \"$S\""), "` is writable here"),
            (
                "mount -t tmpfs -o ro none \"$S\"".to_owned(),
                "` is not the directory that paude opened",
            ),
        ] {
            let ran = with(&mounts).code(120).prints("");
            let said = ran.stderr();
            assert!(said.starts_with(&format!("{subject}{wanted}")), "{mounts}: {said}");
        }
        let writable = [(shared.clone(), number.as_str(), "mounted", "")];
        let mounts = &format!("{ALL}\nS=\"$PWD/../sha red\"\nmount --bind \"$S\" \"$S\"; {hide}");
        Container { mounts, further: &writable, ..container }.run().code(0).prints("ran\n");
        Ok(())
    },
    fn a_volume_in_front_of_an_empty_directory_in_memory(shell: &[&str]) -> Outcome {
        let (env, shadows) = project(&["kept", "memory"]);
        let container = Container { volumes: "1", ..Container::new(&env, shell, &shadows) };
        let run = |damage: &str| {
            let mounts = &format!("{ALL}\necho >kept/own\n{damage}");
            Container { mounts, ..container }.run()
        };
        run("").code(0).prints("ran\n");
        run("echo >memory/x").code(120).prints("").says("/memory` is not empty");
        Ok(())
    },
    /// As for a user whom the image does not know.
    fn a_user_id_without_a_name_gets_one(shell: &[&str]) -> Outcome {
        let (env, shadows) = project(&[".venv"]);
        let run = |passwd: &str, variables: &[(&str, &str)]| {
            let mounts =
                format!("{ALL}\nprintf '{passwd}' >../passwd\nmount --bind ../passwd /etc/passwd");
            let mut container =
                Container { mounts: &mounts, ..Container::new(&env, shell, &shadows) };
            container.setup = "echo \"${USER-unset} ${LOGNAME-unset}\"";
            let mut command = container.to_command();
            command.envs(variables.iter().copied());
            Ran(command.output().unwrap()).code(0).stderr()
        };
        let known = "other:x:7:7::/:/bin/sh\\nme:x:0:0::/:/bin/sh";
        for (passwd, variables, wanted) in [
            ("other:x:7:7::/:/bin/sh\\n", &[][..], "paude paude\n"),
            ("", &[], "paude paude\n"),
            (known, &[], "unset unset\n"),
            ("", &[("USER", "ada")], "ada ada\n"),
            ("", &[("LOGNAME", "ada")], "ada ada\n"),
            ("", &[("USER", "ada"), ("LOGNAME", "eve")], "ada eve\n"),
        ] {
            assert_eq!(run(passwd, variables), wanted, "{passwd} {variables:?}");
        }
        Ok(())
    },
    /// `paude exec` in a container: its shadows may have been lost meanwhile.
    fn a_joined_command_runs_only_if_each_shadow_is_a_mount(shell: &[&str]) -> Outcome {
        let (env, shadows) = project(&["a b", ".venv"]);
        let join = |mounts: &str, command: &[&str]| {
            let mut joined = in_namespace(&env, mounts, shell);
            joined.args(["-c", JOIN_SCRIPT, "paude", "", "", "2"]);
            for shadow in &shadows {
                joined.arg(shadow).arg(mountinfo_path(shadow));
            }
            Ran(joined.args(command).env("PAUDE_EXEC", "no-such-id").output().unwrap())
        };
        let ran =
            join(ALL, &["sh", "-c", "echo \"$UV_LINK_MODE\"; echo \"$1\"; exit 7", "sh", "a b"]);
        ran.code(7).prints("copy\na b\n");
        join(ALL, &["sh", "-c", "kill -TERM $$"]).code(143);
        join(ALL, &["no-such-program"]).code(127).says("cannot run `no-such-program`: not found");
        let lost = join("", &["echo", "ran"]).code(120).prints("");
        let wanted = format!("guard: `{}` is not hidden", shadows[0].display());
        assert!(lost.stderr().contains(&wanted), "{}", lost.stderr());
        Ok(())
    },
    /// The monitor that runs inside, where the mounts cannot be read from outside.
    fn the_monitor_goes_on_whatever_signal_the_command_gets(shell: &[&str]) -> Outcome {
        let (env, shadows) = project(&["a b"]);
        let mut command = in_namespace(&env, ALL, shell);
        command.args(["-c", include_str!("../host/src/execute/mount_monitor.sh")]);
        let mut monitor = command.stdout(Stdio::piped()).spawn()?;
        let pid = rustix::process::Pid::from_child(&monitor);
        let mut lines = BufReader::new(monitor.stdout.take().unwrap()).lines();
        let mut points = || {
            let lines = lines.by_ref().map_while(Result::ok);
            lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>()
        };
        let shadow = mountinfo_path(&shadows[0]);
        for signal in [Signal::HUP, Signal::INT, Signal::QUIT] {
            assert!(points().contains(&shadow));
            rustix::process::kill_process(pid, signal)?;
        }
        let last = points();
        monitor.kill()?;
        monitor.wait()?;
        assert!(last.contains(&shadow), "{last:?}");
        Ok(())
    }
);
