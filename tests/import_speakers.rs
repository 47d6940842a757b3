//! Tests letters in which it is easy to mistake who speaks: editors' notes, quotations, hosts, contents lists, quarters.

use askpm::corpus::import::{Limits, import_bytes};

use crate::import_said::{check, outline, read};

#[test]
fn a_host_asks_who_stands_over_the_question_with_a_bare_time() {
    check(
        "quay.txt",
        "Radio Quay, episode 6\n4 April 2026\n\nIris Moor 0:10\n\nYou closed the beta after a week. Why so early?\n\nPavel \
         Novak 0:21\n\nWe had heard the same thing nine times.\n\nIt was enough.\n\nIris Moor 1:02\n\nWhat was the \
         thing?\n\nPavel Novak 1:05\n\nThe export.\n",
        &[
            "? Why so early? < Iris Moor | You closed the beta after a week. Why so early?",
            "a Pavel Novak: We had heard the same thing nine times. It was enough.",
            "? What was the thing? < Iris Moor | ",
            "a Pavel Novak: The export.",
        ],
    );
    check(
        "tide.md",
        "# Tide talk\n\n[00:00:05] Sanne Bos\n\nWho reads the tickets?\n\n[00:00:12] Emeka Obi\n\nAll of us. Who else \
         would?\n\n[00:01:10] Sanne Bos\n\nAnd who answers them?\n\n[00:01:15] Emeka Obi\n\nThe one who read it.\n",
        &[
            "? Who reads the tickets? < Sanne Bos | ",
            "a Emeka Obi: All of us. Who else would?",
            "? And who answers them? < Sanne Bos | ",
            "a Emeka Obi: The one who read it.",
        ],
    );
}

#[test]
fn a_question_may_come_with_the_name_of_its_asker() {
    check(
        "bench.md",
        "# Bench 9\n\nQuestion from Olga, head of product in Gdańsk: Do we need a style guide?\n\nAnswer from Ravi Menon, \
         designer: Only once two teams disagree.\n\nA question from Anonymous: Who pays for it?\n\nAnswer from Lise Holt, \
         CFO: The team that asked.\n",
        &[
            "? Do we need a style guide? < Olga, head of product in Gdańsk | ",
            "a Ravi Menon, designer: Only once two teams disagree.",
            "? Who pays for it? < - | ",
            "a Lise Holt, CFO: The team that asked.",
        ],
    );
    check(
        "split.md",
        "# Bench 10\n\n## Splitting a backlog\n\nQuestion from Ilse Maas: We have one backlog for two teams. Should we split \
         it?\n\nAnswer from Ravi Menon, designer: Split it by customer.\n",
        &[
            "? Splitting a backlog < Ilse Maas | We have one backlog for two teams. Should we split it?",
            "a Ravi Menon, designer: Split it by customer.",
        ],
    );
}

#[test]
fn a_line_over_the_question_names_its_asker() {
    check(
        "helm.html",
        "<html><body><h1>Helm 6</h1><p><b>Question from Yusuf, owner of a bakery app:</b></p><p>Do I show the price \
         first?</p><p><b>Answer from Mina Falk, designer:</b></p><p>Yes. Who would not?</p><p><b>Question from Ada, \
         PM:</b></p><p>We have one tester. Is that enough?</p><p><b>Answer from Mina Falk, designer:</b></p><p>Until you \
         ship twice a week.</p></body></html>",
        &[
            "? Do I show the price first? < Yusuf, owner of a bakery app | ",
            "a Mina Falk, designer: Yes. Who would not?",
            "? We have one tester. Is that enough? < Ada, PM | ",
            "a Mina Falk, designer: Until you ship twice a week.",
        ],
    );
    // Below its question, such a line is over the asker's own words.
    check(
        "helm.md",
        "# Helm 7\n\nHow do we say no to a founder?\n\nAsked by Ada, PM:\n\nHe is kind. Is that the reason?\n\nAnswer from \
         Mina Falk, designer:\n\nSay it early.\n",
        &[
            "? How do we say no to a founder? < Ada, PM | He is kind. Is that the reason?",
            "a Mina Falk, designer: Say it early.",
        ],
    );
}

