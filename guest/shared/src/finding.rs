//! Where a finding leads.

use crate::types::{Finding, Link};

impl Finding {
    /// The directory to hide. A link out of the root stands for itself: the host knows where it
    /// leads.
    pub fn target(&self) -> &str {
        self.inside().unwrap_or(&self.path)
    }

    /// Where it leads, if it is a link to the inside.
    pub fn inside(&self) -> Option<&str> {
        match &self.link {
            Some(Link::Inside(target)) => Some(target),
            _ => None,
        }
    }
}
