//! The entries of the cache: each is the SHA-256 of machine code in hexadecimal, and the code.
//!
//! Loading damaged machine code can crash paude, so it is loaded only if the hash matches. Any
//! entry that cannot be used is compiled again and replaced.

use std::fs::{DirBuilder, File, OpenOptions};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::bounded_read;
use crate::unsafe_calls::cached_policy;
use crate::value::Sha256;

/// Bytes of an entry; the code of the largest policies, those in Python, takes 50 MB.
const MAX_BYTES: u64 = 256 << 20;
/// Bytes of all entries together: the ones that were not used for the longest time are removed.
const MAX_TOTAL_BYTES: u64 = 512 << 20;
/// The length of a hash in hexadecimal digits.
const HASH_LENGTH: usize = 64;
/// The extension of an unfinished entry. While it exists, no other process writes the entry.
pub(super) const UNFINISHED: &str = "wip-atomic-write-mod";

/// The cache for custom policies, in a directory that only the user can write.
#[derive(Clone, Debug)]
pub(in crate::policy) struct Cache {
    /// The directory of this version's entries.
    directory: PathBuf,
}

impl Cache {
    pub(super) fn new(directory: &Path) -> Self {
        let version = concat!("v", env!("CARGO_PKG_VERSION"));
        Self { directory: directory.join("modules").join(version) }
    }

    /// The cached code of a component, or the component compiled and added to the cache.
    pub(in crate::policy) fn compile(
        &self,
        engine: &Engine,
        bytes: &[u8],
    ) -> wasmtime::Result<Component> {
        let entry = self.directory.join(entry_name(engine, bytes));
        if let Some(component) = load(engine, &entry) {
            return Ok(component);
        }
        let component = Component::from_binary(engine, bytes)?;
        if let Ok(code) = component.serialize() {
            // Without an entry, the next run compiles again.
            let _ = self.store(&entry, &code);
        }
        Ok(component)
    }

    fn store(&self, entry: &Path, code: &[u8]) -> io::Result<()> {
        if code.len() as u64 > MAX_BYTES - HASH_LENGTH as u64 {
            return Ok(());
        }
        DirBuilder::new().recursive(true).mode(0o700).create(&self.directory)?;
        let unfinished = entry.with_extension(UNFINISHED);
        let mut options = OpenOptions::new();
        #[expect(clippy::disallowed_methods, reason = "only paude writes to this directory")]
        let mut file = options.write(true).create_new(true).mode(0o600).open(&unfinished)?;
        let written = file
            .write_all(Sha256::of(code).to_string().as_bytes())
            .and_then(|()| file.write_all(code))
            .and_then(|()| std::fs::rename(&unfinished, entry));
        match written {
            Ok(()) => remove_unused(entry),
            Err(error) => {
                remove(&unfinished);
                Err(error)
            }
        }
    }
}

/// The name depends on all that the machine code depends on.
fn entry_name(engine: &Engine, bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    // It changes with the compiler, of which wasmtime only compares the major version.
    env!("PAUDE_BUILTIN_CODE_HASH").hash(&mut hasher);
    format!("{}-{:016x}", Sha256::of(bytes), hasher.finish())
}

/// Loads an entry. Returns `None` if there is none, or if it is damaged.
fn load(engine: &Engine, entry: &Path) -> Option<Component> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(bounded_read::NONBLOCKING);
    #[expect(clippy::disallowed_methods, reason = "only paude writes to this directory")]
    let file = options.open(entry).ok()?;
    mark_as_used(&file);
    let bytes = bounded_read::read(file, MAX_BYTES).ok()?;
    let (hash, code) = bytes.split_at_checked(HASH_LENGTH)?;
    if Sha256::of(code).to_string().as_bytes() != hash {
        return None;
    }
    cached_policy(engine, code).ok()
}

fn mark_as_used(file: &File) {
    let _ = file.set_modified(SystemTime::now());
}

/// Removes the entries that were not used for the longest time, if all of them take too much.
/// `new` stays.
fn remove_unused(new: &Path) -> io::Result<()> {
    let cache = new.ancestors().nth(3).unwrap_or(new);
    let mut files = Vec::new();
    for file in super::list_files(cache)? {
        let Ok(data) = file.metadata() else { continue };
        let path = file.path();
        if data.is_file() && path != new {
            files.push((data.modified().unwrap_or(SystemTime::UNIX_EPOCH), data.len(), path));
        }
    }
    files.sort_unstable();
    let mut total = std::fs::metadata(new)?.len();
    for (_, bytes, path) in files.into_iter().rev() {
        total = total.saturating_add(bytes);
        if total > MAX_TOTAL_BYTES {
            remove(&path);
        }
    }
    Ok(())
}

fn remove(file: &Path) {
    #[expect(clippy::disallowed_methods, reason = "only paude writes to this directory")]
    let _ = std::fs::remove_file(file);
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests create their own cache")]

    use super::*;

    fn only_entry(cache: &Cache) -> PathBuf {
        let mut entries = std::fs::read_dir(&cache.directory).unwrap();
        let entry = entries.next().unwrap().unwrap().path();
        assert!(entries.next().is_none());
        entry
    }

    #[test]
    fn an_entry_with_any_flipped_bit_is_compiled_again() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path());
        let engine = Engine::new(&crate::policy::tuning::config()).unwrap();
        let bytes = wat::parse_str("(component (core module (func)))").unwrap();
        cache.compile(&engine, &bytes).unwrap();
        let entry = only_entry(&cache);
        assert!(load(&engine, &entry).is_some());
        let whole = std::fs::read(&entry).unwrap();
        for at in (0..whole.len()).step_by(97).chain([0, 63, 64, whole.len() - 1]) {
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << (at % 8);
            std::fs::write(&entry, &damaged).unwrap();
            assert!(load(&engine, &entry).is_none(), "byte {at}");
        }
        cache.compile(&engine, &bytes).unwrap();
        assert_eq!(only_entry(&cache), entry);
        assert!(load(&engine, &entry).is_some());
    }

    #[test]
    fn code_of_another_engine_is_compiled_again() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path());
        let engine = Engine::new(&crate::policy::tuning::config()).unwrap();
        let other = Engine::new(wasmtime::Config::new().epoch_interruption(false)).unwrap();
        let bytes = wat::parse_str("(component (core module (func)))").unwrap();
        cache.compile(&other, &bytes).unwrap();
        let entry = only_entry(&cache);
        assert!(load(&engine, &entry).is_none());
        assert_ne!(entry.file_name().unwrap(), entry_name(&engine, &bytes).as_str());
    }

    #[test]
    fn the_least_recently_used_entries_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path());
        std::fs::create_dir_all(&cache.directory).unwrap();
        for (age, name) in ["new", "used", "old", "older"].into_iter().enumerate() {
            let file = File::create(cache.directory.join(name)).unwrap();
            file.set_len(200 << 20).unwrap();
            let time = SystemTime::now() - std::time::Duration::from_secs(60 * age as u64);
            file.set_modified(time).unwrap();
        }
        remove_unused(&cache.directory.join("new")).unwrap();
        let left = ["new", "used", "old", "older"].map(|name| cache.directory.join(name).exists());
        assert_eq!(left, [true, true, false, false]);
    }
}
