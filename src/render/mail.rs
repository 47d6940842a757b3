//! Writes a document as a mail message (RFC 5322) with a plain text and an HTML form, ready for any mailer.

use std::io;

use mail_builder::MessageBuilder;
use mail_builder::headers::raw::Raw;

use super::sanitise;

/// Returns a message with this subject. Mail clients choose between `text` and `html` (multipart/alternative).
///
/// It has no sender and no recipient: the mailer that sends it adds them. A client that opens the file shows a draft.
///
/// # Errors
/// None that can occur: the message is written to memory.
pub fn message(subject: &str, text: &str, html: &str) -> io::Result<Vec<u8>> {
    MessageBuilder::new()
        .subject(sanitise::line(subject))
        .header("X-Unsent", Raw::new("1"))
        .text_body(text)
        .html_body(html)
        .write_to_vec()
}
