//! Debian's `docker-registry`, filled by `skopeo`: both speak the protocol as others understand it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::artifact::{Artifact, LAYER_TYPE, component, sha256};
use super::server::{Server, respond};
use crate::support::{Env, Outcome, setup, tree, wait_for};

/// A line of a file for the registry: the user `me` with the password `secret`.
const HTPASSWD: &str = "me:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n";
/// The same login as files of settings have it.
const LOGIN: &str = "bWU6c2VjcmV0";

/// A test that the registry's program is passed to.
type Test = fn(&Path) -> Outcome;

/// Ignored where the programs are missing, and failing there when `CI` is set.
pub fn trials() -> Vec<Trial> {
    let program = setup()["docker_registry"].as_str().map(PathBuf::from);
    let ignored = program.is_none() && std::env::var_os("CI").is_none();
    let tests: [(&str, Test); 6] = [
        ("what_skopeo_pushed_is_pulled", what_skopeo_pushed_is_pulled),
        ("more_than_one_layer_is_refused", more_than_one_layer_is_refused),
        ("a_password_is_wanted", a_password_is_wanted),
        ("a_certificate_has_to_be_trusted", a_certificate_has_to_be_trusted),
        ("what_has_no_tls_elsewhere_changes_nothing", what_has_no_tls_elsewhere_changes_nothing),
        ("a_token_is_wanted", a_token_is_wanted),
    ];
    let trial = |(name, test): (&str, Test)| {
        let program = program.clone();
        let run = move || test(&program.ok_or("`cargo xtask test` prepares it")?);
        Trial::test(format!("registry::real::{name}"), run).with_ignored_flag(ignored)
    };
    tests.into_iter().map(trial).collect()
}

/// A registry; it ends when this is dropped.
pub struct Registry {
    child: Child,
    pub port: u16,
}

impl Registry {
    /// Starts one over what is in `storage` of the test's directory, with these further settings.
    pub fn start(program: &Path, env: &Env, http: &str, auth: &str) -> Self {
        let (root, file) = (env.root(), env.root().join("registry.yml"));
        let storage = root.join("storage");
        let settings = format!(
            "version: 0.1\nlog: {{level: info, accesslog: {{disabled: true}}}}\n\
             storage: {{filesystem: {{rootdirectory: {storage}}}}}\n\
             http: {{addr: '127.0.0.1:0', secret: x{http}}}\n{auth}\n",
            storage = storage.display()
        );
        std::fs::write(&file, settings).unwrap();
        let log = root.join("registry.log");
        let mut command = env.command(program);
        command.args(["serve".as_ref(), file.as_os_str()]).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        let mut child = command.spawn().unwrap();
        let mut port = None;
        wait_for("the registry listens", 60, || {
            let text = std::fs::read_to_string(&log).unwrap();
            if let Some(status) = child.try_wait().unwrap() {
                panic!("the registry ended with {status}: {text}");
            }
            let after = text.split_once("listening on 127.0.0.1:").map(|(_, after)| after);
            let digits =
                |after: &str| after.split(|c: char| !c.is_ascii_digit()).next().map(str::to_owned);
            port = after.filter(|after| after.contains('"')).and_then(digits);
            port.is_some()
        });
        Self { child, port: port.unwrap().parse().unwrap() }
    }