#[test]
fn the_asker_may_stand_at_the_end_of_the_question() {
    let body = "A] On paper, in ink.\n\n– Karl Berg, PM\n\nB] In a list.\n\n– Lena Holm, founder\n";
    for (question, expected) in [
        (
            "Question 1) Where do you keep a promise? (Asked by Ines from Porto)",
            "? Where do you keep a promise? < Ines from Porto | ",
        ),
        (
            "Q: Where do you keep a promise? Submitted by Tom, who sells nails",
            "? Where do you keep a promise? < Tom, who sells nails | ",
        ),
        (
            "Q. Where do you keep a promise?\nFrom: Yusuf, PM at a clinic",
            "? Where do you keep a promise? < Yusuf, PM at a clinic | ",
        ),
        (
            "Q: Which promise is the one asked by most? We lose it.",
            "? Which promise is the one asked by most? We lose it. < - | ",
        ),
    ] {
        check(
            "ink.txt",
            &format!("Ink letter 3\n\n{question}\n\n{body}"),
            &[
                expected,
                "a Karl Berg, PM: On paper, in ink.",
                "b Lena Holm, founder: In a list.",
            ],
        );
    }
    check(
        "ink.md",
        "# Ink letter 4\n\n## Where do you keep a promise? (Asked by Ines from Porto)\n\n### Karl Berg, PM\n\nOn \
         paper.\n\n### Lena Holm, founder\n\nIn a list.\n",
        &[
            "? Where do you keep a promise? < Ines from Porto | ",
            "a Karl Berg, PM: On paper.",
            "b Lena Holm, founder: In a list.",
        ],
    );
}

#[test]
fn a_name_below_a_quotation_signs_if_somebody_else_is_quoted() {
    let letter = |above: &str| {
        format!(
            "# Quay 3\n\n## Question 1) Do we estimate?\n\nA] Never in hours.\n\n– Kofi Mensah\n\nB] {above}\n\n> Guesses are \
             for friends.\n\n– Tilde Holm\n"
        )
    };
    for (above, by) in [
        ("It is still true what Karen Moss wrote in 2011:", "b Tilde Holm"),
        ("As Karen says to all of us:", "b Tilde Holm"),
        ("It is still true what Tilde wrote in 2011:", "b Unsigned"),
        ("A line that hangs over my desk:", "b Unsigned"),
    ] {
        let edition = read("quay.md", &letter(above)).edition;
        let found = outline(&edition);
        assert!(found[2].starts_with(by), "{found:?}");
    }
}

#[test]
fn a_first_text_that_begins_as_a_reply_is_an_answer() {
    let letter = |first: &str| {
        format!(
            "# Oar letter\n\n## Who should read the logs?\n\n{first}\n\n— Sven Aho, PM at Oar\n\nSupport, once a \
             week.\n\n— Mia Lund, PM at Keel\n"
        )
    };
    check(
        "oar.md",
        &letter("Sales, because they call first. We pay them for it."),
        &[
            "? Who should read the logs? < - | ",
            "a Sven Aho, PM at Oar: Sales, because they call first. We pay them for it.",
            "b Mia Lund, PM at Keel: Support, once a week.",
        ],
    );
    // It may be the asker who says this.
    check(
        "oar.md",
        &letter("We pay sales for it, and they call first."),
        &[
            "? Who should read the logs? < - | ",
            "a Unsigned: We pay sales for it, and they call first. — Sven Aho, PM at Oar",
            "b Mia Lund, PM at Keel: Support, once a week.",
        ],
    );
}

