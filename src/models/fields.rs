//! The forms of the fields of `models.toml` that end up in paths, addresses and command lines.

use super::digest::is_commit;

/// Returns whether `text` can name a model: it is not `none`, and it can be a file name.
pub(super) fn is_name(text: &str) -> bool {
    let good = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_');
    text != "none" && text.bytes().all(good) && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// Returns whether `text` has only letters, digits, `-`, `_` and `.`.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// Returns whether `text` is a word that begins with a letter or digit. It is neither `..` nor a command-line option.
pub(super) fn is_part(text: &str) -> bool {
    is_word(text) && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// Returns whether `text` is `ORG/NAME`. `--` is refused, because the cache's folder names use it as a separator.
pub(super) fn is_repo(text: &str) -> bool {
    text.split('/').count() == 2 && text.split('/').all(|part| is_part(part) && !part.contains("--"))
}

/// Returns whether `text` is a commit, or can be the name of a branch or tag.
pub(super) fn is_revision(text: &str) -> bool {
    is_commit(text) || (is_part(text) && text.len() != 40)
}

/// Returns whether `text` can be a version of a Python package (PEP 440).
pub(super) fn is_version(text: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'+' | b'!');
    text.bytes().all(good) && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// Returns whether all segments are plain names: no `..`, no root, no drive, no backslash, no control character.
pub(super) fn is_relative_path(text: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    !text.chars().any(|c| c.is_control() || matches!(c, '\\' | ':')) && text.split('/').all(plain)
}
