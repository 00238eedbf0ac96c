//! The examples at the end of each `--help` and manual page. A test parses every line that begins
//! with `paude`.

pub(super) const PAUDE: &str = "\
Examples:
  paude
      Open a shell in a container over the current directory

  paude -- pytest -x
      Run the tests there

  paude -C ~/code/shop --engine podman --setup 'pip install -e .' -- pytest -x
      Set another project up and run its tests, with podman";

pub(super) const RUN: &str = "\
Examples:
  paude run -- python -m pytest
      Run a command in the container, and end with its exit code

  paude run --venv auto --venv build/env -- make
      Hide the directory build/env in addition to what is found

  paude run --storage volume --setup 'uv sync' -- uv run pytest
      Keep what the setup installs for the next run

  paude run --devcontainer -- pytest
      Take image, variables and setup from the project's devcontainer.json

  paude run --engine docker --dry-run -- pytest
      Print the docker command, and run nothing";

pub(super) const EXEC: &str = "\
Examples:
  paude exec -- pytest -x
      Run the tests in the session that is up, or in which a shell is open

  paude exec
      Open another shell in it";

pub(super) const UP: &str = "\
Examples:
  paude up --idle 2h
      Set the project up once, and end two hours after the last command

  paude up --renew --setup 'uv sync'
      Start it again, with another setup";

pub(super) const DOWN: &str = "\
Examples:
  paude down
      End the session that stays on the current directory";

pub(super) const PS: &str = "\
Examples:
  paude ps
      List the sessions of the current directory

  paude ps --all --format json
      List those of every project, for a program";

pub(super) const PLAN: &str = "\
Examples:
  paude plan
      Show what is hidden in the current directory, and why

  paude plan -C ~/code/shop --depth 2
      Look into another project, at most two directories deep

  paude plan --format json
      Print the plan for a program

  paude plan --format podman -- pytest
      Print the podman command that would run the tests";

pub(super) const EXPORT: &str = "\
Examples:
  paude export compose -o ../shop-compose.yaml
      Write a Compose file beside the project

  paude export compose --check ../shop-compose.yaml
      Fail if it is no longer what would be written

  paude export kube --job --claim shop-sources -- pytest -x
      Print a Job for a cluster that has the project in a claim

  paude export ignore --dialect docker
      List what an image build has to leave out";

pub(super) const VERIFY: &str = "\
Examples:
  paude verify
      Prove it on the current project, with the engine that a run would use

  paude verify --engine docker --format json
      Prove it with docker, and print each step for a program";

pub(super) const DOCTOR: &str = "\
Examples:
  paude doctor
      Check everything, and try one container

  paude doctor --no-run --format json
      Start no container, and print the result for a program";

pub(super) const INIT: &str = "\
Examples:
  paude init
      Write a paude.json that fits the project's lock file

  paude init -C ~/code/shop --from-devcontainer
      Write one that uses the devcontainer.json of another project";

pub(super) const VOLUMES: &str = "\
Examples:
  paude volumes list
      See what is kept

  paude volumes prune
      Remove what no project needs any more";

pub(super) const VOLUMES_LIST: &str = "\
Examples:
  paude volumes list
      Print a line for each environment that is kept";

pub(super) const VOLUMES_REMOVE: &str = "\
Examples:
  paude volumes remove paude-5bd9a5e1e1b0c6e0b5b6d0c9a1f0e7d2
      Remove one, by the name that `list` prints";

pub(super) const VOLUMES_PRUNE: &str = "\
Examples:
  paude volumes prune
      Remove those whose project or image is gone";

pub(super) const IMAGES: &str = "\
Examples:
  paude images list
      See what was built

  paude images prune
      Remove what no project needs any more";

pub(super) const IMAGES_LIST: &str = "\
Examples:
  paude images list
      Print a line for each image that was built";

pub(super) const IMAGES_REMOVE: &str = "\
Examples:
  paude images remove paude-0b1f8f6a4d0e4c55a31f0c2f7e9a6d21
      Remove one, by the name that `list` prints";

pub(super) const IMAGES_PRUNE: &str = "\
Examples:
  paude images prune
      Remove those whose project is gone";

pub(super) const POLICY: &str = "\
Examples:
  paude policy new my-policy --lang rust
      Start a policy of your own

  paude policy check my-policy/policy.wasm
      See whether this paude can run it";

pub(super) const POLICY_LIST: &str = "\
Examples:
  paude policy list
      Show the names that --policy takes besides files";

pub(super) const POLICY_RUN: &str = "\
Examples:
  paude policy run policy.wasm -C ~/code/shop
      Show what the policy finds in a project

  paude policy run builtin --format json
      Print the result of the built-in policy for a program";

pub(super) const POLICY_CHECK: &str = "\
Examples:
  paude policy check policy.wasm
      Show what the component exports and imports, and what is wrong with it";

pub(super) const POLICY_COMPARE: &str = "\
Examples:
  paude policy compare policy.wasm -C ~/code/shop
      Show in which directories the policy and the built-in one differ";

pub(super) const POLICY_NEW: &str = "\
Examples:
  paude policy new my-policy --lang python
      Write a policy in Python, and print the commands to run next";

pub(super) const POLICY_PULL: &str = "\
Examples:
  paude policy pull registry.example/team/policy:1.0
      Fetch a policy, and print what pins a project to it

  paude policy pull registry.example/team/policy:1.0 --timeout 30
      Give up after half a minute";

pub(super) const POLICY_INSPECT: &str = "\
Examples:
  paude policy inspect oci:registry.example/team/policy:1.0
      Show what was pulled, from where and when
  paude policy inspect --format json tools/policy.wasm
      The same of a file, for a program";

pub(super) const POLICY_VERIFY: &str = "\
Examples:
  paude policy verify
      Check every policy that was pulled";

pub(super) const POLICY_REMOVE: &str = "\
Examples:
  paude policy remove oci:registry.example/team/policy:1.0
      Remove one, by the name that it was pulled by";

pub(super) const POLICY_PRUNE: &str = "\
Examples:
  paude policy prune
      Keep only what the references stand for now";

pub(super) const POLICY_EXPORT: &str = "\
Examples:
  paude policy export builtin.wasm
      Write the built-in policy to a file";

pub(super) const SCHEMA: &str = "\
Examples:
  paude schema > paude.schema.json
      Write the schema to a file that an editor can be pointed at";

pub(super) const COMPLETIONS: &str = "\
Examples:
  paude completions bash > ~/.local/share/bash-completion/completions/paude
      Complete in bash

  paude completions fish > ~/.config/fish/completions/paude.fish
      Complete in fish

  paude completions zsh > ~/.zfunc/_paude
      Complete in zsh, if ~/.zfunc is in its fpath";

pub(super) const MAN: &str = "\
Examples:
  paude man | man -l -
      Read the page of paude itself

  paude man --dir ~/.local/share/man/man1
      Install a page for paude and each of its subcommands";
