//! Tests letters that name who answers without a role, and lead-ins that look like names and are none.
//!
//! A quote must never stand under a wrong name: where it is not clear who speaks, the answer is unsigned.

use askpm::corpus::import::{Limits, import_bytes};

use crate::import_said::check;

/// A letter with one question, asked by Lou, and `answers` below it.
fn letter(answers: &str) -> String {
    format!(
        "# Crew letter\n\n## Q: How do you onboard a designer?\n\nAsked by Lou\n\nI have one starting on Monday.\n\n{answers}"
    )
}

const ASKED: &str = "? How do you onboard a designer? < Lou | I have one starting on Monday.";

fn check_letter(answers: &str, expected: &[&str]) {
    let expected: Vec<&str> = [ASKED].into_iter().chain(expected.iter().copied()).collect();
    check("crew.md", &letter(answers), &expected);
}

#[test]
fn names_without_roles_sign_answers_in_many_layouts() {
    let both = [
        "a Anna Smith: Start with three calls.",
        "b Bob Jones: Give them a buddy.",
    ];
    for answers in [
        "**Anna Smith:** Start with three calls.\n\n**Bob Jones:** Give them a buddy.\n",
        "**Anna Smith**: Start with three calls.\n\n**Bob Jones**: Give them a buddy.\n",
        "Anna Smith: Start with three calls.\n\nBob Jones: Give them a buddy.\n",
        "Anna Smith — Start with three calls.\n\nBob Jones — Give them a buddy.\n",
        "**Anna Smith** – Start with three calls.\n\n**Bob Jones** – Give them a buddy.\n",
        "Anna Smith says: Start with three calls.\n\nBob Jones adds: Give them a buddy.\n",
        "— Anna Smith: Start with three calls.\n\n— Bob Jones: Give them a buddy.\n",
        "- **Anna Smith**: Start with three calls.\n- **Bob Jones**: Give them a buddy.\n",
        "1. **Anna Smith:** Start with three calls.\n2. **Bob Jones:** Give them a buddy.\n",
        "> **Anna Smith:** Start with three calls.\n\n> **Bob Jones:** Give them a buddy.\n",
        "### Anna Smith\n\nStart with three calls.\n\n### Bob Jones\n\nGive them a buddy.\n",
        "**Anna Smith**\n\nStart with three calls.\n\n**Bob Jones**\n\nGive them a buddy.\n",
        "*Anna Smith*\nStart with three calls.\n\n*Bob Jones*\nGive them a buddy.\n",
        "[Anna Smith](https://a.example): Start with three calls.\n\n[Bob Jones](https://b.example): Give them a buddy.\n",
    ] {
        check_letter(answers, &both);
    }
    check_letter(
        "**Anna Smith, head of design:** Start with three calls.\n\nThen one screen.\n\n**Bob Jones:** Give them a buddy.\n\n\
         **Ida:** Neither.\n",
        &[
            "a Anna Smith, head of design: Start with three calls. Then one screen.",
            "b Bob Jones: Give them a buddy.",
            "c Ida: Neither.",
        ],
    );
    check(
        "yard.html",
        "<html><body><h1>Yard letter 8</h1><h2>Who owns the roadmap?</h2><p>Our founder wants to.</p><p><strong>Ana de la \
         Cruz</strong>: The person who says no.</p><p>Nobody else can.</p><p><strong>J. R. Ortiz</strong>: Nobody owns \
         it.</p><p><strong>Li Wei</strong>: The founder.</p><h2>Jobs</h2><p>A designer in Ghent.</p></body></html>",
        &[
            "? Who owns the roadmap? < - | Our founder wants to.",
            "a Ana de la Cruz: The person who says no. Nobody else can.",
            "b J. R. Ortiz: Nobody owns it.",
            "c Li Wei: The founder.",
            "s Jobs: A designer in Ghent.",
        ],
    );
    check(
        "names.txt",
        "Crew letter 4\n2 May 2026\n\nQ: Who is on call?\n\nDr. Zoë Müller-Lang: Whoever shipped it.\n\nBen O'Sullivan Jr.: \
         Nobody.\n\nThula Nkosi: Me.\n\nQ: Who pays?\n\nThula Nkosi: The company.\n",
        &[
            "? Who is on call? < - | ",
            "a Dr. Zoë Müller-Lang: Whoever shipped it.",
            "b Ben O'Sullivan Jr.: Nobody.",
            "c Thula Nkosi: Me.",
            "? Who pays? < - | ",
            "a Thula Nkosi: The company.",
        ],
    );
}

