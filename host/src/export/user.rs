//! The user in an exported container.

use crate::engine::User;

/// The user as `UID:GID`; `None` for the image's.
pub(super) fn ids(user: &User) -> Option<String> {
    match user {
        User::Image => None,
        User::Container(ids) => Some(ids.clone()),
        User::KeepId { uid, gid } => Some(format!("{uid}:{gid}")),
    }
}

/// The same as two numbers.
pub(super) fn numbers(user: &User) -> Option<(u64, u64)> {
    let ids = ids(user)?;
    let (uid, gid) = ids.split_once(':')?;
    Some((uid.parse().ok()?, gid.parse().ok()?))
}
