//! Tests whose name a text goes under: bylines, cards with roles, signatures, frames of words around names, askers.

use crate::import_said::{check, read};

/// The titles of the sections, and no discussion.
fn titles(name: &str, text: &str) -> Vec<String> {
    let edition = read(name, text).edition;
    assert!(edition.discussions.is_empty(), "{name}: {:?}", edition.discussions);
    edition.sections.into_iter().map(|section| section.title).collect()
}

const ITEMS: [(&str, &str, &str); 3] = [
    (
        "Nine doors and one key",
        "A hotel in Turku gave each guest all the keys, and 4 of 90 came back.",
        "Oda Brekke",
    ),
    (
        "The team that sold chairs",
        "They began with a stool, and ended with 12 contracts for a cinema.",
        "Luka Horvat (Stol)",
    ),
    (
        "Letters to nobody",
        "For a year the founder wrote to a reader whom she had made up.",
        "Ifeoma Dike",
    ),
];

#[test]
fn a_name_below_each_text_of_a_roundup_never_heads_the_next() {
    let page = |item: fn(&str, &str, &str) -> String| {
        let items: String = ITEMS
            .iter()
            .map(|(title, text, name)| item(title, text, name))
            .collect();
        format!("<html><body><h1>Reads of May</h1>{items}</body></html>")
    };
    for (kind, text) in [
        ("h4", page(|t, d, n| format!("<h2>{t}</h2><p>{d}</p><h4>{n}</h4>"))),
        ("h6", page(|t, d, n| format!("<h3>{t}</h3><p>{d}</p><h6>By {n}</h6>"))),
        (
            "bold",
            page(|t, d, n| format!("<p><b>{t}</b></p><p>{d}</p><p><b>{n}</b></p>")),
        ),
        (
            "div",
            page(|t, d, n| format!("<h2>{t}</h2><div>{d}</div><div><b>{n}</b></div>")),
        ),
        (
            "cell",
            page(|t, d, n| {
                format!(
                    "<table><tr><td><a href='https://x.example'>{t}</a></td></tr><tr><td>{d}</td></tr><tr><td><b>{n}</b></td></tr></table>"
                )
            }),
        ),
        (
            "item",
            page(|t, d, n| format!("<ul><li><p><b>{t}</b></p><p>{d}</p><p><b>{n}</b></p></li></ul>")),
        ),
    ] {
        let found = titles(&format!("{kind}.html"), &text);
        for (_, _, name) in ITEMS {
            let name = name.split(" (").next().unwrap();
            assert!(found.iter().all(|title| !title.contains(name)), "{kind}: {found:?}");
        }
    }
    let lines: String = ITEMS
        .iter()
        .map(|(t, d, n)| format!("{t}\n\n{d}\n\n{}\n\n", n.to_uppercase()))
        .collect();
    let found = titles("capitals.txt", &format!("Reads of May\n\n{lines}"));
    assert_eq!(
        found[1..],
        ["The team that sold chairs", "Letters to nobody"],
        "{found:?}"
    );
    let lines: String = ITEMS
        .iter()
        .map(|(t, d, n)| format!("## {t}\n\n{d}\n\n#### {n}\n\n"))
        .collect();
    assert_eq!(
        titles("reads.md", &format!("# Reads of May\n\n{lines}")),
        ITEMS.map(|(title, ..)| title)
    );
}

#[test]
fn the_author_of_a_page_heads_no_section() {
    let page = "<html><body><article><h1>A door with two handles</h1><p>What we took away.</p><h4>Oda Brekke</h4><p>27 Jan 2026 — \
                4 min read</p><p>Our door had two handles, and nobody knew which one to push. We took one away, and after a week \
                the queue in front of it had gone.</p></article></body></html>";
    assert_eq!(titles("page.html", page), ["A door with two handles"]);
}

