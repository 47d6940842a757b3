//! The forms that letters come in: text and Markdown with their addresses and headings, notes, feeds and exports.

use askpm::corpus::import::{ImportReport, Limits, import_bytes};

use crate::import_said::{check, read};

fn import(name: &str, bytes: impl AsRef<[u8]>) -> ImportReport {
    import_bytes(name, bytes.as_ref(), &Limits::default())
}

/// The text of the first edition as it is kept.
fn kept(name: &str, text: &str) -> String {
    askpm::corpus::markdown::write(&read(name, text).edition)
}

#[test]
fn addresses_in_markdown_and_text_lose_what_counts_readers() {
    let note = kept(
        "note.md",
        "# Prices\n\nRead [the price page](https://e.example/p?id=3&utm_source=desk&mc_eid=5f6e#plans) first, then \
         <https://youtu.be/abc?si=Zz1&t=40>.\n\nThe tag is written as `https://e.example/?utm_source=desk`.\n\n## \
         Resources\n\n- [On queues](https://talks.example/q?fbclid=IwAR1)\n- [A \
         list](https://desk.us1.list-manage.com/track/click?u=1&id=2&e=3)\n",
    );
    for line in [
        "Read [the price page](https://e.example/p?id=3#plans) first, then <https://youtu.be/abc?t=40>.",
        "The tag is written as `https://e.example/?utm_source=desk`.",
        "### R1. On queues\n\nLink: https://talks.example/q\n\n### R2. A list",
    ] {
        assert!(note.contains(line), "{note}");
    }
    assert!(!note.contains("list-manage"), "{note}");
    let mail = import(
        "mail.eml",
        "From: Dana <d@e.example>\nSubject: Queues\nContent-Type: text/plain\n\nServe one queue first:\n\
         https://e.example/q?ref=desk-letter&gclid=9\n\nThe code is at https://github.com/a/b/blob/x?ref=main today.\n",
    );
    let body = &mail.editions[0].edition.sections[0].body;
    assert_eq!(
        body,
        "Serve one queue first:\nhttps://e.example/q\n\nThe code is at https://github.com/a/b/blob/x?ref=main today."
    );
}

#[test]
fn lines_below_a_title_make_it_a_heading_and_open_no_code() {
    check(
        "tildes.txt",
        "Desk letter 4\n5 May 2026\n\nPrices\n~~~~~~\n\nWe raised them in March.\n\nQueues\n~~~~~~\n\nServe one.\n",
        &["s Prices: We raised them in March.", "s Queues: Serve one."],
    );
    check(
        "close.txt",
        "Desk letter 5\n6 May 2026\n\nPrices\n------\nA team that raises them in spring loses few of its customers.\nLoud \
         queues\n-----------\nThey go first.\n",
        &[
            "s Prices: A team that raises them in spring loses few of its customers.",
            "s Loud queues: They go first.",
        ],
    );
    check(
        "capitals.txt",
        "Growth desk\nMay 7, 2026\n\nTRIALS\n\nTrials fell by a tenth in April.\n\n* * *\n\nINVITES\n\nAsk on day seven, \
         and once.\n",
        &[
            "s TRIALS: Trials fell by a tenth in April.",
            "s INVITES: Ask on day seven, and once.",
        ],
    );
    check(
        "quarters.txt",
        "Harbour desk\n\nQ1 – What we learnt\n-------------------\n\nCranes cost more at night.\n\nQ2: What \
         comes\n--------------\n\nTwo cranes.\n\nHow we count\n------------\n\nBy hand.\n",
        &[
            "s Q1 – What we learnt: Cranes cost more at night.",
            "s Q2: What comes: Two cranes.",
            "s How we count: By hand.",
        ],
    );
    check(
        "question.txt",
        "Harbour desk\n\nQuestion 1) Why cranes?\n-----------------------\n\nA] They lift.\n\n– Kofi Mensah\n------------\n\n\
         The next letter comes in May.\n",
        &[
            "? Why cranes? < - | ",
            "a Kofi Mensah: They lift.",
            "s Note after question 1: The next letter comes in May.",
        ],
    );
    // Code stays code, and a line of another length is a rule.
    let code = kept("code.md", "# Notes\n\nRun this:\n\n~~~\nmake\n~~~\n\nThen rest.\n");
    assert!(code.contains("~~~\nmake\n~~~"), "{code}");
}

