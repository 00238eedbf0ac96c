//! The built-in rules without WebAssembly: what `cargo xtask bench` measures paude against.
//!
//! `native DIR [DEPTH]` prints the path of each directory to hide.

use std::io::Write as _;

use paude_guest::tree::disk::DiskTree;
use paude_guest::types::{Backing, Layout, Mount, Query, Refusal, Selection};
use paude_guest::{detect, plan};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [root, depth @ ..] = args.as_slice() else { panic!("native DIR [DEPTH]") };
    let depth = depth.first().map(|depth| depth.parse().expect("DEPTH is a number"));
    let planned = planned(root, depth);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for path in planned.expect("the directory can be read") {
        writeln!(out, "{path}").expect("stdout takes it");
    }
}

fn planned(root: &str, depth: Option<u32>) -> Result<Vec<String>, Refusal> {
    let query = Query {
        root: root.to_owned(),
        selection: Selection::Auto,
        also: Vec::new(),
        except: Vec::new(),
        depth,
        skip: Vec::new(),
    };
    let findings = detect::detect(&DiskTree::new(root), &query)?;
    let workspace = root.to_owned();
    let layout = Layout { workspace, backing: Backing::Tmpfs, size: None };
    let mounts = plan::plan(&findings, &layout)?.mounts;
    let hidden = mounts.into_iter().filter_map(|mount| match mount {
        Mount::Shadow(shadow) => Some(shadow.path),
        Mount::Workspace(_) => None,
    });
    Ok(hidden.collect())
}