#[test]
fn people_over_their_texts_stay_headings() {
    let text = "# Who we met\n\nThree people, in the order of the trains.\n\n## Oda Brekke\n\nShe runs a hotel with 9 doors, and \
                counts the keys each night.\n\n## Luka Horvat\n\nHe sells chairs to cinemas, 12 at a time.\n";
    assert_eq!(titles("people.md", text), ["Who we met", "Oda Brekke", "Luka Horvat"]);
}

#[test]
fn a_role_below_a_name_is_nobody() {
    let expected = [
        "? Is a second door worth it? < Mette, PM in Aarhus | We have 40 rooms and one door.",
        "a Oda Brekke, Hotel manager: Count the guests first, and then the keys.",
        "b Luka Horvat, CFO: No door has ever paid for itself.",
    ];
    for (name, role) in [
        ("<div class='n'>{}</div>", "<div class='r'>{}</div>"),
        ("<h3>{}</h3>", "<h4>{}</h4>"),
        ("<p><b>{}</b></p>", "<p>{}</p>"),
        ("<p><b>{}</b></p>", "<p><b>{}</b></p>"),
        ("<p><b>{}</b><br>", "{}</p>"),
    ] {
        let head = |who: &str, what: &str| format!("{}{}", name.replace("{}", who), role.replace("{}", what));
        let text = format!(
            "<html><body><h1>Doors 5</h1><h2>Is a second door worth it?</h2><p>We have 40 rooms and one door.</p><p>Mette, PM in \
             Aarhus</p>{}<p>Count the guests first, and then the keys.</p>{}<p>No door has ever paid for itself.</p></body></html>",
            head("Oda Brekke", "Hotel manager"),
            head("Luka Horvat", "CFO"),
        );
        check(&format!("{name}{role}"), &text, &expected);
    }
}

#[test]
fn a_name_without_a_role_among_names_with_roles_opens_an_answer() {
    for question in ["<h2>{}</h2>", "<p><b>{}</b></p>"] {
        for head in [
            "<b>{n}</b> ({r})",
            "<b>{n}</b><br>{r}",
            "<b>{n}</b> | {r}",
            "<b>{n}</b> – {r}",
        ] {
            let head = |who: &str, what: &str| format!("<p>{}</p>", head.replace("{n}", who).replace("{r}", what));
            let text = format!(
                "<html><body><h1>Doors 6</h1>{}<p>Asked by Mette, Aarhus</p>{}<p>Count the guests first.</p>{}<p>No door has ever \
                 paid.</p><p><b>Jean-Luc Mbeki</b></p><p>Ask the porter, who has both keys.</p></body></html>",
                question.replace("{}", "Is a second door worth it?"),
                head("Oda Brekke", "Hotel manager"),
                head("Luka Horvat", "CFO at Stol"),
            );
            let edition = read("doors.html", &text).edition;
            let answers = &edition.discussions[0].answers;
            let said: Vec<(&str, &str)> = answers.iter().map(|a| (&a.contributor[..8], a.body.as_str())).collect();
            assert_eq!(
                said,
                [
                    ("Oda Brek", "Count the guests first."),
                    ("Luka Hor", "No door has ever paid."),
                    ("Jean-Luc", "Ask the porter, who has both keys.")
                ],
                "{text}"
            );
        }
    }
}

