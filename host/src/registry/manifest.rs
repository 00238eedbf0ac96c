//! The manifest of an artifact that is one WebAssembly component, in the layout that the OCI TAG
//! for runtimes defines.

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::escape::brief;
use crate::value::{OciReference, Sha256};

/// The type of the manifest itself.
pub(super) const MEDIA_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG_TYPE: &str = "application/vnd.wasm.config.v0+json";
const LAYER_TYPE: &str = "application/wasm";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
    /// Only an index has these.
    #[serde(default)]
    manifests: Vec<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: String,
    digest: String,
    size: u64,
}

/// What a manifest says about its component.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) sha256: Sha256,
    pub(super) bytes: u64,
}

impl Layer {
    /// The only layer of a manifest. Fails if it is not a component, or larger than `limit`.
    pub(super) fn only(manifest: &[u8], reference: &OciReference, limit: u64) -> Result<Self> {
        let fail = |what: &str| Error::failed(format!("`{reference}` {what}"));
        let push = "`wkg oci push`, for example, pushes a component in the form that paude reads";
        let manifest: Manifest = serde_json::from_slice(manifest).map_err(|error| {
            fail(&format!("has no valid manifest: {}", brief(&error.to_string())))
        })?;
        if !manifest.manifests.is_empty() {
            return Err(fail("is an index of several artifacts, not a component")
                .hint("name one of them: HOST/NAME@sha256:DIGEST"));
        }
        let config_type = manifest.config.map(|config| config.media_type).unwrap_or_default();
        if config_type != CONFIG_TYPE {
            let found = brief(&config_type);
            let what = format!("is not a component: its config is `{found}`, not `{CONFIG_TYPE}`");
            return Err(fail(&what).hint(push));
        }
        let [layer] = &manifest.layers[..] else {
            let count = manifest.layers.len();
            return Err(fail(&format!("has {count} layers, and a component is one")).hint(push));
        };
        if layer.media_type != LAYER_TYPE {
            let found = brief(&layer.media_type);
            let what = format!("is not a component: its layer is `{found}`, not `{LAYER_TYPE}`");
            return Err(fail(&what).hint(push));
        }
        let digest = layer.digest.strip_prefix("sha256:").and_then(|digits| digits.parse().ok());
        let sha256 = digest.ok_or_else(|| {
            fail(&format!("has the digest `{}`, which is no sha256", brief(&layer.digest)))
        })?;
        if layer.size > limit {
            let (size, limit) = (layer.size.div_ceil(1 << 20), limit >> 20);
            return Err(fail(&format!("has {size} MiB, and a policy has {limit} MiB at most")));
        }
        Ok(Self { sha256, bytes: layer.size })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(manifest: &str) -> Result<Layer> {
        let reference = "registry.example/team/policy:1.0".parse().unwrap();
        Layer::only(manifest.as_bytes(), &reference, 64 << 20)
    }

    fn manifest(config: &str, layers: &str) -> String {
        format!(
            r#"{{"schemaVersion": 2, "config": {{"mediaType": "{config}", "digest": "", "size": 2}}, "layers": [{layers}]}}"#
        )
    }

    fn layer(media_type: &str, digest: &str, size: u64) -> String {
        format!(r#"{{"mediaType": "{media_type}", "digest": "{digest}", "size": {size}}}"#)
    }

    #[test]
    fn one_layer_is_a_component() {
        let digest = format!("sha256:{}", Sha256::of(b"x"));
        let found = only(&manifest(CONFIG_TYPE, &layer(LAYER_TYPE, &digest, 1))).unwrap();
        assert_eq!((found.sha256, found.bytes), (Sha256::of(b"x"), 1));
    }

    #[test]
    fn anything_else_is_refused_with_a_reason() {
        let digest = format!("sha256:{}", Sha256::of(b"x"));
        let good = layer(LAYER_TYPE, &digest, 1);
        let image = "application/vnd.oci.image.config.v1+json";
        for (text, reason) in [
            ("[]".to_owned(), "has no valid manifest"),
            ("{".to_owned(), "has no valid manifest"),
            ("{}".to_owned(), "its config is ``"),
            (r#"{"manifests": [{}]}"#.to_owned(), "is an index of several artifacts"),
            (manifest(image, &good), "its config is `application/vnd.oci.image.config"),
            (manifest(CONFIG_TYPE, ""), "has 0 layers"),
            (manifest(CONFIG_TYPE, &format!("{good},{good}")), "has 2 layers"),
            (manifest(CONFIG_TYPE, &layer("application/tar", &digest, 1)), "`application/tar`"),
            (manifest(CONFIG_TYPE, &layer(LAYER_TYPE, "sha512:00", 1)), "which is no sha256"),
            (manifest(CONFIG_TYPE, &layer(LAYER_TYPE, "sha256:../x", 1)), "which is no sha256"),
            (manifest(CONFIG_TYPE, &layer(LAYER_TYPE, &digest, 65 << 20)), "has 65 MiB, and"),
            (manifest(CONFIG_TYPE, &layer(LAYER_TYPE, &digest, (64 << 20) + 1)), "has 65 MiB, and"),
        ] {
            let error = only(&text).unwrap_err();
            assert!(error.message().contains(reason), "{text}: {error}");
        }
        assert!(only(&manifest(CONFIG_TYPE, &layer(LAYER_TYPE, &digest, 64 << 20))).is_ok());
    }
}
