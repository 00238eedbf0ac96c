//! Images that are built from the project. They begin with the tests' own image, and apt-get installs
//! packages from a directory in it; only `pull` has a registry.

pub(super) mod pull;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Test;
use super::lane::Lane;
use crate::parameterized;
use crate::support::{Env, Ran, paude};

/// The tests of `pull`, for the lanes that it names.
pub(super) const PULL: &[(&str, Test)] = pull::TESTS;

const WITH_PACKAGE_SOURCE: &str = include_str!("build/package_source.dockerfile");

/// A project whose images are removed when it is dropped.
struct Project<'l> {
    lane: &'l Lane,
    env: Env,
}

impl<'l> Project<'l> {
    /// A project with this Dockerfile, in which `BASE` stands for the tests' image. No other test can
    /// use its layers, which an engine does not remove meanwhile.
    fn new(lane: &'l Lane, tree: &str, dockerfile: &str) -> Self {
        let env = lane.env_with(tree);
        let base = format!("FROM {}\nLABEL test={}\n", lane.fact("image"), env.root().display());
        let project = Self { lane, env };
        project.write("paude.json", r#"{"build": {}}"#);
        project.write("Dockerfile", &dockerfile.replacen("FROM BASE\n", &base, 1));
        project
    }

    fn write(&self, path: &str, text: &str) {
        self.env.write(path, text);
        self.lane.give(&self.env.project);
    }

    fn command(&self, options: &[&str], script: &str) -> Command {
        let mut command = self.env.command(paude());
        command.args(["run", "--engine", &self.lane.engine]).args(options);
        command.args(["--", "/bin/sh", "-ec", script]).stdin(Stdio::null());
        command
    }

    fn run(&self, options: &[&str], script: &str) -> Ran {
        Ran(self.command(options, script).output().unwrap())
    }

    /// Builds without asking.
    fn allowed(&self, script: &str) -> Ran {
        self.run(&["--builds", "allow"], script)
    }

    fn names(&self) -> Vec<String> {
        let list = self.env.paude(&["images", "list"]).code(0).stdout();
        list.lines().filter_map(|line| Some(line.split(' ').next()?.to_owned())).collect()
    }

    fn engine(&self, args: &[&str]) -> bool {
        self.env.command(&self.lane.engine).args(args).output().unwrap().status.success()
    }
}

impl Drop for Project<'_> {
    fn drop(&mut self) {
        for name in self.names() {
            let _ = self.env.paude(&["images", "remove", &name]);
        }
    }
}

/// Another content each time it is built.
const ONCE: &str = "FROM BASE\nCOPY . /context\nRUN cat /proc/sys/kernel/random/uuid >/id\n";

