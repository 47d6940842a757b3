//! Tests who said what in newsletters of many layouts, talks and articles.
//!
//! Each input is written as a person or a program would write it. The test compares the whole outline of the edition,
//! so a quote under a wrong name fails.

use askpm::corpus::edition::Edition;
use askpm::corpus::import::{Imported, Limits, import_bytes};

pub fn read(name: &str, text: &str) -> Imported {
    let report = import_bytes(name, text.trim_start().as_bytes(), &Limits::default());
    assert!(report.skipped.is_empty(), "{:?}", report.skipped);
    let imported = report.editions.into_iter().next().unwrap();
    assert_eq!(
        imported.words_in,
        imported.words_kept + imported.words_dropped(),
        "{name}: {:#?}",
        imported.dropped
    );
    imported
}

/// Returns a line for each discussion (`? title < asker | body`), answer (`a contributor: body`), section and resource.
pub fn outline(edition: &Edition) -> Vec<String> {
    let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = Vec::new();
    for discussion in &edition.discussions {
        let asker = discussion.asked_by.as_deref().unwrap_or("-");
        out.push(format!("? {} < {asker} | {}", discussion.title, line(&discussion.body)));
        for answer in &discussion.answers {
            out.push(format!(
                "{} {}: {}",
                answer.letter,
                answer.contributor,
                line(&answer.body)
            ));
        }
    }
    out.extend(
        edition
            .sections
            .iter()
            .map(|s| format!("s {}: {}", s.title, line(&s.body))),
    );
    out.extend(edition.resources.iter().map(|r| format!("r {}", r.title)));
    out
}

pub fn check(name: &str, text: &str, expected: &[&str]) {
    assert_eq!(outline(&read(name, text).edition), expected, "{name}:\n{text}");
}

#[test]
fn a_letter_names_who_answers_over_the_answer() {
    check(
        "letters-and-roles.txt",
        "The Product Fortnight\nIssue 9 - 3 March 2026\n\nHello all.\n\n=== Ask the community ===\n\nQ: How do we choose what to drop?\n\
         Asked by: Rita M.\n\nWe have forty items and room for nine.\n\nA. Ana Lima, Delivery lead\n\nDrop what nobody asked for \
         twice.\n\nThe rest waits.\n\nB. Ben Osei, designer\n\nDrop the item that needs a manual.\n\nQ: Who writes the notes?\n\
         Asked by Anonymous\n\nA. Cleo Dahl, writer\n\nWhoever tested the release.\n\n=== Reading ===\n- \"Notes\" by D. Funk - \
         https://example.org/n\n\nUnsubscribe | View in browser\n",
        &[
            "? How do we choose what to drop? < Rita M. | We have forty items and room for nine.",
            "a Ana Lima, Delivery lead: Drop what nobody asked for twice. The rest waits.",
            "b Ben Osei, designer: Drop the item that needs a manual.",
            "? Who writes the notes? < - | ",
            "a Cleo Dahl, writer: Whoever tested the release.",
            "s Introduction: Hello all.",
            "r \"Notes\" by D. Funk",
        ],
    );
    check(
        "numbered-headings.html",
        "<html><body><h1>Notes 21</h1><p>5 May 2026</p><h2>1. Do dates help?</h2><p>We argue.</p><h3>A. Ana Lima, PM</h3><p>They \
         help.</p><h3>B. Ben Osei, designer</h3><p>No.</p><h2>2. Do numbers help?</h2><h3>A. Cleo Dahl, writer</h3><p>Few \
         do.</p><h2>Jobs</h2><p>A PM in Porto.</p></body></html>",
        &[
            "? Do dates help? < - | We argue.",
            "a Ana Lima, PM: They help.",
            "b Ben Osei, designer: No.",
            "? Do numbers help? < - | ",
            "a Cleo Dahl, writer: Few do.",
            "s Jobs: A PM in Porto.",
        ],
    );
    check(
        "underlined.txt",
        "Notes 16\n\nIn this issue:\n1. Do dates help?\n2. Do numbers help?\n\n1. Do dates help?\n-----------------\n\nA. Ana Lima, \
         PM at a bank\nThey help the team.\n\nB. Ben Osei, designer\nOurs help us.\n\n2. Do numbers help?\n-------------------\n\n\
         A. Cleo Dahl, writer\nFew do.\n",
        &[
            "? Do dates help? < - | ",
            "a Ana Lima, PM at a bank: They help the team.",
            "b Ben Osei, designer: Ours help us.",
            "? Do numbers help? < - | ",
            "a Cleo Dahl, writer: Few do.",
        ],
    );
}

