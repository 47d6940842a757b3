//! Tests titles, dates and headings of imported texts, the recorded reasons, and the newsletters of `eval/imported`.

use std::collections::HashMap;
use std::path::Path;

use askpm::corpus::edition::Edition;
use askpm::corpus::import::{Limits, import_path};

use crate::import_said::{check, read};

#[test]
fn titles_and_days_are_those_that_the_text_states() {
    for (name, text, title, date) in [
        (
            "a.md",
            "---\nlayout: post\ntitle: Issue 12: Pricing\ndate: 2026-01-05 09:00\n---\nText of it.\n",
            "Issue 12: Pricing",
            "2026-01-05",
        ),
        (
            "b.md",
            "+++\ntitle = 'Goals'\ndate = 2026-02-03T10:00:00Z\n+++\nText of it.\n",
            "Goals",
            "2026-02-03",
        ),
        (
            "c.md",
            "Title: Links 14\nDate: 2026-01-05\n\nText of it.\n\n# Quote of the week\n\n> More.\n",
            "Links 14",
            "2026-01-05",
        ),
        (
            "d.md",
            "# Goals\n\nCreated: January 5, 2026 9:00 AM\nTags: a\n\nText of it.\n",
            "Goals",
            "2026-01-05",
        ),
        (
            "2026-02-03-goals.md",
            "Text of the letter, and a full stop.\n",
            "goals",
            "2026-02-03",
        ),
        (
            "e.txt",
            "NOTES 30\nJanuary 5, 2026\n\nHello all.\n\nPRICES\n======\n\nThey rise.\n",
            "NOTES 30",
            "2026-01-05",
        ),
        (
            "f.txt",
            "Weekly letter\nIssue 9 | 5.2.2026\n\nHello all.\n",
            "Weekly letter, Issue 9",
            "2026-02-05",
        ),
        (
            "g.html",
            "<h1>Prices</h1><p>Two-Sided, no. 54 · Thursday, 7 May 2026</p><p>Text of it.</p>",
            "Prices",
            "2026-05-07",
        ),
    ] {
        let edition = read(name, text).edition;
        assert_eq!(
            (edition.title.as_str(), edition.date.as_deref()),
            (title, Some(date)),
            "{name}"
        );
    }
    let source = read("a.md", "---\ntitle: A\nauthor: Dana Reyes\n---\nText.\n")
        .edition
        .source;
    assert_eq!(source.as_deref(), Some("Imported from a.md, by Dana Reyes"));
}

#[test]
fn headings_keep_what_they_say() {
    check(
        "changes.md",
        "# What shipped\n\n## March 5, 2026\n\nBulk edit went out.\n\n## February 19, 2026\n\nThe import reads more.\n",
        &[
            "s March 5, 2026: Bulk edit went out.",
            "s February 19, 2026: The import reads more.",
        ],
    );
    check(
        "quarters.md",
        "# Product letter\n\n## Q3: What we shipped\n\nBulk edit.\n\n## Q4: What comes next?\n\nPermissions.\n",
        &[
            "s Q3: What we shipped: Bulk edit.",
            "s Q4: What comes next?: Permissions.",
        ],
    );
    check(
        "resources.md",
        "# A plan\n\nAn opening.\n\n## Resources\n\nThree engineers, for eleven weeks.\n\n## Timeline\n\nIn May.\n\n## Further \
         reading\n\n- A book by Ana Lima\n\n## Thanks\n\nTo all.\n",
        &[
            "s A plan: An opening.",
            "s Resources: Three engineers, for eleven weeks.",
            "s Timeline: In May.",
            "s Thanks: To all.",
            "r A book by Ana Lima",
        ],
    );
    let links = "Links\n\nA long look at forty pages of prices, and what their buyers did in spring. https://example.org/a\n\nAna \
                 Lima\n\nNotes from nine founders who hired too early, with all the numbers they had. https://example.org/b\n\nBen Osei \
                 (Acme)\n\nA year without estimates, told by the team that stopped them back then. https://example.org/c\n";
    let sections = read("bylines.txt", links).edition.sections;
    assert_eq!(sections.len(), 1, "{sections:?}");
}

#[test]
fn each_thing_says_why_it_was_read_so() {
    let imported = read(
        "why.txt",
        "Notes\n\nQuestion 1) Do dates help?\n\nA] They help.\n\n– Ana Lima\n\nB] No.\n\nQuestion 2) And numbers?\n\nA] Few do.\n\n– Ben Osei\n",
    );
    let why: HashMap<_, _> = imported.why.iter().map(|r| (r.item.as_str(), r.why.as_str())).collect();
    assert_eq!(why["title"], "the first line");
    assert!(why["date"].contains("no day"));
    assert_eq!(why["q1/a"], "a letter opens it; a name after a dash below it signs it");
    assert!(why["q1/b"].contains("nobody is named"));
    assert!(why["q2"].contains("a question's number"));
}

/// Checks the newsletters of `eval/imported`. Every passage that answers one of their questions must be in a signed
/// answer, in a discussion with its own title.
#[test]
fn the_newsletters_of_the_examination_come_out_whole() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("eval/imported");
    let questions = std::fs::read_to_string(folder.join("questions.jsonl")).unwrap();
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut editions: HashMap<String, Edition> = HashMap::new();
    let mut quotes = 0;
    for line in questions.lines() {
        let question: serde_json::Value = serde_json::from_str(line).unwrap();
        let Some(file) = question["file"].as_str() else {
            continue;
        };
        let edition = editions.entry(file.to_string()).or_insert_with(|| {
            let mut report = import_path(&folder.join(file), &Limits::default(), &mut |_| {});
            report.editions.remove(0).edition
        });
        let answered = flat(question["answered_by"].as_str().unwrap_or_default());
        if !answered.is_empty() {
            assert!(
                edition.discussions.iter().any(|d| d.title == answered),
                "{file}: {answered}"
            );
        }
        for point in question["points"].as_array().into_iter().flatten() {
            let quote = flat(point["quote"].as_str().unwrap());
            let mut answers = edition.discussions.iter().flat_map(|d| &d.answers);
            assert!(answers.any(|a| flat(&a.body).contains(&quote)), "{file}: {quote}");
            quotes += 1;
        }
    }
    assert!(editions.len() == 10 && quotes > 50, "{} {quotes}", editions.len());
    for (file, edition) in &editions {
        assert!(edition.date.is_some() && edition.resources.len() >= 2, "{file}");
        for discussion in &edition.discussions {
            let file = format!("{file}, question {}", discussion.number);
            assert!(discussion.asked_by.is_some() && discussion.answers.len() >= 2, "{file}");
            assert!(discussion.answers.iter().all(|a| a.contributor != "Unsigned"), "{file}");
        }
    }
    let discussions: usize = editions.values().map(|edition| edition.discussions.len()).sum();
    assert_eq!(discussions, 25);
}
