//! `--pull`: a build over an image of a registry, which gets another one under the same name.

use std::path::Path;
use std::process::Command;

use super::super::Test;
use super::super::lane::Lane;
use super::Project;
use crate::parameterized;
use crate::registry::artifact::Artifact;
use crate::registry::real::{Registry, push_to};
use crate::support::{Env, export_tools, which};

/// Whether a lane can pull from a registry on loopback, which has no certificate. A podman service
/// cannot, which is told so by settings of the machine only, and neither can rootless docker in the
/// network of its machine: a thread of it that was in the network of a container cannot come back,
/// and finds no registry where it is.
pub fn runs_on(lane: &Lane) -> bool {
    ["podman", "podman-rootless", "docker"].contains(&lane.name.as_str())
}

/// A small image: busybox of this machine with the libraries that it needs, and a file that tells one
/// version from another.
fn image(env: &Env, version: &str) -> Artifact {
    let root = env.root().join(version);
    let add = |program: &Path, name: &str| {
        let to = root.join(name.trim_start_matches('/'));
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(program, to).unwrap();
    };
    let busybox = which("busybox").expect("busybox");
    add(&busybox, "bin/busybox");
    for applet in ["sh", "cat", "touch"] {
        std::os::unix::fs::symlink("busybox", root.join("bin").join(applet)).unwrap();
    }
    // Empty for a program that needs none.
    let libraries = Command::new("ldd").arg(&busybox).output().unwrap();
    for word in String::from_utf8(libraries.stdout).unwrap().split_whitespace() {
        if word.starts_with('/') {
            add(Path::new(word), word);
        }
    }
    std::fs::write(root.join("version"), format!("{version}\n")).unwrap();
    let mut tar = Command::new("tar");
    let tar = tar.args(["--create", "--owner=0", "--group=0", "--numeric-owner", "--directory"]);
    let output = tar.arg(root).arg(".").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Artifact::image(output.stdout)
}

parameterized!(
    Test,
    fn a_newer_base_is_fetched_when_it_is_asked_for(lane: &Lane) -> Outcome {
        // The lane's user has no part in the registry.
        let elsewhere = Env::new();
        let registry = Registry::start(&export_tools::find("docker_registry")?, &elsewhere, "", "");
        let base = format!("127.0.0.1:{}/base:1", registry.port);
        push_to(&elsewhere, &image(&elsewhere, "old"), &base);
        let dockerfile = format!("FROM {base}\nRUN cat /version >/built\n");
        let mut project = Project::new(lane, "", &dockerfile);
        // podman has to be told that this registry has no certificate; docker expects none on loopback.
        let insecure =
            format!("[[registry]]\nlocation = \"127.0.0.1:{}\"\ninsecure = true\n", registry.port);
        let settings = project.env.root().join("registries.conf");
        std::fs::write(&settings, insecure)?;
        project.env.set("CONTAINERS_REGISTRIES_CONF", settings.display().to_string());
        let built = |options: &[&str]| {
            project.run(&[&["--builds", "allow"], options].concat(), "cat /built").code(0).stdout()
        };
        let engine_id = || {
            let args = ["image", "inspect", "--format", "{{.Id}}", &base];
            let output = project.env.command(&lane.engine).args(args).output().unwrap();
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        assert_eq!(built(&[]), "old\n");
        let old = engine_id();
        push_to(&elsewhere, &image(&elsewhere, "new"), &base);
        // Neither a run nor a build looks for a newer one by itself.
        assert_eq!(built(&[]), "old\n");
        assert_eq!(built(&["--rebuild"]), "old\n");
        assert_eq!(built(&["--pull"]), "new\n");
        assert_eq!(built(&[]), "new\n");
        drop(registry);
        assert_eq!(built(&[]), "new\n");
        let failed = project.run(&["--builds", "allow", "--pull"], "touch ran").code(125);
        failed.says("could not build the image");
        assert!(!project.env.project.join("ran").exists());
        assert_eq!(built(&[]), "new\n");
        for name in project.names() {
            project.env.paude(&["images", "remove", &name]).code(0);
        }
        assert!(project.engine(&["image", "rm", &base]));
        // Some engines have removed it with the image that was built over it.
        project.engine(&["image", "rm", &old]);
        Ok(())
    },
);