#[test]
fn a_letter_names_who_answers_before_the_answer() {
    check(
        "inline.txt",
        "Roadmap Letter 7\n\nQ: What do we drop?\n\nA: Ana Lima, PM at a bank: Drop what nobody asked for twice.\n\nThe rest \
         waits.\n\nB: Ben Osei, designer: Drop the item that needs a manual.\n",
        &[
            "? What do we drop? < - | ",
            "a Ana Lima, PM at a bank: Drop what nobody asked for twice. The rest waits.",
            "b Ben Osei, designer: Drop the item that needs a manual.",
        ],
    );
    check(
        "answer-by.md",
        "# Ladder 9\n\n**Question: How do I say no to sales?**\n\n*Asked by Nils, account manager*\n\nThey promise dates.\n\n\
         **Answer by Ana Lima (PM at Acme):** Offer a later date first.\n\nThen write it down.\n\n**Answer by Ben Osei (VP Sales, \
         Birch):** Give us the reason.\n\n## Jobs\n\nA product manager in Porto is wanted.\n",
        &[
            "? How do I say no to sales? < Nils, account manager | They promise dates.",
            "a Ana Lima (PM at Acme): Offer a later date first. Then write it down.",
            "b Ben Osei (VP Sales, Birch): Give us the reason.",
            "s Jobs: A product manager in Porto is wanted.",
        ],
    );
    check(
        "capitals.txt",
        "NOTES 19\n3 March 2026\n\nQUESTION: DO DATES HELP?\n\nWe argue.\n\nANSWER FROM ANA LIMA, PM AT A BANK\n\nThey help.\n\n\
         ANSWER FROM BEN OSEI, DESIGNER\n\nOurs help us.\n",
        &[
            "? DO DATES HELP? < - | We argue.",
            "a ANA LIMA, PM AT A BANK: They help.",
            "b BEN OSEI, DESIGNER: Ours help us.",
        ],
    );
    check(
        "replies.txt",
        "Notes 20\n\nQuestion 1: Do dates help?\n\nWe argue about it.\n– Rita M.\n\nAna Lima replies:\nThey help the team.\n\n\
         Ben Osei, designer, replies: Ours help us.\n",
        &[
            "? Do dates help? < Rita M. | We argue about it.",
            "a Ana Lima: They help the team.",
            "b Ben Osei, designer: Ours help us.",
        ],
    );
    check(
        "unlettered.txt",
        "Letter 5\n\nQ: Should we write specs?\nAsked by Joana, analyst\n\nAna Lima (PM at a bank): Yes, a page.\n\nBen Osei \
         (Acme): No. Talk.\n\nIt takes a minute.\n",
        &[
            "? Should we write specs? < Joana, analyst | ",
            "a Ana Lima (PM at a bank): Yes, a page.",
            "b Ben Osei (Acme): No. Talk. It takes a minute.",
        ],
    );
    check(
        "list.md",
        "# Notes 14\n\n## Which metric do you look at first?\n\n- **Ana Lima, PM at a bank:** Retention, by week.\n- **Ben Osei \
         (Birch):** None.\n\n## What is next\n\nPrices.\n",
        &[
            "? Which metric do you look at first? < - | ",
            "a Ana Lima, PM at a bank: Retention, by week.",
            "b Ben Osei (Birch): None.",
            "s What is next: Prices.",
        ],
    );
}

#[test]
fn headings_and_lines_in_bold_name_who_answers() {
    check(
        "headings.md",
        "# Community letter 4\n\n## How do you run a beta without an engineer?\n\nWe are three people.\n\n### Ana Lima, PM at \
         Acme\n\nAsk five customers to come in.\n\n#### What it cost\n\nTwo days.\n\n### Ben Osei (Birch)\n\nDo not run one.\n\n\
         ## What we are reading\n\n- A book about betas\n\n## How long is a sprint?\n\n### Dora Funk, scrum master\n\nTwo weeks.\n",
        &[
            "? How do you run a beta without an engineer? < - | We are three people.",
            "a Ana Lima, PM at Acme: Ask five customers to come in. What it cost Two days.",
            "b Ben Osei (Birch): Do not run one.",
            "? How long is a sprint? < - | ",
            "a Dora Funk, scrum master: Two weeks.",
            "s What we are reading: - A book about betas",
        ],
    );
    check(
        "bold.md",
        "# Notes 13\n\n## Q: Do dates help?\n\nWe argue about it each spring.\n\n**Ana Lima, PM at a bank**\n\nThey help.\n\n**Ben \
         Osei (Birch)**\n\nOurs help us.\n\n---\n\nSponsored by a maker of pencils.\n",
        &[
            "? Do dates help? < - | We argue about it each spring.",
            "a Ana Lima, PM at a bank: They help.",
            "b Ben Osei (Birch): Ours help us.",
        ],
    );
}

