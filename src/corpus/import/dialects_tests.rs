//! Tests of `dialects.rs`: each markup is rewritten, and no text causes a panic.

use super::*;
use proptest::prelude::*;

#[test]
fn each_markup_is_rewritten() {
    for (name, text, body) in [
        (
            "a.org",
            "#+TITLE: Queues\n#+DATE: 2026-05-04\n#+AUTHOR: Noor Haddad\n\n* TODO Loud ones :team:\n:PROPERTIES:\n:ID: \
             1\n:END:\nSee [[https://q.example][the list]].\n#+BEGIN_QUOTE\nThey wait.\n#+END_QUOTE\n",
            "## Loud ones\n\nSee [the list](https://q.example).\n\n> They wait.",
        ),
        (
            "a.adoc",
            "= Queues\nNoor Haddad <n@q.example>\n2026-05-04\n:toc:\n\n== Loud ones\n\nSee https://q.example[the \
             list].\n\n[quote, Ana]\n____\nThey wait.\n____\n",
            "## Loud ones\n\nSee [the list](https://q.example).\n\n> They wait.\n>\n> – Ana",
        ),
        (
            "a.rst",
            "======\nQueues\n======\n\n:date: 2026-05-04\n:author: Noor Haddad\n\nLoud ones\n---------\n\nSee `the list \
             <https://q.example>`_ and ``code`` [1]_.\n\n.. image:: a.png\n   :alt: none\n\n.. note:: They wait.\n\n   So she said.\n\nAs Ana says:\n\n   They go first.\n\n.. [1] In May.\n",
            "## Loud ones\n\nSee [the list](https://q.example) and `code` [^1].\n\nThey wait.\n\nSo she said.\n\nAs Ana \
             says:\n\n> They go first.\n\n[^1] In May.",
        ),
    ] {
        let found = markdown(name, text).unwrap();
        let (said, found) = found.split_once("---\n\n").unwrap();
        for line in ["title: Queues", "date: 2026-05-04", "author: Noor Haddad"] {
            assert!(said.contains(line), "{name} {said}");
        }
        let lines = |text: &str| {
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            lines.map(str::to_string).collect::<Vec<_>>()
        };
        assert_eq!(lines(found), lines(body), "{name}");
    }
    assert_eq!(markdown("a.md", "= A"), None);
}

proptest! {
    #[test]
    fn any_text_is_rewritten(text in "(?s)([*=#:`_\\[\\]<>. \n-]|\\.\\. |::|\\[\\[|`_|https://e|é){0,40}") {
        for name in ["a.org", "a.adoc", "a.rst"] {
            let _ = markdown(name, &text);
        }
    }
}
