//! One way to run containers in the tests.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::Result;
use serde::Serialize;

use super::test_user::TestUser;

/// A lane is one engine run as one user; the tests on real engines run once in each lane.
#[derive(Clone, Serialize)]
pub(crate) struct Lane {
    pub(crate) name: &'static str,
    /// The value of `--engine`.
    pub(crate) engine: &'static str,
    /// The user to run as; null is the user who runs the tests.
    pub(crate) user: Option<TestUser>,
    /// The environment variables that the engine needs.
    pub(crate) env: BTreeMap<&'static str, String>,
    /// What podman runs containers with, such as `runc`.
    pub(crate) runtime: Option<String>,
    /// What the engine's client reports as its version.
    pub(crate) version: Option<String>,
    /// The reason for which this machine lacks the lane; null if it is available.
    pub(crate) why: Option<String>,
}

impl Lane {
    /// A lane run as ourselves, with nothing prepared.
    pub(crate) fn new(name: &'static str, engine: &'static str) -> Self {
        Self {
            name,
            engine,
            user: None,
            env: BTreeMap::new(),
            runtime: None,
            version: None,
            why: None,
        }
    }

    /// The prepared lane, or this one with the reason for which it is not available.
    pub(crate) fn or_unavailable(mut self, prepared: Result<Self>) -> Self {
        prepared.unwrap_or_else(|error| {
            self.why = Some(format!("{error:#}"));
            self
        })
    }

    /// The engine's program, as the tests run it.
    pub(crate) fn engine_command(&self) -> Command {
        self.command(self.engine)
    }

    /// Any program, as the user of this lane.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = match &self.user {
            Some(user) => user.command(program),
            None => Command::new(program),
        };
        command.current_dir("/");
        command.envs(&self.env);
        command
    }
}
