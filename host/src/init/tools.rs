//! The tools that create an environment, and how each does it in an empty, hidden directory;
//! `docs/settings.md` has them as a table.

use crate::project_python::ProjectPython;

/// Where most tools create the environment.
pub(super) const VENV: &str = ".venv";

/// A tool, recognised by a file in the project's own directory.
#[derive(Debug)]
pub(super) struct Tool {
    /// The name for messages.
    pub(super) name: &'static str,
    /// The files, the preferred one first; a `*` stands for anything.
    files: &'static [&'static str],
    /// Where the environment is created.
    pub(super) place: &'static str,
    image: ToolImage,
    recipe: Recipe,
}

/// The image that has the tool.
#[derive(Debug)]
enum ToolImage {
    /// That of the project's Python.
    Python,
    /// uv's own for the project's Python.
    Uv,
    Fixed(&'static str),
}

/// How the setup creates the environment.
#[derive(Debug)]
enum Recipe {
    /// This script.
    Script(&'static str),
    /// The script with the file as its last word.
    WithFile(&'static str),
    /// A program of PyPI, which is installed outside of the project and fills an environment that
    /// is there: a tool that finds the empty directory takes it for its environment.
    FromPypi { program: &'static str, args: &'static str },
}

/// All tools, in the order in which they are preferred. The last is for a project without a file
/// of the others, which all have its files too.
const TOOLS: [Tool; 8] = [
    Tool {
        name: "uv",
        files: &["uv.lock"],
        place: VENV,
        image: ToolImage::Uv,
        recipe: Recipe::Script("uv sync"),
    },
    Tool {
        name: "Poetry",
        files: &["poetry.lock"],
        place: VENV,
        image: ToolImage::Python,
        recipe: Recipe::FromPypi { program: "poetry", args: "install" },
    },
    Tool {
        name: "PDM",
        files: &["pdm.lock"],
        place: VENV,
        image: ToolImage::Python,
        recipe: Recipe::FromPypi { program: "pdm", args: "sync" },
    },
    Tool {
        name: "pixi",
        files: &["pixi.lock"],
        place: ".pixi/envs",
        image: ToolImage::Fixed("ghcr.io/prefix-dev/pixi:latest"),
        recipe: Recipe::Script("pixi install --locked"),
    },
    Tool {
        name: "Pipenv",
        files: &["Pipfile.lock"],
        place: VENV,
        image: ToolImage::Python,
        recipe: Recipe::FromPypi { program: "pipenv", args: "sync --dev" },
    },
    Tool {
        name: "micromamba",
        files: &["environment.yml", "environment.yaml"],
        place: VENV,
        image: ToolImage::Fixed("docker.io/mambaorg/micromamba:latest"),
        // It refuses a directory that exists and is no environment.
        recipe: Recipe::WithFile(
            "mkdir -p .venv/conda-meta && micromamba install --yes --prefix \"$PWD/.venv\" --file",
        ),
    },
    Tool {
        name: "pip",
        files: &["requirements.txt", "requirements*.txt"],
        place: VENV,
        image: ToolImage::Python,
        recipe: Recipe::WithFile("python3 -m venv .venv && .venv/bin/pip install -r"),
    },
    Tool {
        name: "pip",
        files: &["pyproject.toml", "setup.py"],
        place: VENV,
        image: ToolImage::Python,
        recipe: Recipe::Script("python3 -m venv .venv && .venv/bin/pip install -e ."),
    },
];

/// The series that uv's image is taken for where nothing names one: it has no tag for the newest.
const NEWEST: &str = "3.13";

impl Tool {
    /// The image to name; `None` leaves the choice to each run.
    pub(super) fn image(&self, python: &ProjectPython) -> Option<String> {
        match self.image {
            ToolImage::Python => python.series().map(|_| python.image()),
            ToolImage::Uv => {
                let series = python.series().unwrap_or(NEWEST);
                Some(format!("ghcr.io/astral-sh/uv:python{series}-bookworm-slim"))
            }
            ToolImage::Fixed(image) => Some(image.to_owned()),
        }
    }

    /// The script for a project with this file.
    pub(super) fn setup(&self, file: &str) -> String {
        match self.recipe {
            Recipe::Script(script) => script.to_owned(),
            Recipe::WithFile(script) => {
                // The only error is a NUL, which no name has. A `-` would begin an option.
                let file =
                    if file.starts_with('-') { format!("./{file}") } else { file.to_owned() };
                format!("{script} {}", shlex::try_quote(&file).unwrap_or_default())
            }
            Recipe::FromPypi { program, args } => [
                "python3 -m venv .venv",
                "python3 -m venv /tmp/tools",
                &format!("/tmp/tools/bin/pip install {program}"),
                &format!("VIRTUAL_ENV=\"$PWD/.venv\" /tmp/tools/bin/{program} {args}"),
            ]
            .join(" && "),
        }
    }
}

/// The tools whose files are among the sorted names of a directory, each with its file; the first
/// is preferred. A tool is named once for each of its files.
pub(super) fn find<'n>(names: &[&'n str]) -> Vec<(&'static Tool, &'n str)> {
    let mut found: Vec<(&Tool, &str)> = Vec::new();
    for (index, tool) in TOOLS.iter().enumerate() {
        if index + 1 == TOOLS.len() && !found.is_empty() {
            break;
        }
        for pattern in tool.files {
            for name in names.iter().filter(|name| matches(pattern, name)) {
                if !found.iter().any(|(_, other)| other == name) {
                    found.push((tool, name));
                }
            }
        }
    }
    found
}

/// The files that are looked for, as a list for a message.
pub(super) fn file_names() -> String {
    TOOLS.iter().flat_map(|tool| tool.files).copied().collect::<Vec<_>>().join(", ")
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, end)) => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(names: &[&str]) -> Vec<String> {
        find(names).into_iter().map(|(tool, file)| format!("{} {file}", tool.name)).collect()
    }

    #[test]
    fn the_first_of_the_order_is_preferred_and_each_file_is_named_once() {
        let names =
            ["pdm.lock", "pyproject.toml", "requirements-dev.txt", "requirements.txt", "uv.lock"];
        let wanted =
            ["uv uv.lock", "PDM pdm.lock", "pip requirements.txt", "pip requirements-dev.txt"];
        assert_eq!(files(&names), wanted);
        assert_eq!(files(&["pyproject.toml"]), ["pip pyproject.toml"]);
        assert_eq!(files(&["requirements", "requirements.in"]), [""; 0]);
    }

    #[test]
    fn a_file_is_one_word_of_the_setup() {
        let pip = &TOOLS[6];
        for name in ["requirements PLACE $(id).txt", "requirements'FILE.txt"] {
            let words = shlex::split(&pip.setup(name)).unwrap();
            assert_eq!(words.last().map(String::as_str), Some(name));
        }
    }
}
