//! Tools that the properties of several modules share: hostile text, and independent parsers of
//! the renderers' output. They use no other module of paude.

pub(crate) mod hostile_text;
pub(crate) mod parsers;
#[cfg(test)]
pub(crate) mod systemd;