#[test]
fn a_short_line_over_a_sentence_heads_it() {
    check(
        "crane.txt",
        "Crane letter 8\n\nQuestion 1) Why cranes?\n\nA] They lift.\n\n– Kofi Mensah\n\nWhat is missing? We wanted four answers \
         and we have one.\n\nNumber of the week\n\nNine cranes of ten stand still on a Sunday in Bergen.\n\nAnna Smith\n\nShe \
         counted them from the kitchen of her own house.\n",
        &[
            "? Why cranes? < - | ",
            "a Kofi Mensah: They lift.",
            "s Note after question 1: What is missing? We wanted four answers and we have one.",
            "s Number of the week: Nine cranes of ten stand still on a Sunday in Bergen. Anna Smith She counted them from the \
             kitchen of her own house.",
        ],
    );
}

#[test]
fn the_number_of_an_issue_is_in_its_title() {
    let body = "We asked nobody this time, and that was fine with all of us.";
    let page = |title: &str, line: &str| {
        format!(
            "<html><head><title>{title}</title></head><body><h1>Crane Diary</h1><p>{line}</p><p>{body}</p></body></html>"
        )
    };
    for (name, text, title) in [
        (
            "a.txt",
            format!("CRANE DIARY\nNo. 31 | Monday, 4 May 2026\n\n{body}\n"),
            "CRANE DIARY, No. 31",
        ),
        (
            "a.md",
            format!("# Crane Diary\n\nThursday, 7 May 2026 · Issue 32\n\n{body}\n"),
            "Crane Diary, Issue 32",
        ),
        (
            "a.html",
            page("Crane Diary | Issue 9", "Issue 9 · 4 May 2026"),
            "Crane Diary, Issue 9",
        ),
        (
            "a.html",
            page("Crane Diary", "Edition 9, 4 May 2026"),
            "Crane Diary, Edition 9",
        ),
    ] {
        let edition = read(name, &text).edition;
        assert_eq!(edition.title, title, "{text}");
        assert!(
            edition.date.is_some() && edition.sections[0].body == body,
            "{edition:#?}"
        );
    }
}

#[test]
fn tables_need_no_pipes_around_them() {
    for (name, head) in [
        ("dashes.md", "Team | Size\n---- | ----"),
        ("colons.md", "Plan | Price\n:-- | --:"),
    ] {
        let text = format!("# Sizes\n\nThis is how it stands:\n\n{head}\nGrowth | 6\nCore | 9\n\nNine is many.\n");
        let edition = read(name, &text).edition;
        assert_eq!(edition.sections.len(), 1, "{edition:#?}");
        assert!(
            edition.sections[0]
                .body
                .contains(&format!("{head}\nGrowth | 6\nCore | 9"))
        );
    }
}

#[test]
fn the_heading_below_a_line_of_the_mail_program_is_the_title() {
    for text in [
        "<html><body><p><a href=\"https://t.example\">View in browser</a></p><h2>Loud queues</h2><p>They go first, and the \
         others wait for a week.</p></body></html>",
        "<html><body><p>View this email in your browser</p><h3>Loud queues</h3><p>They go first, and the others wait for a \
         week.</p><h3>Quiet ones</h3><p>They wait.</p></body></html>",
    ] {
        assert_eq!(read("letter-77.html", text).edition.title, "Loud queues");
    }
}

#[test]
fn a_sentence_may_stand_between_the_heading_of_resources_and_their_links() {
    let page = |list: &str| {
        format!(
            "<html><body><h1>Letter 75</h1><p>Opening words of the letter, two of them good.</p><h2>Resources</h2><p>What the \
             desk read in May:</p>{list}<h2>Next time</h2><p>The price page.</p></body></html>"
        )
    };
    for list in [
        "<ul><li><a href=\"https://a.example/1\">Queues</a></li><li><a href=\"https://a.example/2\">Dates</a></li></ul>",
        "<p><a href=\"https://a.example/1\">Queues</a><br>Why the loud one wins.</p><p><a \
         href=\"https://a.example/2\">Dates</a><br>When to name none.</p>",
    ] {
        check(
            "letter.html",
            &page(list),
            &[
                "s Letter 75: Opening words of the letter, two of them good.",
                "s Resources: What the desk read in May:",
                "s Next time: The price page.",
                "r Queues",
                "r Dates",
            ],
        );
    }
    // Without links it is a part of the article.
    let article = "<html><body><h1>Teams</h1><p>Opening words of the letter.</p><h2>Resources</h2><p>They were short all \
                   year: two people for three products.</p><p>Then they were not.</p></body></html>";
    assert!(read("teams.html", article).edition.resources.is_empty());
}