#[test]
fn names_of_one_layout_name_under_every_question() {
    check(
        "week.md",
        "# Answers of the week\n\n### What do you cut first?\n\n#### Ana Lima\n\nReports.\n\n#### Ben Osei\n\nMeetings.\n\n\
         ### What do you keep?\n\n#### Ana Lima\n\nThe tests.\n",
        &[
            "? What do you cut first? < - | ",
            "a Ana Lima: Reports.",
            "b Ben Osei: Meetings.",
            "? What do you keep? < - | ",
            "a Ana Lima: The tests.",
        ],
    );
    check(
        "two.md",
        "# Two answers\n\n## How do you say no?\n\n**Rosa Klein:** With a date.\n\n**Peter Oduya:** With a question.\n\n## What \
         do you read?\n\n**Peter Oduya:** Tickets.\n\n**Rosa Klein:** Contracts.\n",
        &[
            "? How do you say no? < - | ",
            "a Rosa Klein: With a date.",
            "b Peter Oduya: With a question.",
            "? What do you read? < - | ",
            "a Peter Oduya: Tickets.",
            "b Rosa Klein: Contracts.",
        ],
    );
}

#[test]
fn lead_ins_that_are_no_names_sign_nothing() {
    for text in [
        "## Q: How do you price?\n\n**Start small:** Take the lowest.\n\n**My advice:** Ask ten.\n\n**Pro tip:** Round up.\n",
        "## Which tools do you use?\n\n**Product Hunt:** Each week.\n\n**Google Docs:** For comments.\n\n**Step one:** Ask.\n",
        "## How do we price?\n\n**Charge More:** Nobody leaves.\n\n**Talk Less:** Silence sells.\n",
        "## What are the steps?\n\n**Mark Up:** Add a tenth.\n\n**Grant Access:** To all.\n\n**Max Out:** The budget.\n",
        "## How do we price?\n\n### Start Small\n\nTake the lowest.\n\n### Google Docs\n\nWrite it down.\n",
        "## Who are we?\n\n**Anna Smith:** Ten years in product.\n\n**Bob Jones:** Writes code and bread.\n",
        "## What does the team do?\n\n**Anna Smith** – product lead\n\n**Bob Jones** – designer\n\nThat is all of us.\n",
        "## Is the method any good?\n\n**Anna Smith method:** Start with calls.\n\n**Bob Jones method:** Give a buddy.\n",
        "## Who runs it?\n\n**Ana Lima** runs ours on Monday: she reads the log.\n\n**Ben Osei** runs none.\n",
    ] {
        let report = import_bytes("lead.md", format!("# Prices\n\n{text}").as_bytes(), &Limits::default());
        let edition = &report.editions[0].edition;
        assert!(edition.discussions.is_empty(), "{text}\n{:#?}", edition.discussions);
    }
    check_letter(
        "**Anna Smith, head of design:** Start with calls.\n\n**Pro tip:** Let them choose the day.\n\n**Google Docs:** Our list \
         lives there.\n\n**Bob Jones:** Give them a buddy.\n",
        &[
            "a Anna Smith, head of design: Start with calls. **Pro tip:** Let them choose the day. **Google Docs:** Our list \
             lives there.",
            "b Bob Jones: Give them a buddy.",
        ],
    );
}