    fn reference(&self, version: &str) -> String {
        format!("127.0.0.1:{}/team/policy:{version}", self.port)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program of this machine to its end.
#[track_caller]
fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Pushes an artifact by a registry that lets everybody do so.
fn push(program: &Path, env: &Env, artifact: &Artifact, version: &str) {
    let open = Registry::start(program, env, "", "");
    push_to(env, artifact, &open.reference(version));
}

/// Pushes an artifact, in place of what the registry has under that reference.
pub fn push_to(env: &Env, artifact: &Artifact, reference: &str) {
    let layout = env.root().join("layout");
    artifact.write_layout(&layout);
    let mut skopeo = env.command("skopeo");
    skopeo.args(["--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false"]);
    skopeo.arg(format!("oci:{}:pushed", layout.display()));
    run(skopeo.arg(format!("docker://{reference}")));
}

fn login(env: &Env, registry: &Registry, login: &str) {
    let auths = format!(r#"{{"auths": {{"127.0.0.1:{}": {{"auth": "{login}"}}}}}}"#, registry.port);
    tree::write(&env.home().join(".docker/config.json"), &auths);
}

/// An authority of the test's own, and a certificate for 127.0.0.1: `ca.crt`, `tls.crt`, `tls.key`.
fn certificates(env: &Env) {
    let openssl = |args: &str| {
        let mut command = env.command("openssl");
        run(command.args(args.split(' ')).current_dir(env.root()));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&format!("req -x509 {key} -keyout ca.key -out ca.crt -days 2 -subj /CN=authority"));
    openssl(&format!("req {key} -keyout tls.key -out tls.csr -subj /CN=registry"));
    std::fs::write(env.root().join("tls.ext"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    openssl(
        "x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out tls.crt -days 2 \
         -extfile tls.ext",
    );
}

fn what_skopeo_pushed_is_pulled(program: &Path) -> Outcome {
    let (env, component) = (Env::new(), component("one"));
    push(program, &env, &Artifact::of(&component), "1.0");
    let registry = Registry::start(program, &env, "", "");
    let hash = sha256(&component);
    let reference = registry.reference("1.0");
    let other = sha256(b"other");
    let ran = env.paude(&["policy", "pull", &reference, "--sha256", &other]).code(125);
    ran.says(&format!("its sha256 is {hash}, not {other}"));
    env.paude(&["policy", "pull", &registry.reference("2.0")]).code(125).says("` has no `");
    env.paude(&["policy", "pull", &reference, "--sha256", &hash]).code(0);
    drop(registry);
    env.paude(&["plan", "--policy", &format!("oci:{reference}")]).code(0);
    env.paude(&["policy", "verify"]).code(0).prints(&format!("sha256:{hash}  as it was pulled\n"));
    Ok(())
}

fn more_than_one_layer_is_refused(program: &Path) -> Outcome {
    let env = Env::new();
    let artifact = Artifact::of(&component("one")).and_layer(LAYER_TYPE, &component("two"));
    push(program, &env, &artifact, "1.0");
    let registry = Registry::start(program, &env, "", "");
    let ran = env.paude(&["policy", "pull", &registry.reference("1.0")]).code(125);
    ran.says("has 2 layers, and a component is one");
    Ok(())
}

fn only_the_right_login_pulls(env: &Env, registry: &Registry) {
    let reference = registry.reference("1.0");
    let pull = || env.paude(&["policy", "pull", &reference]);
    pull().code(125).says("wants a login for");
    login(env, registry, "bWU6d3Jvbmc=");
    pull().code(125).says("does not let you pull");
    login(env, registry, LOGIN);
    pull().code(0);
}

fn a_password_is_wanted(program: &Path) -> Outcome {
    let env = Env::new();
    push(program, &env, &Artifact::of(&component("one")), "1.0");
    let users = env.root().join("htpasswd");
    std::fs::write(&users, HTPASSWD)?;
    let auth = format!("auth: {{htpasswd: {{realm: r, path: {}}}}}", users.display());
    let registry = Registry::start(program, &env, "", &auth);
    only_the_right_login_pulls(&env, &registry);
    Ok(())
}

fn a_certificate_has_to_be_trusted(program: &Path) -> Outcome {
    let mut env = Env::new();
    push(program, &env, &Artifact::of(&component("one")), "1.0");
    certificates(&env);
    let root = env.root();
    let tls = format!(", tls: {{certificate: {0}/tls.crt, key: {0}/tls.key}}", root.display());
    let registry = Registry::start(program, &env, &tls, "");
    let reference = registry.reference("1.0");
    let ran = env.paude(&["policy", "pull", &reference]).code(125);
    ran.says("error: cannot fetch from `127.0.0.1`: ")
        .says("\nhint: if its certificate is of a CA");
    env.set("CURL_CA_BUNDLE", root.join("ca.crt").display().to_string());
    env.paude(&["policy", "pull", &reference]).code(0);
    // The certificate is for that address only.
    let reference = reference.replace("127.0.0.1", "localhost");
    env.paude(&["policy", "pull", &reference]).code(125).says("cannot fetch from `localhost`");
    Ok(())
}

/// A registry that speaks TLS leads to a server that does not, and is still asked with TLS only.
fn what_has_no_tls_elsewhere_changes_nothing(program: &Path) -> Outcome {
    let mut env = Env::new();
    push(program, &env, &Artifact::of(&component("one")), "1.0");
    certificates(&env);
    let (root, elsewhere) = (env.root(), Server::silent());
    let tls = format!(", tls: {{certificate: {0}/tls.crt, key: {0}/tls.key}}", root.display());
    let to = format!("https://127.0.0.1:{}/", elsewhere.port);
    let redirect = format!("{{name: redirect, options: {{baseurl: '{to}'}}}}");
    let registry =
        Registry::start(program, &env, &tls, &format!("middleware: {{storage: [{redirect}]}}"));
    env.set("CURL_CA_BUNDLE", root.join("ca.crt").display().to_string());
    let ran = env.paude(&["policy", "pull", &registry.reference("1.0")]).code(125);
    ran.says("error: cannot speak TLS with `127.0.0.1`: ");
    assert_eq!(elsewhere.connections(), 1);
    Ok(())
}

/// The server of tokens is a thread of the test; the registry checks what it signed.
fn a_token_is_wanted(program: &Path) -> Outcome {
    let env = Env::new();
    push(program, &env, &Artifact::of(&component("one")), "1.0");
    let signer = Signer::new(&env);
    let certificate = env.root().join("signer.crt");
    let tokens = Server::start(move |asked, stream| {
        if asked.header("authorization") != Some("Basic bWU6c2VjcmV0") {
            return respond(stream, 401, &[], b"{}");
        }
        // As it was asked for: a wrong scope is of no use to the registry.
        let scope = asked.target.split("scope=").nth(1).unwrap();
        let scope = scope.replace("%3A", ":").replace("%2F", "/");
        let [kind, name, action] = scope.split(':').collect::<Vec<_>>().try_into().unwrap();
        let access = json!([{ "type": kind, "name": name, "actions": [action] }]);
        let token = signer.sign(&json!({
            "iss": "test", "sub": "me", "aud": "registry", "exp": 4_000_000_000_u64, "nbf": 0,
            "iat": 0, "jti": "1", "access": access,
        }));
        respond(stream, 200, &[], json!({ "token": token }).to_string().as_bytes());
    });
    let auth = format!(
        "auth: {{token: {{realm: 'http://127.0.0.1:{}/token', service: registry, issuer: test, \
         rootcertbundle: {}}}}}",
        tokens.port,
        certificate.display()
    );
    let registry = Registry::start(program, &env, "", &auth);
    only_the_right_login_pulls(&env, &registry);
    Ok(())
}

/// Signs tokens as the registry wants them.
struct Signer {
    dir: PathBuf,
    /// The certificate of the key, as it is part of each token.
    certificate: String,
}

impl Signer {
    fn new(env: &Env) -> Self {
        let dir = env.root();
        let args = "req -x509 -newkey rsa:2048 -nodes -keyout signer.key -out signer.crt -days 2 \
                    -subj /CN=signer";
        run(Command::new("openssl").args(args.split_whitespace()).current_dir(&dir));
        let text = std::fs::read_to_string(dir.join("signer.crt")).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with("-----"));
        Self { certificate: lines.collect(), dir }
    }

    fn sign(&self, claims: &Value) -> String {
        let header = json!({ "typ": "JWT", "alg": "RS256", "x5c": [self.certificate] });
        let parts = [header.to_string(), claims.to_string()];
        let text = parts.map(|part| base64url(part.as_bytes())).join(".");
        let file = self.dir.join("unsigned");
        std::fs::write(&file, &text).unwrap();
        let mut openssl = Command::new("openssl");
        openssl.args(["dgst", "-sha256", "-sign", "signer.key", "unsigned"]);
        let output = openssl.current_dir(&self.dir).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        format!("{text}.{}", base64url(&output.stdout))
    }
}

/// Base64 with the letters of addresses, and without padding.
fn base64url(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = three.iter().fold(0_usize, |number, byte| number << 8 | usize::from(*byte))
            << (8 * (3 - three.len()));
        for at in 0..=three.len() {
            text.push(char::from(LETTERS[number >> (18 - 6 * at) & 63]));
        }
    }
    text
}