#[test]
fn the_innermost_of_forwarded_messages_is_the_letter() {
    let text = "From: Me <me@x.example>\nTo: me@x.example\nSubject: FW: WG: Pier notes 2\nDate: Mon, 6 Apr 2026 10:00:00 \
                +0000\nContent-Type: text/plain; charset=utf-8\n\n-----Original Message-----\nFrom: Boss <boss@x.example>\nSent: \
                Sunday, April 5, 2026 9:00 AM\nTo: Me <me@x.example>\nSubject: WG: Pier notes 2\n\nWorth a \
                minute.\n\n-----Ursprüngliche Nachricht-----\nVon: Pier Notes <hi@pier.example>\nGesendet: Samstag, 4. April \
                2026 08:00\nAn: Boss <boss@x.example>\nBetreff: Pier notes 2\n\nA pier that nobody walks on is a wall. We walk \
                ours each morning.\n";
    let page = "From: Reader <r@example.com>\nTo: r@example.com\nSubject: Fwd: Loom weekly 11\nDate: Sun, 15 Mar 2026 20:00:00 \
                +0000\nContent-Type: text/html; charset=utf-8\n\n<div>---------- Forwarded message ---------<br>From: \
                <b>Ann</b> &lt;a@e.example&gt;<br>Date: Fri, Mar 13, 2026 at 9:00 AM<br>Subject: Fwd: Loom weekly \
                11<br></div><p>Read this one.</p><div>---------- Forwarded message ---------<br>From: <b>Loom Weekly</b> \
                &lt;l@loom.example&gt;<br>Date: Wed, Mar 11, 2026 at 7:00 AM<br>Subject: Loom weekly 11<br></div><p>One thread \
                breaks, and the whole row waits for it. So we check it first.</p>\n";
    for (mail, title, date, sender) in [
        (text, "Pier notes 2", "2026-04-04", "Mail from Pier Notes"),
        (page, "Loom weekly 11", "2026-03-11", "Mail from Loom Weekly"),
    ] {
        let report = import_bytes("mail.eml", mail.as_bytes(), &Limits::default());
        let edition = &report.editions[0].edition;
        assert_eq!(
            (
                edition.title.as_str(),
                edition.date.as_deref(),
                edition.source.as_deref()
            ),
            (title, Some(date), Some(sender)),
            "{edition:#?}"
        );
        let body = &edition.sections[0].body;
        assert!(edition.sections.len() == 1 && !body.contains("Subject"), "{edition:#?}");
    }
}

#[test]
fn an_editors_note_takes_no_answer_from_its_contributor() {
    check(
        "kiln.md",
        "# Kiln letter 8\n\n## Q1. Should we publish a roadmap?\n\nA. Publish the quarter, never the year.\n\n– Ines Duarte, \
         product lead\n\nInes spoke to us before her company merged with Ostrava Systems.\n\n– Milan Kovář (managing \
         editor)\n\nB. Publish nothing that sales can quote.\n\n– Peter Oduya\n\n[Ed.: Peter sells software \
         himself.]\n\nC. Publish the problem.\n\n– Rosa Klein, designer\n",
        &[
            "? Should we publish a roadmap? < - | ",
            "a Ines Duarte, product lead: Publish the quarter, never the year.",
            "b Peter Oduya: Publish nothing that sales can quote.",
            "c Rosa Klein, designer: Publish the problem.",
            "s Note after question 1: Ines spoke to us before her company merged with Ostrava Systems. – Milan Kovář \
             (managing editor) [Ed.: Peter sells software himself.]",
        ],
    );
    // Two names and no letter between them: it is not clear whose the answer is.
    check(
        "ferry.txt",
        "Ferry notes 12\n3 March 2026\n\nQuestion 1) Who owns the price page?\n\nA] The team that answers the calls.\n\n– Tilde \
         Holm\n\nIt moves every spring.\n\n– Omar Haddad, PM\n\nB] I like what Anna Berg says.\n\nWe own every word on it.\n\n\
         – Anna Berg\n\nSo do we.\n\n– Kofi Mensah, founder\n",
        &[
            "? Who owns the price page? < - | ",
            "a Unsigned: The team that answers the calls. – Tilde Holm It moves every spring. – Omar Haddad, PM",
            "b Kofi Mensah, founder: I like what Anna Berg says. We own every word on it. – Anna Berg So do we.",
        ],
    );
}