#[test]
fn what_may_be_a_name_ends_the_answer_above_and_signs_nothing() {
    check_letter(
        "**Anna Smith, PM:** Start with calls.\n\n**Zuri:** Give them a buddy.\n\n**A designer in Ghent:** Neither.\n\n**Two \
         readers from Ghent:** Both.\n\nCleo Dahl: I left.\n",
        &[
            "a Anna Smith, PM: Start with calls.",
            "b Unsigned: **Zuri:** Give them a buddy.",
            "c Unsigned: **A designer in Ghent:** Neither.",
            "d Unsigned: **Two readers from Ghent:** Both.",
            "e Unsigned: Cleo Dahl: I left.",
        ],
    );
    check_letter(
        "### Anna Smith, PM\n\nStart with calls.\n\n### From our sponsor\n\nBuy pencils.\n\n### Bob Jones\n\nGive them a \
         buddy.\n",
        &[
            "a Anna Smith, PM: Start with calls.",
            "b Unsigned: From our sponsor Buy pencils.",
            "c Bob Jones: Give them a buddy.",
        ],
    );
}

#[test]
fn the_newsletters_own_words_are_nobodys_answer() {
    check_letter(
        "**Anna Smith:** Start with calls.\n\n**Editor's note:** Anna sells calls.\n\n**Bob Jones:** Give them a buddy.\n\n**Next \
         week:** Who pays?\n\n– Edda Kraus, editor\n",
        &[
            "a Anna Smith: Start with calls.",
            "b Bob Jones: Give them a buddy.",
            "s Note after question 1: **Editor's note:** Anna sells calls. **Next week:** Who pays? – Edda Kraus, editor",
        ],
    );
    check_letter(
        "**Anna Smith:** Start with calls.\n\n---\n\nBuy pencils by Pencil & Co, they last.\n\n---\n\n**Bob Jones:** Give them a \
         buddy.\n\n**Jobs**\n\nA designer in Ghent.\n",
        &[
            "a Anna Smith: Start with calls.",
            "b Bob Jones: Give them a buddy.",
            "s Note after question 1: Buy pencils by Pencil & Co, they last.",
            "s Jobs: A designer in Ghent.",
        ],
    );
    check_letter(
        "**Anna Smith:** Start with calls.\n\n**Bob Jones:** Give them a buddy.\n\nP.S. We move in May.\n",
        &[
            "a Anna Smith: Start with calls.",
            "b Bob Jones: Give them a buddy.",
            "s Note after question 1: P.S. We move in May.",
        ],
    );
    let letter = |label: &str, below: &str| {
        format!(
            "Crew letter 9\n\n{label}\n\nQ: Do we need a buddy?\nAsked by: Lou\n\nA. Anna Smith, designer\n\nYes.\n\nDO ASK \
             TWICE\n\nThey are shy.\n\nB. Bob Jones, PM\n\nNot after a year.\n\n{below}"
        )
    };
    let answers = [
        "? Do we need a buddy? < Lou | ",
        "a Anna Smith, designer: Yes. DO ASK TWICE They are shy.",
    ];
    let links = "THINGS TO READ\n\n1. Buddies - https://a.example/b\n2. Calls - https://a.example/c\n";
    for (label, below, last) in [
        (
            "READER QUESTIONS",
            "FROM OUR SHED\n\nWe painted it green.\n",
            &[
                "b Bob Jones, PM: Not after a year.",
                "s FROM OUR SHED: We painted it green.",
            ][..],
        ),
        (
            "Reader questions",
            links,
            &[
                "b Bob Jones, PM: Not after a year.",
                "s THINGS TO READ: 1. Buddies - https://a.example/b 2. Calls - https://a.example/c",
            ],
        ),
        // One line in capitals may be the contributor's.
        (
            "Reader questions",
            "DO NOT WAIT\n\nThey leave.\n",
            &["b Bob Jones, PM: Not after a year. DO NOT WAIT They leave."],
        ),
    ] {
        check("crew.txt", &letter(label, below), &[&answers[..], last].concat());
    }
}

