//! `query.except`: directories that stay open.

use super::collector::Collector;
use crate::path::is_within;
use alloc::format;

/// Drops the findings in each excepted directory, and reports what stays open.
pub(super) fn apply(except: &[alloc::string::String], collector: &mut Collector) {
    for path in except {
        let dropped = collector.drop_within(path);
        if dropped > 0 {
            let what = "stays open, as asked: the container sees the host's environment";
            collector.warn_open(path, what);
        } else if let Some(outer) = collector.found_around(path) {
            collector.warn(path, &format!("is hidden all the same: it lies within `{outer}`"));
        } else {
            collector.info(path, "is excepted, but no environment was found there");
        }
    }
}

/// Whether a finding at `path`, or the directory it leads to, lies in `dir`.
pub(super) fn covers(dir: &str, path: &str, target: Option<&str>) -> bool {
    is_within(path, dir) || target.is_some_and(|target| is_within(target, dir))
}