#[test]
fn signatures_stand_below_and_beside() {
    check(
        "beside.txt",
        "Notes 8\n\nQuestion 1) Do dates help?\n\nA] They help the sales team. – Ana Lima\n\nB] Ours help us to say no. — Ben Osei, \
         PM\n\nQuestion 2) Do numbers help?\n\nA] Always. – Cleo Dahl\n",
        &[
            "? Do dates help? < - | ",
            "a Ana Lima: They help the sales team.",
            "b Ben Osei, PM: Ours help us to say no.",
            "? Do numbers help? < - | ",
            "a Cleo Dahl: Always.",
        ],
    );
    check(
        "without-dash.txt",
        "Notes 12\n\nQ1: Do dates help?\nAsked by a reader\n\nA) They help the team.\n\nAna Lima, PM at a bank\n\nB) Ours help \
         us.\nThey always did.\n\nBen Osei, designer\n",
        &[
            "? Do dates help? < - | ",
            "a Ana Lima, PM at a bank: They help the team.",
            "b Ben Osei, designer: Ours help us. They always did.",
        ],
    );
    check(
        "line-breaks.html",
        "<html><body><h1>Notes 15</h1><p><b>Q: Do dates help?</b><br>Asked by Rita M., PM</p><p>We argue.</p><p>A. They help the \
         team.<br>- Ana Lima</p><p>B. Ours help us.<br>- Head of design at a bank</p></body></html>",
        &[
            "? Do dates help? < Rita M., PM | We argue.",
            "a Ana Lima: They help the team.",
            "b Head of design at a bank: Ours help us.",
        ],
    );
    check(
        "quoted.md",
        "# Notes 18\n\n## Question 1: Do dates help?\n\n> I argue about it.\n> Each spring.\n>\n> – Rita M.\n\n**A]** They help.\n\n> \
         Without a date nobody moves.\n>\n> – Our Old Director\n\nI do not agree.\n\n– Ana Lima\n\n**B]** No.\n\n– Ben Osei\n",
        &[
            "? Do dates help? < Rita M. | I argue about it. Each spring.",
            "a Ana Lima: They help. > Without a date nobody moves. > – Our Old Director I do not agree.",
            "b Ben Osei: No.",
        ],
    );
}

#[test]
fn names_stand_in_brackets_and_below_labels_and_headings() {
    check(
        "brackets.txt",
        "The Builder's Post\n\nQ1. How do I get better at estimates?\n\n-- Marta, new PM\n\nI never know.\n\nA. By writing them \
         down. (Jonas Kern, PM at Birch)\n\nB. I stopped, as in a book. (Lea Brandt)\n",
        &[
            "? How do I get better at estimates? < Marta, new PM | I never know.",
            "a Jonas Kern, PM at Birch: By writing them down.",
            "b Unsigned: I stopped, as in a book. (Lea Brandt)",
        ],
    );
    check(
        "label.html",
        "<html><body><h1>Letter 8</h1><p><strong>How do I leave a bad boss?</strong></p><p>He shouts.</p><p>— Tim, PM</p><h3>Our \
         readers answer</h3><p><strong>Ana Lima</strong> (PM at a bank): Leave.</p><p><strong>Ben Osei</strong> (Acme): Stay.</p>\
         <p>Then leave.</p><h2>Events</h2><p>A talk in May.</p></body></html>",
        &[
            "? How do I leave a bad boss? < Tim, PM | He shouts.",
            "a Ana Lima (PM at a bank): Leave.",
            "b Ben Osei (Acme): Stay. Then leave.",
            "s Events: A talk in May.",
        ],
    );
    check(
        "interview.md",
        "# Moving to B2B\n\n### What changed first?\n\n**Ana:** The sales calls.\n\nThey take a month.\n\n### What stayed?\n\n**Ana:** The food.\n",
        &[
            "? What changed first? < - | ",
            "a Ana: The sales calls. They take a month.",
            "? What stayed? < - | ",
            "a Ana: The food.",
        ],
    );
}