#[test]
fn a_name_before_a_question_asks() {
    check(
        "asks.md",
        "# Crew letter\n\n## Q: How do you onboard?\n\n**Lou Reed:** I have a designer starting on Monday. What do I do \
         first?\n\n**Anna Smith, head of design:** Start with calls.\n\n**Bob Jones:** Give them a buddy.\n",
        &[
            "? How do you onboard? < Lou Reed | I have a designer starting on Monday. What do I do first?",
            "a Anna Smith, head of design: Start with calls.",
            "b Bob Jones: Give them a buddy.",
        ],
    );
}

#[test]
fn names_below_answers_sign_them_with_any_dash_or_none() {
    let expected = [
        "? Who should hold the ladder? < - | ",
        "a Lea Sand, head of product: Whoever is not on it.",
        "b Tom Vogel: Two people.",
    ];
    for question in ["## Q: Who should hold the ladder?", "## Who should hold the ladder?"] {
        for (before, after) in [
            ("\n\n - ", ""),
            ("\n\n– ", ""),
            ("\n\n-- ", ""),
            ("\n - ", ""),
            ("\n\n*", "*"),
            ("\n*", "*"),
            ("\n\n", ""),
        ] {
            let text = format!(
                "# Ladder\n\n{question}\n\nWhoever is not on it.{before}Lea Sand, head of product{after}\n\nTwo \
                 people.{before}Tom Vogel{after}\n"
            );
            check("ladder.md", &text, &expected);
        }
    }
    // Where the question ends is not clear, so the first answer is unsigned.
    check(
        "mixed.md",
        &letter(
            "Start with calls.\n\n— Anna Smith\n\nEditor's note: Anna sells calls.\n\nGive them a buddy.\n\n— Bob Jones\n",
        ),
        &[
            "? How do you onboard a designer? < Lou | ",
            "a Unsigned: I have one starting on Monday. Start with calls. — Anna Smith",
            "b Bob Jones: Give them a buddy.",
            "s Note after question 1: Editor's note: Anna sells calls.",
        ],
    );
    check(
        "lists.md",
        "# Ladder\n\n## Q: Who should hold the ladder?\n\nWhoever is not on it.\n\n- Lea Sand, head of product\n\nTwo people, \
         for example:\n\n- Tom Vogel\n- Ida Brandt\n\nThey agreed.\n\n- Kim Lee, PM\n",
        &[
            "? Who should hold the ladder? < - | ",
            "a Lea Sand, head of product: Whoever is not on it.",
            "b Kim Lee, PM: Two people, for example: - Tom Vogel - Ida Brandt They agreed.",
        ],
    );
    // A quotation inside somebody's text is signed by the quoted.
    let quoted = "# Focus\n\n## Why focus?\n\nWe tried both ways.\n\n“Focus means no.”\n\n— Steve Jones\n\nWe did less.\n\n“Less is \
                  more.”\n\n— Ludwig Moor\n";
    let report = import_bytes("focus.md", quoted.as_bytes(), &Limits::default());
    assert!(report.editions[0].edition.discussions.is_empty());
}

#[test]
fn a_heading_over_a_name_belongs_to_the_answer() {
    check(
        "heads.md",
        "# Calls\n\n## Q: Who should be on call?\n\nAsked by Ruth\n\n### Whoever shipped it\n\nAna Lima, PM\n\nThey know the \
         change.\n\n### Nobody at night\n\nBen Osei\n\nSleep matters.\n",
        &[
            "? Who should be on call? < Ruth | ",
            "a Ana Lima, PM: Whoever shipped it They know the change.",
            "b Ben Osei: Nobody at night Sleep matters.",
        ],
    );
}

