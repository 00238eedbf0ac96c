//! A person at a terminal: tmux types, and reads the screen.

use std::process::Command;
use std::time::{Duration, Instant};

use super::Test;
use super::lane::Lane;
use crate::parameterized;
use crate::support::{Env, paude, wait_for};

/// A tmux server of its own, ended when dropped.
struct Tmux<'e> {
    env: &'e Env,
    socket: String,
}

impl Drop for Tmux<'_> {
    fn drop(&mut self) {
        let _ = self.tmux(&["kill-server"]);
    }
}

impl<'e> Tmux<'e> {
    fn start(env: &'e Env) -> Self {
        let tmux = Self { env, socket: env.root().join("tmux").display().to_string() };
        // A plain prompt, so that it can be waited for on any machine.
        tmux.tmux(&["new-session", "-d", "-x", "120", "-y", "40", "env", "PS1=outer> ", "sh"]);
        tmux.wait_for("outer>");
        tmux
    }

    fn tmux(&self, args: &[&str]) -> String {
        let mut command = self.env.command("tmux");
        let output =
            command.args(["-S", &self.socket, "-f", "/dev/null"]).args(args).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn type_line(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
        self.tmux(&["send-keys", "Enter"]);
    }

    fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    #[track_caller]
    fn wait_for(&self, text: &str) {
        self.wait_until(text, |screen| screen.contains(text));
    }

    /// Waits until the last line is a prompt.
    #[track_caller]
    fn wait_for_prompt(&self, prompt: &str) {
        self.wait_until(prompt, |screen| screen.trim_end().lines().last() == Some(prompt));
    }

    #[track_caller]
    fn wait_until(&self, text: &str, there: impl Fn(&str) -> bool) {
        let started = Instant::now();
        while !there(&self.screen()) {
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "no {text:?} on:\n{}",
                self.screen()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// A server on a port of the kernel's choice, which it writes into the project.
const SERVER: &str = "import http.server as h; s = h.HTTPServer(('127.0.0.1', 0), \
    h.SimpleHTTPRequestHandler); f = open('port', 'w'); f.write('%d;' % s.server_port); f.close(); \
    s.serve_forever()";

/// What asks that server.
const CLIENT: &str = "import urllib.request as u; port = open('port').read()[:-1]; \
    print('answered', u.urlopen('http://127.0.0.1:' + port).status)";

fn command_line(lane: &Lane) -> String {
    format!("{} {} -e PS1='inner> ' -e ENV= -- sh", paude().display(), lane.args().join(" "))
}

parameterized!(
    Test,
    fn a_build_is_asked_for_and_a_yes_is_remembered(lane: &Lane) -> Outcome {
        if lane.is_native() {
            return Ok(()); // it builds nothing
        }
        let env = lane.env_with("");
        env.write("paude.json", r#"{"build": {"target": "dev", "args": {"WORD": "built"}}}"#);
        let image = lane.fact("image");
        let dockerfile = format!("FROM {image} AS dev\nARG WORD\nRUN echo $WORD >/made\n");
        env.write("Dockerfile", &dockerfile);
        lane.give(&env.project);
        let paude = paude().display().to_string();
        let run = |mark: &str| {
            format!("{paude} -q --engine {} -- cat /made; echo {mark} $?", lane.engine)
        };
        let tmux = Tmux::start(&env);
        tmux.type_line(&run("first"));
        tmux.wait_for("[y/N]");
        let screen = tmux.screen();
        assert!(screen.contains("  target: `dev`\n  argument: `WORD=built`\n"), "{screen}");
        tmux.type_line("n");
        tmux.wait_for("you did not allow it");
        tmux.wait_for("first 125");
        tmux.type_line(&run("second"));
        tmux.wait_until("a question", |screen| screen.matches("[y/N]").count() == 2);
        tmux.type_line("yes");
        tmux.wait_for("second 0");
        assert!(tmux.screen().contains("\nbuilt\n"), "{}", tmux.screen());
        // The same instructions are not asked about again, whatever else has changed.
        env.write("new", "");
        tmux.type_line(&run("third"));
        tmux.wait_for("third 0");
        assert_eq!(tmux.screen().matches("[y/N]").count(), 2, "{}", tmux.screen());
        let list = env.paude(&["images", "list"]).code(0).stdout();
        let name = list.split(' ').next().unwrap();
        env.paude(&["images", "remove", name]).code(0);
        Ok(())
    },
    fn a_shell_has_a_prompt_and_ctrl_c_ends_its_command_only(lane: &Lane) -> Outcome {
        let env = lane.env_with(".venv/pyvenv.cfg");
        let tmux = Tmux::start(&env);
        tmux.type_line(&command_line(lane));
        tmux.wait_for_prompt("inner>");
        tmux.type_line("test -t 0 && test -t 1 && echo on a term''inal");
        tmux.wait_for("on a terminal");
        tmux.type_line("echo sleep''ing; sleep 100; echo wo''ken by $?");
        tmux.wait_for("sleeping");
        tmux.tmux(&["send-keys", "C-c"]);
        tmux.type_line("echo st''ill here");
        tmux.wait_for("still here");
        tmux.type_line("exit 3");
        tmux.wait_for_prompt("outer>");
        tmux.type_line("echo co''de $?");
        tmux.wait_for("code 3");
        assert_eq!(lane.containers(&env), "");
        Ok(())
    },
    /// One has a shell in a session, the other joins it.
    fn two_terminals_share_an_environment_and_the_loopback(lane: &Lane) -> Outcome {
        let env = lane.env_with(".venv/pyvenv.cfg");
        let tmux = Tmux::start(&env);
        tmux.type_line(&command_line(lane));
        tmux.wait_for_prompt("inner>");
        tmux.type_line("echo of the first >.venv/file");
        tmux.type_line(&format!("python3 -c \"{SERVER}\" &"));
        wait_for("the server does not start", 60, || {
            std::fs::read_to_string(env.project.join("port")).is_ok_and(|port| port.ends_with(';'))
        });
        let project = env.project.display().to_string();
        tmux.tmux(&["new-window", "-c", &project, "env", "PS1=outer> ", "sh"]);
        tmux.wait_for_prompt("outer>");
        tmux.type_line(&format!("{} exec -- sh", paude().display()));
        tmux.wait_for_prompt("inner>");
        tmux.type_line("test -t 0 && test -t 1 && echo on a term''inal; cat .venv/file");
        tmux.wait_for("on a terminal");
        tmux.wait_for("of the first");
        tmux.type_line(&format!("python3 -c \"{CLIENT}\""));
        tmux.wait_for("answered 200");
        tmux.type_line("echo sleep''ing; sleep 100; echo wo''ken by $?");
        tmux.wait_for("sleeping");
        tmux.tmux(&["send-keys", "C-c"]);
        tmux.type_line("echo st''ill here");
        tmux.wait_for("still here");
        tmux.type_line("exit 3");
        tmux.wait_for_prompt("outer>");
        tmux.type_line("echo co''de $?");
        tmux.wait_for("code 3");
        // The session itself goes on, until its own shell ends.
        tmux.tmux(&["select-window", "-t", ":0"]);
        tmux.type_line("clear; echo the se''ssion; cat .venv/file");
        tmux.wait_for("the session");
        tmux.type_line("exit 4");
        tmux.wait_for_prompt("outer>");
        tmux.type_line("echo co''de $?");
        tmux.wait_for("code 4");
        assert_eq!(lane.containers(&env), "");
        Ok(())
    },
    fn a_failed_setup_opens_a_shell_anyway(lane: &Lane) -> Outcome {
        let env = lane.env_with(".venv/pyvenv.cfg");
        let tmux = Tmux::start(&env);
        let paude = paude().display().to_string();
        tmux.type_line(&format!("{paude} {} --setup 'exit 9'", lane.args().join(" ")));
        tmux.wait_for("opening a shell anyway");
        tmux.type_line("exit 5");
        tmux.wait_for_prompt("outer>");
        tmux.type_line("echo co''de $?");
        tmux.wait_for("code 5");
        Ok(())
    },
    /// Engines' clients forward no signal under a terminal, and a shell there ignores SIGTERM.
    fn a_signal_to_paude_ends_a_shell(lane: &Lane) -> Outcome {
        for name in ["TERM", "HUP"] {
            let env = lane.env_with(".venv/pyvenv.cfg");
            let tmux = Tmux::start(&env);
            tmux.type_line("cat >start <<'end'");
            tmux.type_line(&format!("echo $$ >pid; exec {}", command_line(lane)));
            tmux.type_line("end");
            tmux.type_line("sh start; echo en''ded $?");
            tmux.wait_for_prompt("inner>");
            let pid = std::fs::read_to_string(env.project.join("pid"))?;
            assert!(Command::new("kill").args(["-s", name, pid.trim()]).status()?.success());
            tmux.wait_for("ended");
            assert_eq!(lane.containers(&env), "", "{name}");
        }
        Ok(())
    },
    /// The kernel sends SIGHUP to the leader of the session only.
    fn a_terminal_that_goes_away_ends_setup_and_command(lane: &Lane) -> Outcome {
        let env = lane.env_with(".venv/pyvenv.cfg");
        let tmux = Tmux::start(&env);
        let setup = "touch begun; sleep 30";
        let (paude, args) = (paude().display().to_string(), lane.args().join(" "));
        let ran = env.project.join("ran");
        let line = format!(
            "echo $$ >pid; exec {paude} {args} --setup '{setup}' -- touch {}",
            ran.display()
        );
        let project = env.project.display().to_string();
        tmux.tmux(&["new-window", "-c", &project, &line]);
        wait_for("the setup does not start", 30, || env.project.join("begun").exists());
        let pid = std::fs::read_to_string(env.project.join("pid"))?;
        tmux.tmux(&["kill-server"]);
        // Empty once the process has ended, even if it was not waited for.
        let words = format!("/proc/{}/cmdline", pid.trim());
        wait_for("paude does not end", 60, || std::fs::read(&words).unwrap_or_default().is_empty());
        assert!(!ran.exists());
        assert_eq!(lane.containers(&env), "");
        Ok(())
    }
);