#[test]
fn the_first_of_several_signatures_counts_as_the_others_do() {
    let answers = "Take the door out for a month. Ours cost 900 euros a year, and nobody missed it.\n\n{}\n\n— Oda Brekke, Hotel \
                   manager\n\nPaint it. Then count who uses it.\n\n— Luka Horvat, CFO at Stol\n\nLock it, and wait for a knock.\n\n— \
                   Ifeoma Dike\n";
    for asked in [
        "Q: How do you close a door for good?\n\n",
        "Q: How do you close a door for good?\nAsked by Mette, Aarhus\n\n",
        "How do you close a door for good?\n\nAsked by Mette, Aarhus\n\n",
    ] {
        for more in ["", "The second month was free."] {
            let text = format!("Doors 7\n\n{asked}{}", answers.replace("{}", more));
            let edition = read("doors.txt", &text).edition;
            let said: Vec<&str> = edition.discussions[0]
                .answers
                .iter()
                .map(|a| a.contributor.as_str())
                .collect();
            assert_eq!(
                said,
                ["Oda Brekke, Hotel manager", "Luka Horvat, CFO at Stol", "Ifeoma Dike"],
                "{text}"
            );
        }
    }
    // What is about its writer may be the asker's.
    let text = "Doors 8\n\nQ: How do you close a door for good?\n\nWe have 40 rooms and one door.\n\n— Mette Holm, porter\n\nPaint it. \
                Then count who uses it.\n\n— Luka Horvat, CFO at Stol\n\nLock it, and wait.\n\n— Ifeoma Dike, writer\n";
    let edition = read("doors.txt", text).edition;
    assert!(
        edition.discussions[0]
            .answers
            .iter()
            .all(|a| !a.contributor.starts_with("Mette")),
        "{:?}",
        edition.discussions
    );
}

#[test]
fn names_in_the_same_words_above_answers_are_read() {
    for frame in [
        "Panellist: {}",
        "Expert answer: {}",
        "From the community: {}",
        "Advice from {}",
        "#{n} {}",
        "{l} — {}",
        "{}’s answer",
        "What {} says",
        "{} @ Stol",
    ] {
        let head = |n: usize, who: &str| {
            let letter = ["A", "B"][n - 1];
            frame
                .replace("{n}", &n.to_string())
                .replace("{l}", letter)
                .replace("{}", who)
        };
        let text = format!(
            "# Doors 9\n\n## Q: Is a second door worth it?\n\nAsked by Mette\n\n### {}\n\nCount the guests first.\n\n### {}\n\nNo door has \
             ever paid.\n\n## The shelf\n\nA book on doors.\n",
            head(1, "Oda Brekke"),
            head(2, "Luka Horvat")
        );
        let edition = read("doors.md", &text).edition;
        assert_eq!(edition.discussions.len(), 1, "{text}");
        let said: Vec<&str> = edition.discussions[0]
            .answers
            .iter()
            .map(|a| a.contributor.trim_end_matches(" @ Stol"))
            .collect();
        assert_eq!(said, ["Oda Brekke", "Luka Horvat"], "{text}");
    }
}

#[test]
fn labels_on_lines_of_their_own_make_a_discussion() {
    check(
        "labels.txt",
        "Doors 10\n\n[Question]\nWho locks up?\n(Mette, Aarhus)\n\n[Answers]\nOda Brekke, Hotel manager:\nThe last one out.\n\nLuka \
         Horvat, CFO:\nThe first one in.\n",
        &[
            "? Who locks up? < Mette, Aarhus | ",
            "a Oda Brekke, Hotel manager: The last one out.",
            "b Luka Horvat, CFO: The first one in.",
        ],
    );
    check(
        "roman.txt",
        "Doors 11\n\nI. THE LETTER\n\n\"Our porter has left with both keys. Who locks up?\"\n\nMette H., Aarhus\n\nII. THE \
         ANSWERS\n\nODA BREKKE (Hotel manager) writes:\n\nThe last one out.\n\nLUKA HORVAT (CFO) writes:\n\nThe first one in.\n\nIII. THE \
         SHELF\n\nA book on doors, with 9 drawings.\n",
        &[
            "? Who locks up? < Mette H., Aarhus | \"Our porter has left with both keys. Who locks up?\"",
            "a ODA BREKKE (Hotel manager): The last one out.",
            "b LUKA HORVAT (CFO): The first one in.",
            "s III. THE SHELF: A book on doors, with 9 drawings.",
        ],
    );
    check(
        "panel.md",
        "# Doors 12\n\n### Reader question\n\n> Who locks up? Our porter has left.\n> — *Mette, Aarhus*\n\n### What our porters \
         say\n\n**Oda Brekke** _(porter)_\nThe last one out of the house.\n\n**Luka Horvat** _(porter, Stol)_\nThe first one in at dawn.\n",
        &[
            "? Who locks up? < Mette, Aarhus | > Who locks up? Our porter has left.",
            "a Oda Brekke (porter): The last one out of the house.",
            "b Luka Horvat (porter, Stol): The first one in at dawn.",
        ],
    );
}