#[test]
fn signed_quotations_below_a_question_answer_it() {
    check(
        "mill.html",
        "<html><body><h1>Mill notes</h1><h2>Who should write the release notes?</h2><blockquote><p>Whoever tested \
         it.</p><p>Nobody else saw it fail.</p><cite>Renske Vos, QA lead</cite></blockquote><blockquote><p>Support, since they \
         get the calls.</p><footer>Tariq Aziz, support manager</footer></blockquote><h2>Jobs</h2><p>A designer in Ghent, from \
         May.</p></body></html>",
        &[
            "? Who should write the release notes? < - | ",
            "a Renske Vos, QA lead: Whoever tested it. Nobody else saw it fail.",
            "b Tariq Aziz, support manager: Support, since they get the calls.",
            "s Jobs: A designer in Ghent, from May.",
        ],
    );
    check(
        "harbour.md",
        "# Harbour letter 4\n\n## Q: How often do you talk to customers?\n\n> Every Tuesday.\n>\n> — Lotte Brand, founder\n\n> \
         Once a month, and that is too little.\n>\n> — Samir Patel\n",
        &[
            "? How often do you talk to customers? < - | ",
            "a Lotte Brand, founder: Every Tuesday.",
            "b Samir Patel: Once a month, and that is too little.",
        ],
    );
}

#[test]
fn sections_of_the_contents_do_not_count_as_questions() {
    check(
        "crane.txt",
        "CRANE POST 3\n7 April 2026\n\nIn this issue:\n\n  * News from the yard\n  * Do you rent or buy?\n  * Who signs the \
         order?\n\n------------------------------\n\nNEWS FROM THE YARD\n\nThe new crane came in on Monday, two days \
         late.\n\nDO YOU RENT OR BUY?\n\nA] Rent, until you know the load.\n\n– Hanna Virtanen, yard manager\n\nWHO SIGNS THE \
         ORDER?\n\nA] Whoever carries the load.\n\n– Luis Prado\n",
        &[
            "? DO YOU RENT OR BUY? < - | ",
            "a Hanna Virtanen, yard manager: Rent, until you know the load.",
            "? WHO SIGNS THE ORDER? < - | ",
            "a Luis Prado: Whoever carries the load.",
            "s NEWS FROM THE YARD: The new crane came in on Monday, two days late.",
        ],
    );
    let sail = "# Sail letter 5\n\n## Contents\n\n- Letters\n- Q: When do you reef?\n\n## Letters\n\nTwo readers sent us \
                photographs of their masts.\n\n## Q: When do you reef?\n\nA: When you first ask. – Vera Lis, sailor\n";
    let report = import_bytes("sail.md", sail.as_bytes(), &Limits::default());
    let discussion = &report.editions[0].edition.discussions[0];
    assert_eq!((discussion.number, discussion.title.as_str()), (1, "When do you reef?"));
}

#[test]
fn quarters_of_the_year_ask_nothing() {
    check(
        "holders.md",
        "# Shareholder letter\n\n## Q2: Where did the money go?\n\nTwo hires and a press.\n\nA. Press\n\nB. People\n\n## Q3: \
         What do we buy?\n\nNothing.\n",
        &[
            "s Q2: Where did the money go?: Two hires and a press. A. Press B. People",
            "s Q3: What do we buy?: Nothing.",
        ],
    );
    check(
        "board.md",
        "# Board note\n\n## Q1 – 2026: Hiring\n\nTwo people start in March.\n\nA. We raise the small plan.\n",
        &["s Q1 – 2026: Hiring: Two people start in March. A. We raise the small plan."],
    );
    // An excerpt of a letter may begin with its third question.
    check(
        "excerpt.md",
        "# Desk letter\n\n## Q3: What do you count?\n\nA. The calls.\n\n– Ana Lima, PM\n",
        &["? What do you count? < - | ", "a Ana Lima, PM: The calls."],
    );
}
