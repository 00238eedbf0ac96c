//! A tree written as a list of paths.

use crate::path::parents;
use crate::tree::{Entry, Error, FileType, Tree};
use std::cell::Cell;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Node {
    Directory,
    /// Neither listed nor entered.
    Locked,
    File(Vec<u8>),
    Link(String),
    Pipe,
    /// A name that is not UTF-8.
    Unrepresentable,
}

/// A project in memory. It lists backwards, so that no rule leans on the order.
pub struct MemoryTree {
    nodes: BTreeMap<String, Node>,
    /// How often it was asked for anything.
    pub calls: Cell<usize>,
}

impl MemoryTree {
    /// `a/b` is a file, `a/` a directory, `a -> b` a link, `a|` a pipe, `a!` a
    /// directory that cannot be read, `a/?` a name that is not UTF-8, and
    /// `a = text` a file with that text. Directories above come by themselves.
    pub fn new(paths: &[&str]) -> Self {
        let mut tree = Self { nodes: BTreeMap::new(), calls: Cell::new(0) };
        for path in paths {
            tree.add(path);
        }
        tree
    }

    pub fn add(&mut self, path: &str) {
        let (path, node) = if let Some((path, target)) = path.split_once(" -> ") {
            (path, Node::Link(target.into()))
        } else if let Some((path, text)) = path.split_once(" = ") {
            (path, Node::File(text.into()))
        } else if let Some(path) = path.strip_suffix('/') {
            (path, Node::Directory)
        } else if let Some(path) = path.strip_suffix('!') {
            (path, Node::Locked)
        } else if let Some(path) = path.strip_suffix('|') {
            (path, Node::Pipe)
        } else if path.ends_with('?') {
            (path, Node::Unrepresentable)
        } else {
            (path, Node::File(Vec::new()))
        };
        for parent in parents(path) {
            self.nodes.entry(parent.to_string()).or_insert(Node::Directory);
        }
        self.nodes.insert(path.to_string(), node);
    }

    /// What a system finds there; panics for a path that passes through a link, because the
    /// rules must never ask for one.
    fn at(&self, path: &str) -> Result<Option<&Node>, Error> {
        self.calls.set(self.calls.get() + 1);
        assert!(!path.starts_with('/') && !path.ends_with('/'), "asked for {path:?}");
        for parent in parents(path).chain([""]) {
            match self.nodes.get(parent) {
                Some(Node::Locked) => return Err(Error("permission denied".into())),
                Some(Node::Link(_)) => panic!("asked for {path:?}, through the link {parent:?}"),
                _ => {}
            }
        }
        Ok(self.nodes.get(path))
    }
}

impl Tree for MemoryTree {
    fn list(&self, path: &str, each: &mut dyn FnMut(Entry)) -> Result<(), Error> {
        match self.at(path)? {
            Some(Node::Directory) => {}
            None if path.is_empty() => {}
            Some(Node::Locked) => return Err(Error("permission denied".into())),
            other => panic!("listed {path:?}, which is {other:?}"),
        }
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let below: Vec<_> = self
            .nodes
            .range(prefix.clone()..)
            .take_while(|(path, _)| path.starts_with(&prefix))
            .map(|(path, node)| (&path[prefix.len()..], node))
            .filter(|(name, _)| !name.is_empty() && !name.contains('/'))
            .collect();
        for (name, node) in below.into_iter().rev() {
            let representable = !matches!(node, Node::Unrepresentable);
            let name = representable.then(|| name.to_string());
            each(Entry { name, file_type: file_type(node) });
        }
        Ok(())
    }

    fn file_type(&self, path: &str) -> Result<Option<FileType>, Error> {
        Ok(self.at(path)?.map(file_type))
    }

    fn read(&self, path: &str, limit: usize) -> Result<Vec<u8>, Error> {
        match self.at(path)? {
            Some(Node::File(bytes)) => Ok(bytes[..bytes.len().min(limit)].to_vec()),
            other => panic!("read {path:?}, which is {other:?}"),
        }
    }

    fn read_link(&self, path: &str) -> Result<String, Error> {
        match self.at(path)? {
            Some(Node::Link(target)) => Ok(target.clone()),
            other => panic!("asked where {path:?} leads, which is {other:?}"),
        }
    }
}

fn file_type(node: &Node) -> FileType {
    match node {
        Node::Directory | Node::Locked | Node::Unrepresentable => FileType::Directory,
        Node::File(_) => FileType::File,
        Node::Link(_) => FileType::Link,
        Node::Pipe => FileType::Other,
    }
}