#[test]
fn askers_are_read_in_more_forms() {
    check(
        "brackets.txt",
        "Doors 13\n\nQ. Who locks up?\n[Sent in by Mette, Aarhus]\n\nA. (Oda Brekke, Hotel manager) The last one out.\n\nB. (Luka Horvat, \
         CFO) The first one in.\n",
        &[
            "? Who locks up? < Mette, Aarhus | ",
            "a Oda Brekke, Hotel manager: The last one out.",
            "b Luka Horvat, CFO: The first one in.",
        ],
    );
    check(
        "numbers.txt",
        "Doors 14\n\nQ1. Who locks up?\n   Mette, Aarhus\nA1. Oda Brekke (Hotel manager): The last one out.\nA2. Luka Horvat (CFO): The \
         first one in.\n",
        &[
            "? Who locks up? < Mette, Aarhus | ",
            "a Oda Brekke (Hotel manager): The last one out.",
            "b Luka Horvat (CFO): The first one in.",
        ],
    );
    check(
        "place.html",
        "<html><body><h1>Doors 15</h1><h3>Who locks up?</h3><p><em>Mette, Aarhus</em></p><p>We have 40 rooms.</p><p><b>Oda Brekke, Hotel \
         manager:</b> The last one out.</p><p><b>Luka Horvat, CFO:</b> The first one in.</p></body></html>",
        &[
            "? Who locks up? < Mette, Aarhus | We have 40 rooms.",
            "a Oda Brekke, Hotel manager: The last one out.",
            "b Luka Horvat, CFO: The first one in.",
        ],
    );
}

#[test]
fn the_title_of_a_letter_is_no_question() {
    for (label, who, answer) in [
        ("Spørsmål:", "Spørsmål fra Mette, Aarhus", "Svar fra"),
        ("Spørgsmål:", "Spørgsmål fra Mette, Aarhus", "Svar fra"),
        ("Pytanie:", "Pytanie od Mette, Aarhus", "Odpowiedź:"),
        ("Fråga:", "Fråga från Mette, Aarhus", "Svar från"),
    ] {
        check(
            "letter.txt",
            &format!(
                "Letter 16\n2026-05-11\n\n{label} Hvem låser?\n{who}\n\n{answer} Oda Brekke:\n3 av 40 gjester.\n\n{answer} Luka Horvat:\nDen \
                 siste.\n"
            ),
            &[
                "? Hvem låser? < Mette, Aarhus | ",
                "a Oda Brekke: 3 av 40 gjester.",
                "b Luka Horvat: Den siste.",
            ],
        );
    }
}

#[test]
fn speakers_above_their_words_make_a_conversation() {
    let turns = [
        ("Mette Holm", "Why did you take the door out?"),
        ("Oda Brekke", "It was shut 6 hours a day."),
        ("Mette Holm", "And did that help?"),
        ("Oda Brekke", "For a week, until they built a wall."),
    ];
    for form in [
        "**{}**\n{t}",
        "**{}**\n\n{t}",
        "### {}\n\n{t}",
        "— {}: {t}",
        "- **{}:** {t}",
        "**{}** – {t}",
    ] {
        let said: Vec<String> = turns
            .iter()
            .map(|(who, text)| form.replace("{}", who).replace("{t}", text))
            .collect();
        let text = format!("# Doors 17\n\n## Transcript\n\n{}\n", said.join("\n\n"));
        check(
            "talk.md",
            &text,
            &[
                "? Why did you take the door out? < Mette Holm | ",
                "a Oda Brekke: It was shut 6 hours a day.",
                "? And did that help? < Mette Holm | ",
                "a Oda Brekke: For a week, until they built a wall.",
            ],
        );
    }
}

