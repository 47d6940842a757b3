//! Further inputs of the kinds that imports once got wrong: who signs, what is a heading, what programs write between
//! the words, and what a reader sees of links and tables.

use askpm::corpus::import::{Limits, import_bytes};
use askpm::corpus::passages;

use crate::import_said::{check, read};

#[test]
fn the_senders_farewell_signs_no_answer() {
    let named = "# Desk letter 3\n\n## Q1. Do dates help?\n\n### A. Hugo Brandt\n\nThey do.\n\n### B. Sunita Pillai\n\nNot \
                 ours.\n\nThat is all for this week. See you on Thursday.\n\n– Edda Kraus\n";
    let farewell = "s Note after question 1: That is all for this week. See you on Thursday. – Edda Kraus";
    let answers = [
        "? Do dates help? < - | ",
        "a Hugo Brandt: They do.",
        "b Sunita Pillai: Not ours.",
    ];
    check("named.md", named, &[&answers[..], &[farewell]].concat());
    let signed = "# Desk letter 3\n\nQuestion 1) Do dates help?\n\nA] They do.\n\n– Hugo Brandt\n\nB] Not ours.\n\n– Sunita \
                  Pillai\n\nThe poll is open until Sunday.\n\n– Edda Kraus, editor\n";
    let note = "s Note after question 1: The poll is open until Sunday. – Edda Kraus, editor";
    check("signed.md", signed, &[&answers[..], &[note]].concat());
}

#[test]
fn letters_alone_numbers_and_words_open_questions_and_answers() {
    check(
        "bare.md",
        "# Toolbox 13\n\n## Question 1) What do you bring?\n\n### A\n\nThree things.\n\n### B. Ivo Marek\n\nA list.\n",
        &[
            "? What do you bring? < - | ",
            "a Unsigned: Three things.",
            "b Ivo Marek: A list.",
        ],
    );
    check(
        "twice.md",
        "# Guild 19\n\n**The question:** How short is a handover?\n\n**Asked by:** Sören, PM\n\n**Answer by Nadia Farouk \
         (director):** We gave it up.\n\n**The question:** Is a log worth it?\n\n**Asked by:** Anonymous\n\n**Answer by Tom \
         Okafor (engineer):** Yes.\n",
        &[
            "? How short is a handover? < Sören, PM | ",
            "a Nadia Farouk (director): We gave it up.",
            "? Is a log worth it? < - | ",
            "a Tom Okafor (engineer): Yes.",
        ],
    );
    check(
        "beside.md",
        "# Guild 20\n\n**Q: How long is a sprint?** — Marta, Wrocław\n\n**Answer 1: Nadia Farouk, director**\n\nTwo weeks.\n",
        &[
            "? How long is a sprint? < Marta, Wrocław | ",
            "a Nadia Farouk, director: Two weeks.",
        ],
    );
}

#[test]
fn numbered_titles_of_the_contents_head_their_sections() {
    let text = "DOCK LETTER 17\n2 February 2026\n\nIN THIS ISSUE\n1. Cranes\n2. Why we stopped counting\n\n1. CRANES\nRent the \
                crane for one day more than you think.\n\n2. WHY WE STOPPED COUNTING\nThe count took longer than the \
                loading.\n";
    check(
        "dock.txt",
        text,
        &[
            "s CRANES: Rent the crane for one day more than you think.",
            "s WHY WE STOPPED COUNTING: The count took longer than the loading.",
        ],
    );
    let page = "<html><body><h1>Desk 11</h1><h2>In this issue</h2><p>1. Cranes<br>2. Ropes</p><p><strong>1. Cranes</strong></p>\
                <p>Rent the crane for one day more.</p><p><strong>2. Ropes</strong></p><p>The count took longer.</p></body></html>";
    let titles: Vec<String> = read("desk.html", page)
        .edition
        .sections
        .into_iter()
        .map(|s| s.title)
        .collect();
    assert_eq!(titles, ["Cranes", "Ropes"]);
}

#[test]
fn what_note_programs_and_site_generators_write_is_no_text() {
    let note = "---\ntitle: Queues\n---\n\n%%ask Ana%%\n\n{{< figure src=\"a.png\" >}}\n\nWe read [[plans/2026|the plan]] first.\n";
    check("note.md", note, &["s Queues: We read the plan first."]);
    let day = "<html><body><h1>Queues</h1><p>Published on 3 February 2026 · Last updated: 11 March 2026</p><p>A team that takes \
               work from three queues serves the loudest one of them.</p></body></html>";
    assert_eq!(read("queues.html", day).edition.date.as_deref(), Some("2026-02-03"));
}

#[test]
fn links_stay_in_the_edition_and_out_of_what_is_quoted() {
    let page = "<html><body><h1>Prices</h1><p>Read <a href=\"https://example.org/p?utm_source=x\">the price page</a> before you \
                change a plan, and count for a week.</p><table><tr><th>Plan</th><th>Price</th></tr><tr><td>Team</td><td>$29</td>\
                </tr><tr><td>Firm</td><td>$99</td></tr></table></body></html>";
    let report = import_bytes("prices.html", page.as_bytes(), &Limits::default());
    let edition = &report.editions[0].edition;
    assert!(
        edition.sections[0]
            .body
            .contains("[the price page](https://example.org/p)"),
        "{edition:#?}"
    );
    let text = &passages(edition, "prices.md")[0].text;
    assert!(
        text.starts_with("Read the price page before you change a plan"),
        "{text}"
    );
    assert!(
        text.ends_with("- Plan: Team; Price: $29.\n- Plan: Firm; Price: $99."),
        "{text}"
    );
}
