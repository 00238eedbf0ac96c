//! The stamp of a built image: a hash of all that it is built from.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;

use sha2::Digest as _;

use super::context::{Context, ContextNode};
use crate::engine::Engine;

/// Changes whenever paude builds something else from the same inputs.
const SCHEME: u32 = 1;

/// What an image is built from, besides the context.
#[derive(Debug)]
pub(super) struct StampInputs<'i> {
    pub(super) engine: Engine,
    /// The platform that was asked for, if any.
    pub(super) platform: Option<&'i str>,
    pub(super) dockerfile: &'i [u8],
    /// The file with the patterns of what is left out.
    pub(super) ignore_file: &'i [u8],
    pub(super) target: Option<&'i str>,
    pub(super) args: &'i BTreeMap<String, String>,
    /// The images that it is built over with their ids; no id if the engine has none of that name.
    pub(super) bases: &'i [(String, Option<String>)],
}

/// The stamp of an image, in hexadecimal digits. The files of the context have been hashed.
pub(super) fn compute(inputs: &StampInputs<'_>, context: &Context) -> io::Result<String> {
    let mut hasher = HashWriter(sha2::Sha256::new());
    let StampInputs { engine, platform, dockerfile, ignore_file, target, args, bases } = inputs;
    let arch = std::env::consts::ARCH;
    let head = (SCHEME, engine, arch, platform, target, args, bases);
    // JSON keeps the parts apart, whatever they hold.
    serde_json::to_writer(&mut hasher, &head)?;
    for bytes in [dockerfile, ignore_file] {
        hasher.write_part(bytes)?;
    }
    for entry in &context.entries {
        hasher.write_part(entry.path.as_os_str().as_bytes())?;
        match &entry.node {
            ContextNode::Directory { mode } => hasher.write_all(format!("d{mode:o}").as_bytes())?,
            ContextNode::Link { target } => {
                hasher.write_all(b"l")?;
                hasher.write_part(target.as_os_str().as_bytes())?;
            }
            ContextNode::File { mode, size, sha256 } => {
                hasher.write_all(format!("f{mode:o},{size},").as_bytes())?;
                let sha256 = sha256.ok_or_else(|| io::Error::other("a file was not hashed"))?;
                hasher.write_all(&sha256)?;
            }
        }
    }
    Ok(hex(&hasher.0.finalize()))
}

/// Hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Hashes what is written.
struct HashWriter(sha2::Sha256);

impl HashWriter {
    /// Writes bytes behind their number, so that no two lists of parts look the same.
    fn write_part(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(&(bytes.len() as u64).to_le_bytes())?;
        self.write_all(bytes)
    }
}

impl io::Write for HashWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