#[test]
fn the_name_of_a_site_is_not_the_title_of_its_page() {
    let text =
        "<p>A hotel in Turku gave each guest all the keys, and four of ninety came back.</p><p>Nobody knows why.</p>";
    for (head, body) in [
        (
            "<title>Nine doors - by Oda Brekke - Wide Halls</title>",
            "<h1><a href='/'>Wide Halls</a></h1>",
        ),
        (
            "<title>Wide Halls</title><meta name='twitter:title' content='Nine doors and one key'>",
            "<h1>Wide Halls</h1>",
        ),
        (
            "<title>Wide Halls</title>",
            "<h1><a href='/'>Wide Halls</a></h1><h1 class='t'>Nine doors and one key</h1>",
        ),
        (
            "<title>Wide Halls</title>",
            "<div><h1><a href='/'>Wide Halls</a></h1></div><h2>Nine doors and one key</h2>",
        ),
    ] {
        let page = format!("<html><head>{head}</head><body>{body}{text}</body></html>");
        let title = read("page.html", &page).edition.title;
        assert!(
            title.starts_with("Nine doors") && !title.contains("Wide"),
            "{title}: {page}"
        );
    }
}

#[test]
fn what_only_outlook_hides_is_text() {
    let page = "<html><body><h1>Doors 18</h1><div id='preheader'>A look ahead</div><div style='mso-hide:all'>Nine doors were \
                counted.</div><div style='display:none;display:block'>Four keys came back.</div><div \
                style='max-height:0;overflow:visible'><p>One porter stayed.</p></div></body></html>";
    let edition = read("mail.html", page).edition;
    let written = askpm::corpus::markdown::write(&edition);
    for kept in ["Nine doors", "Four keys", "One porter"] {
        assert!(written.contains(kept), "{kept}: {written}");
    }
    assert!(!written.contains("look ahead"), "{written}");
}

#[test]
fn a_few_lines_of_a_mail_inside_an_answer_stay_marked_as_quoted() {
    let page = "<html><body><h1>Doors 19</h1><h2>Q: Who locks up?</h2><p><b>Oda Brekke, Hotel manager</b></p><p>Mette wrote to us in \
                May, and I keep her letter above the desk in the hall:</p><blockquote type='cite'><div>The porter holds all the \
                keys.</div></blockquote><p>No porter ever did, since the hotel has had forty of them in nine years.</p><p><b>Luka \
                Horvat, CFO</b></p><p>The first one in.</p></body></html>";
    let edition = read("mail.html", page).edition;
    assert!(
        edition.discussions[0].answers[0].body.contains("> The porter holds"),
        "{edition:?}"
    );
}

#[test]
fn a_line_that_signs_the_question_names_who_asks() {
    for (line, asker) in [
        ("From Mette in Aarhus", "Mette in Aarhus"),
        ("Mette from Aarhus writes:", "Mette from Aarhus"),
        ("Mette wants to know", "Mette"),
        ("Sent by Mette on 3 May 2026", "Mette"),
        ("Thanks, Mette", "Mette"),
        ("— Tired in Aarhus", "Tired in Aarhus"),
        ("Sincerely, Tired in Aarhus", "Tired in Aarhus"),
        ("Reader question from Mette", "Mette"),
        ("Asked anonymously", "-"),
        ("— Anonymous", "-"),
    ] {
        let expected = [
            &format!("? Who locks up? < {asker} | We have 40 rooms and one door."),
            "a Oda Brekke, Hotel manager: The last one out.",
            "b Luka Horvat, CFO: The first one in.",
        ];
        let answers = "A. Oda Brekke, Hotel manager\n\nThe last one out.\n\nB. Luka Horvat, CFO\n\nThe first one in.\n";
        let below = format!("Doors 20\n\nQ: Who locks up?\n\nWe have 40 rooms and one door.\n\n{line}\n\n{answers}");
        check("below.txt", &below, &expected);
        let above =
            format!("# Doors 20\n\n## Q: Who locks up?\n\n*{line}*\n\nWe have 40 rooms and one door.\n\n{answers}");
        check("above.md", &above, &expected);
    }
}