#[test]
fn the_senders_own_words_end_the_last_answer() {
    check(
        "closing.txt",
        "Notes 9\n\nQuestion 1) Do dates help?\n\nA] They help.\n\n– Ana Lima\n\nB] They do not.\n\n– Ben Osei\n\nQuestion 2) Do \
         numbers help?\n\nA] Yes, when few.\n\n– Cleo Dahl\n\nWe thank all who wrote. The next letter comes in May.\n",
        &[
            "? Do dates help? < - | ",
            "a Ana Lima: They help.",
            "b Ben Osei: They do not.",
            "? Do numbers help? < - | ",
            "a Cleo Dahl: Yes, when few.",
            "s Note after question 2: We thank all who wrote. The next letter comes in May.",
        ],
    );
    check(
        "editor.txt",
        "Notes 11\n\nQuestion 1) Do dates help?\n\nA] They help the team.\n\n– Ana Lima\n\nB] Ours help us.\n\nThat's all for this \
         week. Write to us.\n\n– Dana Reyes\n",
        &[
            "? Do dates help? < - | ",
            "a Ana Lima: They help the team.",
            "b Unsigned: Ours help us.",
            "s Note after question 1: That's all for this week. Write to us. – Dana Reyes",
        ],
    );
}

#[test]
fn nobody_is_named_where_it_is_not_clear_who_speaks() {
    check(
        "lists.txt",
        "Notes 22\n\nQuestion 1) Whom do you invite?\n\nA] To a review I invite:\n\n- Product manager\n- Head of sales\n\nB] \
         Everybody.\n\n- Ben Osei\n\nQuestion 2) Which tool?\n\nA] We had several:\n\n- a whiteboard\n\n- Wiki\n\nC] One.\n\n- Cleo Dahl\n",
        &[
            "? Whom do you invite? < - | ",
            "a Unsigned: To a review I invite: - Product manager - Head of sales",
            "b Ben Osei: Everybody.",
            "? Which tool? < - | ",
            "a Unsigned: We had several: - a whiteboard - Wiki",
            "c Cleo Dahl: One.",
        ],
    );
    check(
        "cited.txt",
        "Notes 10\n\nQuestion 1) Do dates help?\n\nA] They help the team.\n\n“Without a date nobody moves.”\n– Our Old Director\n\nI \
         think he was right.\n\nB] Ours help us.\n\n– Ben Osei\n",
        &[
            "? Do dates help? < - | ",
            "a Unsigned: They help the team. “Without a date nobody moves.” – Our Old Director I think he was right.",
            "b Ben Osei: Ours help us.",
        ],
    );
    for (name, text) in [
        (
            "pros.txt",
            "On two tools\n\nPros: it is cheap.\n\nCons: it is slow.\n\nPros: is it known?\n\nCons: is it?\n",
        ),
        (
            "capitals.md",
            "# Prices\n\n## How do we price?\n\n### Concept Validation\n\nAsk.\n\n### Cost Plus\n\nAdd a tenth.\n",
        ),
        (
            "lettered.md",
            "# Tools\n\n## Which tools are there?\n\nA. Concept Validation\n\nYou show.\n\nB. User Talks\n\nYou ask.\n",
        ),
        (
            "metrics.md",
            "# Numbers\n\n## Which matter?\n\nNet Retention (in percent): who stays.\n\nGross Margin (in euros): who pays.\n",
        ),
        (
            "times.txt",
            "Our day\n\nWe met at 10:30 (all of us) to talk.\n\nAt 11:00 the call began. Ana said: it is late.\n",
        ),
        (
            "faq.md",
            "# Prices\n\n## How much is it?\n\nNine a month.\n\n## Who can use it?\n\nEverybody: a PM, a designer.\n",
        ),
    ] {
        let edition = read(name, text).edition;
        assert!(edition.discussions.is_empty(), "{name}: {:?}", outline(&edition));
    }
}

