//! Newsletter editions: types, the Markdown they are kept in, and the passages they are cut into.

pub mod edition;
pub mod passage;
