//! Renders answers, comparisons, news, hits and editions: text, Markdown and HTML for people, and JSON for scripts.
//!
//! Everything is written to a `&mut dyn Write`.

pub mod compare;
pub mod conversation;
pub mod dates;
pub mod digest;
pub mod edition;
pub mod html;
pub mod json;
pub mod list;
pub mod mail;
pub mod markdown;
pub mod obsidian;
pub mod sanitise;
pub mod saved;
pub mod sources;
pub mod summary;
pub mod terminal;
pub mod topics;
