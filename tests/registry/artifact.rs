//! Policies as registries hold them.

use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};
use sha2::Digest as _;

use super::server::{Asked, Server, respond};
use crate::hostile::policy;

pub const CONFIG_TYPE: &str = "application/vnd.wasm.config.v0+json";
pub const LAYER_TYPE: &str = "application/wasm";
const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";

/// The SHA-256 of these bytes, in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Puts a policy into the store of a home directory, as if it had been pulled from there.
pub fn store(home: &Path, policy: &Path, reference: &str) {
    let store = home.join(".local/state/paude/policies");
    let hash = sha256(&std::fs::read(policy).unwrap());
    std::fs::create_dir_all(&store).unwrap();
    std::fs::set_permissions(&store, std::fs::Permissions::from_mode(0o700)).unwrap();
    std::fs::copy(policy, store.join(format!("{hash}.wasm"))).unwrap();
    let origin = json!({"reference": reference, "manifest": hash, "pulled": 0});
    let record = json!({"origins": [origin]}).to_string();
    std::fs::write(store.join(format!("{hash}.json")), record).unwrap();
}

/// A policy that hides nothing; the note makes one differ from another.
pub fn component(note: &str) -> Vec<u8> {
    let detect = policy::DETECT;
    policy::component(&format!(
        "(core module $main (import \"heap\" \"memory\" (memory 1))
            (data (i32.const 4096) \"{note}\")
            {detect} i32.const 0))"
    ))
}

/// A manifest, its config and its layers.
#[derive(Clone)]
pub struct Artifact {
    config_type: &'static str,
    config: Vec<u8>,
    layers: Vec<(&'static str, Vec<u8>)>,
}

impl Artifact {
    /// One as `wkg` pushes it.
    pub fn of(component: &[u8]) -> Self {
        let config = json!({
            "created": "2026-01-01T00:00:00Z",
            "architecture": "wasm",
            "os": "wasip2",
            "layerDigests": [format!("sha256:{}", sha256(component))],
        });
        let layers = vec![(LAYER_TYPE, component.to_vec())];
        Self { config_type: CONFIG_TYPE, config: config.to_string().into_bytes(), layers }
    }

    /// An image for this machine, with the files of one archive in it.
    pub fn image(archive: Vec<u8>) -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        let ids = [format!("sha256:{}", sha256(&archive))];
        let config = json!({
            "architecture": architecture,
            "os": "linux",
            "config": {},
            "history": [{ "created_by": "a test" }],
            "rootfs": { "type": "layers", "diff_ids": ids },
        });
        Self {
            config_type: "application/vnd.oci.image.config.v1+json",
            config: config.to_string().into_bytes(),
            layers: vec![("application/vnd.oci.image.layer.v1.tar", archive)],
        }
    }

    /// The same with a layer more.
    pub fn and_layer(mut self, media_type: &'static str, bytes: &[u8]) -> Self {
        self.layers.push((media_type, bytes.to_vec()));
        self
    }

    pub fn manifest(&self) -> Vec<u8> {
        let layers: Vec<_> =
            self.layers.iter().map(|(kind, bytes)| descriptor(kind, bytes)).collect();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": descriptor(self.config_type, &self.config),
            "layers": layers,
        });
        manifest.to_string().into_bytes()
    }

    /// Writes it as a directory from which other programs push it, under the name `pushed`.
    pub fn write_layout(&self, dir: &Path) {
        let blobs = dir.join("blobs/sha256");
        std::fs::create_dir_all(&blobs).unwrap();
        let manifest = self.manifest();
        let layers = self.layers.iter().map(|(_, bytes)| bytes);
        for bytes in layers.chain([&self.config, &manifest]) {
            std::fs::write(blobs.join(sha256(bytes)), bytes).unwrap();
        }
        let mut entry = descriptor(MANIFEST_TYPE, &manifest);
        entry["annotations"] = json!({ "org.opencontainers.image.ref.name": "pushed" });
        let index = json!({ "schemaVersion": 2, "manifests": [entry] });
        std::fs::write(dir.join("index.json"), index.to_string()).unwrap();
        let version = json!({ "imageLayoutVersion": "1.0.0" });
        std::fs::write(dir.join("oci-layout"), version.to_string()).unwrap();
    }

    /// A registry that has this under every name and version.
    pub fn serve(self) -> Server {
        Server::start(move |asked, stream| self.answer(asked, stream))
    }

    /// A registry that has this, and answers so where a layer is asked for.
    pub fn serve_layers(
        self,
        mut layer: impl FnMut(&Asked, &mut TcpStream) + Send + 'static,
    ) -> Server {
        Server::start(move |asked, stream| match asked.target.contains("/blobs/") {
            true => layer(asked, stream),
            false => self.answer(asked, stream),
        })
    }

    /// Answers as a registry does.
    pub fn answer(&self, asked: &Asked, stream: &mut TcpStream) {
        if asked.target.contains("/manifests/") {
            return respond(stream, 200, &[("Content-Type", MANIFEST_TYPE)], &self.manifest());
        }
        let blob = |(_, bytes): &&(_, Vec<u8>)| asked.target.ends_with(&sha256(bytes));
        match self.layers.iter().find(blob) {
            Some((_, bytes)) => respond(stream, 200, &[], bytes),
            None => respond(stream, 404, &[], b"{}"),
        }
    }
}

fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    let digest = format!("sha256:{}", sha256(bytes));
    json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() })
}