#[test]
fn a_transcript_keeps_its_speakers() {
    check(
        "stamps.txt",
        "Pricing talk, episode 12\n\n[00:00] Dana Reyes: Welcome to the show.\n\n[00:12] Dana Reyes: Ana, how do you set a \
         price?\n\n[00:15] Ana Lima: We ask three customers.\n\n[01:02] Ben Osei: I would add a third.\n\n[01:20] Dana Reyes: \
         Does anybody complain?\n\n[01:24] Ana Lima: Everybody complains.\n",
        &[
            "? Ana, how do you set a price? < Dana Reyes | ",
            "a Ana Lima: We ask three customers.",
            "b Ben Osei: I would add a third.",
            "? Does anybody complain? < Dana Reyes | ",
            "a Ana Lima: Everybody complains.",
            "s Introduction: [00:00] Dana Reyes: Welcome to the show.",
        ],
    );
    check(
        "after.md",
        "# A talk\n\n## Transcript\n\nDana Reyes (00:00:00):\nDates never help anybody, or do they?\n\nAna Lima (00:00:04):\nThey \
         help the sales team.\n\nEven in spring.\n",
        &[
            "? Dates never help anybody, or do they? < Dana Reyes | ",
            "a Ana Lima: They help the sales team. Even in spring.",
        ],
    );
    check(
        "nobody-asks.txt",
        "Round table\n\nAna Lima  00:01\nThey help the sales team.\n\nBen Osei  00:09\nThey help nobody.\n\nAna Lima  00:21\nWe \
         dropped them.\n",
        &[
            "? Conversation < - | ",
            "a Ana Lima: They help the sales team.",
            "b Ben Osei: They help nobody.",
            "c Ana Lima: We dropped them.",
        ],
    );
    check(
        "without-times.md",
        "# Team talk\n\n**Ben:** Who uses it?\n\n**Ana:** Nine firms.\n\n**Ben:** Can we move them?\n\n**Ana:** By June, with help.\n",
        &[
            "? Who uses it? < Ben | ",
            "a Ana: Nine firms.",
            "? Can we move them? < Ben | ",
            "a Ana: By June, with help.",
        ],
    );
}

#[test]
fn interviews_and_letters_to_a_column_are_discussions() {
    check(
        "interview.txt",
        "Five minutes with a lead\n\nQ: How did you begin?\nA: In support. It was loud.\n\nQ: And then?\nA: A year of SQL.\n\nI liked it.\n",
        &[
            "? How did you begin? < - | ",
            "a Unsigned: In support. It was loud.",
            "? And then? < - | ",
            "a Unsigned: A year of SQL. I liked it.",
        ],
    );
    check(
        "bold.md",
        "# An hour with Ana Lima\n\nWe met Ana.\n\n**How did you begin?**\n\nI began in support.\n\nIt was loud.\n\n**What would you \
         do again?**\n\nAll of it.\n",
        &[
            "? How did you begin? < - | ",
            "a Unsigned: I began in support. It was loud.",
            "? What would you do again? < - | ",
            "a Unsigned: All of it.",
            "s Introduction: We met Ana.",
        ],
    );
    check(
        "dear.txt",
        "The Post Box, 4\n\nDear Post Box,\n\nMy boss edits my tickets at night. How do I make him stop?\n\nPuzzled in Porto\n\nDear \
         Puzzled,\n\nAsk him to write them himself.\n\n– Marguerite Lund\n\n***\n\nDear Post Box,\n\nOur beta has no testers.\n\n– \
         Alone in Athens\n\nDear Alone,\n\nPay them.\n",
        &[
            "? How do I make him stop? < Puzzled in Porto | Dear Post Box, My boss edits my tickets at night. How do I make him stop?",
            "a Marguerite Lund: Dear Puzzled, Ask him to write them himself.",
            "? Letter from Alone in Athens < Alone in Athens | Dear Post Box, Our beta has no testers.",
            "a Unsigned: Dear Alone, Pay them.",
        ],
    );
    check(
        "dear.html",
        "<html><body><h1>Ask Vera, 9</h1><h3>A boss at night</h3><p>Dear Vera,</p><p>My boss edits my tickets.</p><p><em>Tired in \
         Turin</em></p><p><b>Dear Tired,</b> Go to bed.</p><h3>No testers</h3><p>Dear Vera, nobody tests.</p><p>— Alone</p><p>Dear \
         Alone, pay them.</p></body></html>",
        &[
            "? A boss at night < Tired in Turin | Dear Vera, My boss edits my tickets.",
            "a Unsigned: Dear Tired, Go to bed.",
            "? No testers < Alone | Dear Vera, nobody tests.",
            "a Unsigned: Dear Alone, pay them.",
        ],
    );
}
