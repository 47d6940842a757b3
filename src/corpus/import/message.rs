//! Reads one message of a mailbox that is not a file.

use mail_parser::MessageParser;

use super::{ImportReport, Limits, clean, email};

/// Reads `bytes` as a mail message, whatever they look like.
///
/// The report names the subject of a message that cannot be read. A message is known by its `Message-ID`, so that it is
/// not imported again after its edition was edited.
pub fn import_message(name: &str, bytes: &[u8], limits: &Limits) -> ImportReport {
    let mut report = ImportReport::default();
    email::message(name, bytes, limits, &mut report);
    let header = MessageParser::default().parse_headers(bytes);
    let Some(header) = header else { return report };
    if let ([imported], Some(id)) = (report.editions.as_mut_slice(), header.message_id()) {
        imported.identity.get_or_insert(format!("mail\n{id}"));
    }
    if let Some(subject) = header.subject() {
        let subject = clean::bounded_line(&clean::clean(subject), 80);
        for item in &mut report.skipped {
            item.file = clean::bounded_line(&format!("{} ({subject})", item.file), 400);
        }
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(text: &str) -> ImportReport {
        import_message("INBOX, message 7", text.as_bytes(), &Limits::default())
    }

    #[test]
    fn a_message_is_known_by_its_identifier() {
        let report = import("Message-ID: <a@x.org>\nSubject: Plans\nFrom: Dana <d@x.org>\n\nWe plan for six weeks.\n");
        let [imported] = report.editions.as_slice() else {
            panic!("{report:#?}")
        };
        assert_eq!(imported.edition.title, "Plans");
        assert_eq!(imported.identity.as_deref(), Some("mail\na@x.org"));
        assert_eq!(
            import("Subject: Plans\n\nWe plan for six weeks.\n").editions[0].identity,
            None
        );
    }

    #[test]
    fn one_that_cannot_be_read_is_named_by_number_and_subject() {
        let report = import("Subject: Chart\u{1b}[2J\nContent-Type: image/png\n\nx\n");
        let [item] = report.skipped.as_slice() else {
            panic!("{report:#?}")
        };
        assert!(item.file == "INBOX, message 7 (Chart)", "{item:?}");
        assert!(import("").editions.is_empty());
    }
}