#[test]
fn the_properties_of_a_note_need_not_begin_with_its_day() {
    for lines in [
        "Status: Sent\nPublish date: November 12, 2025\nOwner: Olu Ade\nTags: prices",
        "Type: Letter\nTopics: prices, trials\nPublished at: 12 November 2025",
    ] {
        let edition = read("note.md", &format!("# By task\n\n{lines}\n\nWe bill by the task.\n")).edition;
        assert_eq!(edition.date.as_deref(), Some("2025-11-12"), "{lines}");
        assert_eq!(edition.sections[0].body, "We bill by the task.");
    }
    let text = read("talk.md", "# Plans\n\nType: letter.\nWe sent it.\n\nMore.\n").edition;
    assert!(text.sections[0].body.contains("Type: letter."));
}

#[test]
fn marks_of_note_programs_leave_their_words() {
    check(
        "note.md",
        "# Debt\n\nYou owe your users ==what you guessed==. ^9f8e7d\n\n%%ask Ada%%\n\n- Count the tickets ^count-them\n- 3 \
         == 3\n",
        &["s Debt: You owe your users what you guessed. - Count the tickets - 3 == 3"],
    );
    check(
        "plain.txt",
        "Desk 3\n4 May 2026\n\n=== Ask the desk ===\n\nWe ==never== guess, and a==b stays.\n",
        &["s Ask the desk: We never guess, and a==b stays."],
    );
}

#[test]
fn feeds_may_have_prefixes_and_relative_addresses() {
    let prefixed = "<x:feed xmlns:x=\"http://www.w3.org/2005/Atom\" xml:base=\"https://q.example/\"><x:title>Q</x:title><x:entry \
                    xml:base=\"notes/\"><x:title>Queues</x:title><x:updated>2026-05-05T10:00:00Z</x:updated><x:link \
                    href=\"queues\"/><x:content type=\"html\">&lt;p&gt;Read &lt;a href=\"../dates\"&gt;the dates&lt;/a&gt; \
                    first.&lt;/p&gt;</x:content></x:entry></x:feed>";
    let edition = &import("feed.xml", prefixed).editions[0].edition;
    assert_eq!(
        edition.source.as_deref(),
        Some("Feed Q, https://q.example/notes/queues")
    );
    assert_eq!(
        edition.sections[0].body,
        "Read [the dates](https://q.example/dates) first."
    );
    // Without a base, a link is relative to the page of its entry.
    let rss = "<rss version=\"2.0\"><channel><title>R</title><item><title>Dates</title><link>https://r.example/2026/dates</link>\
               <description><![CDATA[<p>Read <a href=\"queues?utm_source=r\">the queues</a> first.</p>]]></description></item>\
               </channel></rss>";
    let edition = &import("feed.rss", rss).editions[0].edition;
    assert_eq!(
        edition.sections[0].body,
        "Read [the queues](https://r.example/2026/queues) first."
    );
}

#[test]
fn of_a_site_export_only_posts_that_were_published_are_read() {
    let item = |title: &str, kind: &str, status: &str| {
        format!(
            "<item><title>{title}</title><content:encoded><![CDATA[<p>We write about queues and dates, \
             {title}.</p>]]></content:encoded><wp:post_type><![CDATA[{kind}]]></wp:post_type><wp:status>{status}</wp:status>\
             </item>"
        )
    };
    let export = format!(
        "<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
         xmlns:wp=\"http://wordpress.org/export/1.2/\"><channel><title>Steady</title>{}{}{}{}{}{}</channel></rss>",
        item("Contact", "page", "publish"),
        item("Queues", "post", "publish"),
        item("Half a thought", "post", "draft"),
        item("For the team", "post", "private"),
        item("logo", "attachment", "inherit"),
        item("Letter 4", "newsletter", "publish"),
    );
    let report = import("export.xml", export);
    let read: Vec<_> = report
        .editions
        .iter()
        .map(|e| (e.edition.title.as_str(), e.from.as_str()))
        .collect();
    assert_eq!(read, [("Queues", "export.xml#2"), ("Letter 4", "export.xml#6")]);
    let skipped: Vec<_> = report
        .skipped
        .iter()
        .map(|s| format!("{}: {}", s.file, s.why))
        .collect();
    assert_eq!(
        skipped,
        [
            "export.xml#1: “Contact” is a page of the site, not a post",
            "export.xml#3: “Half a thought” is a draft: it was not published",
            "export.xml#4: “For the team” is a private post",
            "export.xml: a picture or a file of the export, not a post",
        ]
    );
}