#[test]
fn choices_of_a_survey_are_no_answers() {
    check(
        "survey.md",
        "# Survey\n\n## Q1: How often do you release?\n\nA) Weekly: 40%\nB) Never: 60%\n\n## Q2: Who decides?\n\nA) The team\n\nB) \
         The boss\n\n## Results\n\nMost never do.\n",
        &[
            "s Results: Most never do.",
            "s How often do you release?: A) Weekly: 40% B) Never: 60%",
            "s Who decides?: A) The team B) The boss",
        ],
    );
    check(
        "quiz.txt",
        "Quiz of May\n2 May 2026\n\nQ1: What is churn?\n  a) Customers who leave\n  b) Butter\n\nQ2: What is ARR?\n  a) Revenue\n  \
         b) A pirate\n\nAnswers: 1a, 2a.\n",
        &[
            "s Quiz of May: Q1: What is churn? a) Customers who leave b) Butter Q2: What is ARR? a) Revenue b) A pirate Answers: \
             1a, 2a.",
        ],
    );
    check(
        "small.md",
        "# Prices\n\nQ1: How do you price?\n\na) By seat. It is what they understand.\n\nb) By use, since it follows value.\n\nQ2: \
         When do you raise?\n\na) In January, with a letter.\n",
        &[
            "? How do you price? < - | ",
            "a Unsigned: By seat. It is what they understand.",
            "b Unsigned: By use, since it follows value.",
            "? When do you raise? < - | ",
            "a Unsigned: In January, with a letter.",
        ],
    );
}

#[test]
fn people_whom_a_transcript_does_not_name_speak_for_themselves() {
    check(
        "panel.txt",
        "Panel\n\nDana: Who reads the tickets?\n\nHanna: All of us.\n\nLuis: I do not.\n\nAudience member: Then who \
         answers?\n\nHanna: Whoever read it.\n\nDana: And at night?\n\nLuis: Nobody.\n",
        &[
            "? Who reads the tickets? < Dana | ",
            "a Hanna: All of us.",
            "b Luis: I do not.",
            "c Unsigned: Audience member: Then who answers?",
            "d Hanna: Whoever read it.",
            "? And at night? < Dana | ",
            "a Luis: Nobody.",
        ],
    );
    check(
        "stamps.txt",
        "Talk\n\n[00:00] Dana Reyes: How do you set a price?\n\n[00:15] Ana Lima: We ask three.\n\n[00:40] audience member: Too \
         few!\n\n[01:02] Ana Lima: Enough.\n",
        &[
            "? How do you set a price? < Dana Reyes | ",
            "a Ana Lima: We ask three.",
            "b Unsigned: [00:40] audience member: Too few!",
            "c Ana Lima: Enough.",
        ],
    );
}

#[test]
fn each_quotation_has_its_own_name_or_none() {
    let expected = [
        "? What do you cut? < - | ",
        "a Ana Lima, PM: Reports. And slides.",
        "b Unsigned: Meetings.",
        "c Ben Osei: Nothing.",
    ];
    check(
        "cut.md",
        "# Cuts\n\n## Q: What do you cut?\n\n> Reports.\n>\n> And slides.\n> — Ana Lima, PM\n\n> Meetings.\n\n> Nothing.\n> — Ben \
         Osei\n",
        &expected,
    );
    check(
        "cut.html",
        "<html><body><h1>Cuts</h1><h2>Q: What do you cut?</h2><blockquote><p>Reports.</p><p>And slides.</p><p>— Ana Lima, \
         PM</p></blockquote><blockquote><p>Meetings.</p></blockquote><blockquote><p>Nothing.</p><p>— Ben \
         Osei</p></blockquote></body></html>",
        &expected,
    );
}

#[test]
fn pronouns_answer_nothing() {
    check(
        "worst.txt",
        "Kiln 4\n2 May 2026\n\nWe asked: what is your worst meeting?\n\nYou answered:\n\n\"The status round.\"\n- Petra, Brno\n\n\
         \"All of them.\"\n- Sam K., product manager\n",
        &[
            "s Kiln 4: We asked: what is your worst meeting? You answered: \"The status round.\" - Petra, Brno \"All of them.\" - \
             Sam K., product manager",
        ],
    );
}
