//! Everything that a reader sees: text, Markdown and HTML for people, JSON for scripts, all onto a `&mut dyn Write`.
//!
//! In: answers, hits and editions. Out: bytes. It must not know of files, terminals or models.

pub mod conversation;
pub mod dates;
pub mod edition;
pub mod html;
pub mod json;
pub mod list;
pub mod markdown;
pub mod sanitise;
pub mod sources;
pub mod terminal;