parameterized!(
    Test,
    fn an_image_is_built_once_and_again_when_its_inputs_change(lane: &Lane) -> Outcome {
        if lane.is_native() {
            return Ok(());
        }
        let tree = ".venv/pyvenv.cfg: \"home = /usr/bin\\n\"\nfile: \"1\\n\"";
        let project = Project::new(lane, tree, ONCE);
        project.write(".dockerignore", "ignored\n");
        let first = project.allowed("cat /id").code(0).stdout();
        assert_eq!(first.len(), 37, "{first}");
        // What is not in the context does not count.
        project.write(".venv/new", "");
        project.write("ignored", "");
        project.run(&[], "cat /id").code(0).prints(&first);
        let mut seen = vec![first];
        for (file, text) in [("file", "2\n"), ("new", "")] {
            project.write(file, text);
            let id = project.allowed("cat /id").code(0).stdout();
            assert!(!seen.contains(&id), "{file} does not count");
            seen.push(id);
        }
        project.allowed("cat /context/file").code(0).prints("2\n");
        let rebuilt = project.run(&["--rebuild", "--builds", "allow"], "cat /id").code(0).stdout();
        assert!(!seen.contains(&rebuilt));
        assert_eq!(project.names().len(), 1);
        Ok(())
    },
    fn the_context_is_what_ignore_files_and_the_plan_leave_over(lane: &Lane) -> Outcome {
        if lane.is_native() {
            return Ok(());
        }
        let tree = "
            .venv/pyvenv.cfg: \"home = /usr/bin\\n\"
            .git/config
            docs/a.md
            docs/keep.md
            src/main.py
            src/main.pyc
            link -> /etc/passwd
        ";
        let project = Project::new(lane, tree, "FROM BASE\nCOPY . /context\n");
        project.write(".dockerignore", "# c\ndocs/*\n!docs/keep.md\n**/*.pyc\nDockerfile\n");
        let script = "cd /context; find . ! -name . | sort";
        // BuildKit shows an instruction the files that it reads itself, which paude puts there.
        let added = match lane.engine == "docker" && project.engine(&["buildx", "version"]) {
            true => "./.dockerignore\n./Containerfile\n",
            false => "",
        };
        let all = "./docs\n./docs/keep.md\n./link\n./paude.json\n./src\n./src/main.py\n";
        project.allowed(script).code(0).prints(&format!("{added}{all}"));
        // The context is a directory, and the Dockerfile not in it.
        project.write("paude.json", r#"{"build": {"context": "src"}}"#);
        project.allowed(script).code(0).prints(&format!("{added}./main.py\n./main.pyc\n"));
        Ok(())
    },
    fn a_context_that_a_build_may_not_see_is_refused(lane: &Lane) -> Outcome {
        if lane.is_native() {
            return Ok(()); // it builds nothing
        }
        let tree = ".git/config\n.venv/pyvenv.cfg\n.venv/lib/f\nsrc/f\nlink -> .\nto-git -> .git";
        let project = Project::new(lane, tree, "FROM BASE\nCOPY . /x\n");
        for (context, why) in [
            (".git", "lies in `.git`"),
            (".venv", "lies in a directory that is hidden"),
            (".venv/lib", "lies in a directory that is hidden"),
            ("link/src", "leads through a link"),
            ("to-git", "leads through a link"),
        ] {
            project.write("paude.json", &format!(r#"{{"build": {{"context": "{context}"}}}}"#));
            let refused = project.allowed("true").code(2);
            refused.says(&format!("the build's context `{context}` {why}\n"));
        }
        project.write("paude.json", r#"{"build": {"context": "src"}}"#);
        project.allowed("test -e /x/f").code(0);
        Ok(())
    },
    fn arguments_and_stages_reach_the_build(lane: &Lane) -> Outcome {
        if lane.is_native() {
            return Ok(());
        }
        let dockerfile = "ARG BASE_IMAGE=nothing\nFROM $BASE_IMAGE AS one\nARG A=none\n\
                          RUN printf '%s\\n' \"$A\" >/a\nFROM one AS two\nRUN touch /two\n";
        let project = Project::new(lane, "", "");
        project.write("Dockerfile", dockerfile);
        let args = |a: &str, target: &str| {
            let image = lane.fact("image");
            serde_json::json!({"build": {
                "args": {"A": a, "BASE_IMAGE": image}, "target": target,
            }})
        };
        let odd = "a 'b' \"c\" $(d) --e=f";
        for (target, wanted) in [("two", "yes"), ("one", "no")] {
            project.write("paude.json", &args(odd, target).to_string());
            let script = "cat /a; test -e /two && echo yes || echo no";
            project.allowed(script).code(0).prints(&format!("{odd}\n{wanted}\n"));
        }
        Ok(())
    },
    fn nothing_is_built_without_consent(lane: &Lane) -> Outcome {
        if lane.is_native() {
            return Ok(());
        }
        let project = Project::new(lane, "", ONCE);
        let ran = project.run(&[], "touch ran").code(125);
        ran.says("no image is built from `Dockerfile`").says("--builds allow");
        let never = project.run(&["--builds", "never"], "touch ran").code(125);
        never.says("`builds` is \"never\"\nhint: ");
        assert!(!project.env.project.join("ran").exists());
        assert!(project.names().is_empty());
        // A dry run builds nothing, and names the image as it would be called.
        let dry = project.run(&["--dry-run"], ":").code(0).stdout();
        assert!(dry.contains(" localhost/paude-"), "{dry}");
        let plan = ["plan", "--format", &lane.engine];
        assert!(project.env.paude(&plan).code(0).stdout().contains(" localhost/paude-"));
        assert!(project.names().is_empty());
        // Without the Dockerfile, another image is run.
        let image = lane.fact("image");
        project.run(&["--image", image], "test ! -e /id").code(0);
        project.run(&["--image", image, "--no-build"], "test ! -e /id").code(0);
        // What was built is run without asking.
        let id = project.allowed("cat /id").code(0).stdout();
        project.run(&["--builds", "never"], "cat /id").code(0).prints(&id);
        Ok(())
    },
    fn a_failed_build_runs_nothing(lane: &Lane) -> Outcome {
        if lane.is_native() {
            return Ok(());
        }
        let project = Project::new(lane, "", "FROM BASE\nRUN echo said; exit 7\n");
        let ran = project.allowed("touch ran").code(125);
        ran.says("said").says("could not build the image");
        assert!(!project.env.project.join("ran").exists());
        assert!(project.names().is_empty());
        project.write("Dockerfile", "FROM oci:/etc\n");
        project.allowed(":").code(2).says("is a file of this machine, not an image");
        project.write("paude.json", r#"{"build": {"dockerfile": "Containerfile.in"}}"#);
        project.allowed(":").code(2).says("would be preprocessed on this machine");
        project.write("paude.json", r#"{"build": {"context": "https://example.invalid/x.git"}}"#);
        project.allowed(":").code(2).says("is an address");
        Ok(())
    },
    fn a_signal_ends_a_build_and_what_it_runs(lane: &Lane) -> Outcome {
        if lane.is_native() {
            return Ok(());
        }
        for (signal, code) in [("TERM", 143), ("INT", 130)] {
            // A number that no process of another lane or signal has.
            let lane_number: u32 = lane.name.bytes().map(u32::from).sum();
            let seconds = format!("{}{lane_number}{code}", std::process::id());
            let dockerfile = format!("FROM BASE\nRUN echo star''ted; sleep 9{seconds}; true\n");
            let project = Project::new(lane, "", &dockerfile);
            let mut command = project.command(&["--builds", "allow"], "touch ran");
            let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn()?;
            let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
            // BuildKit writes the number of the step and a time in front.
            let started =
                lines.find(|line| line.as_ref().is_ok_and(|line| line.ends_with("started")));
            assert!(started.is_some(), "the build does not start");
            let rest = std::thread::spawn(move || lines.map_while(Result::ok).collect::<Vec<_>>());
            let kill =
                Command::new("kill").args(["-s", signal, &child.id().to_string()]).status()?;
            assert!(kill.success());
            assert_eq!(end(&mut child), Some(code), "{signal}");
            let said = rest.join().unwrap().join("\n");
            assert!(said.contains("no image was built"), "{said}");
            let process = format!("sleep 9{seconds}");
            // A podman service goes on with it, although its client has ended.
            if lane.name == "podman-remote" {
                for pid in running(&process) {
                    let _ = Command::new("kill").args(["-s", "KILL", &pid]).status()?;
                }
            }
            crate::support::wait_for("a process of the build is left", 30, || {
                running(&process).is_empty()
            });
            assert!(!project.env.project.join("ran").exists());
            assert!(project.names().is_empty());
        }
        Ok(())
    },
    fn packages_are_installed_over_the_image(lane: &Lane) -> Outcome {
        if lane.is_native() {
            return Ok(());
        }
        let project = Project::new(lane, "", WITH_PACKAGE_SOURCE);
        let installed = "example-first 1:2\nexample-second 1\n";
        let packages = ["example-second", "example-first=1:2"];
        let settings = serde_json::json!({"build": {}, "packages": packages});
        project.write("paude.json", &settings.to_string());
        let script = "dpkg-query --show --showformat='${Package} ${Version}\\n' 'example-*'";
        project.allowed(script).code(0).prints(installed);
        assert_eq!(project.names().len(), 2);
        let list = project.env.paude(&["images", "list"]).code(0).stdout();
        assert!(list.contains("packages `example-first=1:2`, `example-second` of "), "{list}");
        // Neither is built again.
        project.run(&["--builds", "never"], script).code(0).prints(installed);
        // The user of the image stays what it was.
        let base = project.names().into_iter().find(|name| {
            list.lines().any(|line| line.starts_with(name.as_str()) && line.contains("Dockerfile"))
        });
        let base = format!("localhost/{}", base.unwrap());
        let person = project.env.home().join(".config/paude/config.json");
        crate::support::tree::write(&person, r#"{"packages": ["example-person"]}"#);
        lane.give(&project.env.root());
        project.write("paude.json", &serde_json::json!({"image": base}).to_string());
        // What a person wants installed needs no consent, unless a project chose the image: that
        // runs what it likes.
        project.run(&[], script).code(125).says("and there is no terminal to ask on");
        let wanted = "example-person 1\n";
        project.run(&["--image", &base], script).code(0).prints(wanted);
        let name = project.names().into_iter().find(|name| {
            let list = project.env.paude(&["images", "list"]).code(0).stdout();
            list.lines()
                .any(|line| line.starts_with(name.as_str()) && line.contains("`example-person`"))
        });
        let reference = format!("localhost/{}", name.unwrap());
        let args = ["image", "inspect", "--format", "{{.Config.User}}", &reference];
        let user = project.env.command(&lane.engine).args(args).output()?;
        assert_eq!(String::from_utf8_lossy(&user.stdout).trim(), "1234");
        Ok(())
    },
    fn images_are_listed_removed_and_pruned(lane: &Lane) -> Outcome {
        if lane.is_native() {
            return Ok(());
        }
        let project = Project::new(lane, "", ONCE);
        let id = project.allowed("cat /id").code(0).stdout();
        let name = project.names().remove(0);
        let list = project.env.paude(&["images", "list"]).code(0).stdout();
        let place = project.env.project.display();
        let wanted = format!("{name}  built     {:6}  `Dockerfile` of {place}\n", lane.engine);
        assert_eq!(list, wanted);
        project.env.paude(&["images", "prune"]).code(0).prints("");
        project.env.paude(&["images", "remove", "paude-0"]).code(2).says("there is no image");
        let reference = format!("localhost/{name}");
        assert!(project.engine(&["image", "inspect", &reference]));
        project.env.paude(&["images", "remove", &name]).code(0);
        assert!(!project.engine(&["image", "inspect", &reference]));
        assert!(project.names().is_empty());
        // One that the engine lost is built again.
        project.allowed(":").code(0);
        assert!(project.engine(&["image", "rm", &reference]));
        let again = project.run(&["--rebuild", "--builds", "allow"], "cat /id").code(0).stdout();
        assert_ne!(again, id);
        let aside = project.env.root().join("aside");
        std::fs::rename(&project.env.project, &aside)?;
        std::fs::create_dir(&project.env.project)?;
        lane.give(&project.env.project);
        project.env.paude(&["images", "prune"]).code(0).prints(&format!("{name}\n"));
        assert!(!project.engine(&["image", "inspect", &reference]));
        Ok(())
    },
    fn two_runs_at_once_build_once(lane: &Lane) -> Outcome {
        if lane.is_native() {
            return Ok(());
        }
        let project = Project::new(lane, "", ONCE);
        let start = || {
            let mut command = project.command(&["--builds", "allow"], "cat /id");
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let both = [start(), start()].map(|child| Ran(child.wait_with_output().unwrap()).code(0));
        assert_eq!(both[0].stdout(), both[1].stdout());
        Ok(())
    },
    fn records_of_images_in_the_project_are_not_used(lane: &Lane) -> Outcome {
        if lane.is_native() {
            return Ok(());
        }
        let mut project = Project::new(lane, "", ONCE);
        let home = project.env.vars.clone();
        let state = project.env.project.join("state").display().to_string();
        project.env.set("XDG_STATE_HOME", state);
        project.allowed("touch ran").code(125).says("it lies in the project");
        assert!(!project.env.project.join("ran").exists());
        project.env.vars = home;
        Ok(())
    },
    fn the_native_engine_builds_nothing_and_says_so(lane: &Lane) -> Outcome {
        if !lane.is_native() {
            return Ok(());
        }
        let env = lane.env_with("");
        env.write("paude.json", r#"{"build": {}, "packages": ["git"]}"#);
        let ran = lane.sh(&env, &[], ":").code(0);
        ran.says("`build` and `packages` are not used: the native engine has no image");
        Ok(())
    }
);

/// The exit code of paude, which a signal was sent to.
fn end(child: &mut Child) -> Option<i32> {
    let sent = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if sent.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("the signal did not end paude");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The processes of this machine that have this command line.
fn running(line: &str) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let is_it = |entry: &std::fs::DirEntry| {
        let words = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&words).replace('\0', " ").trim() == line
    };
    let found = processes.filter(is_it);
    found.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}
