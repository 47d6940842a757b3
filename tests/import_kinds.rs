//! Further inputs of kinds that the import once got wrong: signatures, headings, markup that programs add, links and
//! tables.

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
    let page = "---\ntitle: Queues\n---\nimport Tip from '../parts/Tip.astro'\nimport { Chart, Map } from \"@site/parts\";\nimport \
                './style.css';\n\nWe read the plan first.\n\nimport Tip from memory, as they say.\n";
    check(
        "note.mdx",
        page,
        &["s Queues: We read the plan first. import Tip from memory, as they say."],
    );
    let dated = "<html><body><h1>Queues</h1><p>Dated 3 February 2026</p><p>We read the plan first.</p></body></html>";
    check("queues.html", dated, &["s Queues: We read the plan first."]);
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
    let bold = |last: &str| {
        format!(
            "<html><body><h1>Leads</h1><p>As they came in during May, in two trades:</p><table><tr><td><b>Trade</b></td><td><b>\
             Sum</b></td></tr><tr><td>Bread</td><td>9</td></tr><tr><td>{last}</td><td>4</td></tr></table></body></html>"
        )
    };
    for (last, headed) in [("Milk", true), ("<b>All</b>", false)] {
        let body = &read("leads.html", &bold(last)).edition.sections[0].body;
        assert_eq!(body.contains("| Trade | Sum |\n| --- | --- |"), headed, "{body}");
    }
    let page = "<html><body><h1>Leads</h1><p>Where they came from in May, and what each of them did:</p><table><tr><th>From</th>\
                <th>Asked</th><th>Paid</th><th>Sum</th></tr><tr><td rowspan=2>Fair</td><td>9</td><td>4</td><td>13</td></tr><tr>\
                <td>8</td><td>3</td><td>11</td></tr><tr><td>Post</td><td colspan=2>not known</td><td>70</td></tr></table>";
    let body = &read("leads.html", page).edition.sections[0].body;
    for row in [
        "| Fair | 9 | 4 | 13 |",
        "|  | 8 | 3 | 11 |",
        "| Post | not known |  | 70 |",
    ] {
        assert!(body.contains(row), "{body}");
    }
}

#[test]
fn who_answers_is_seen_in_chinese_japanese_and_korean() {
    check(
        "wide.md",
        "# 通信 第9号\n\n## Q1. 値上げはいつですか？\n\nA. 田中 恵（サポート部長）\n\n春にします。\n\nA. 佐藤、料金担当\n\n\
         新しい客だけです。\n",
        &[
            "? 値上げはいつですか？ < - | ",
            "a 田中 恵（サポート部長）: 春にします。",
            "b 佐藤、料金担当: 新しい客だけです。",
        ],
    );
    check(
        "asked.md",
        "# 产品周刊 第八期\n\n问：什么时候涨价？\n\n答（王芳，定价顾问）：春天。\n\n答：李雷\n只对新客户。\n\n## 资源\n\n- \
         [定价指南](https://zh.example/guide)\n",
        &[
            "? 什么时候涨价？ < - | ",
            "a 王芳，定价顾问: 春天。",
            "b 李雷: 只对新客户。",
            "r 定价指南",
        ],
    );
    check(
        "asked.txt",
        "제품 편지 4호\n\n질문: 가격은 언제 올리나요?\n\n답변 (김민수, 가격 담당): 봄에 올리세요.\n",
        &["? 가격은 언제 올리나요? < - | ", "a 김민수, 가격 담당: 봄에 올리세요."],
    );
}

#[test]
fn newsletters_that_number_their_issues_in_another_script_are_told_apart() {
    let slug = |name: &str, title: &str| {
        let report = import_bytes(
            name,
            format!("# {title}\n\nまずサポートが読みます。\n").as_bytes(),
            &Limits::default(),
        );
        report.editions[0].edition.slug.clone()
    };
    assert_ne!(slug("a.md", "通信 第7号"), slug("b.md", "周刊 第7期"));
    assert_eq!(slug("c.md", "Letter 第7号"), "letter-7");
}

#[test]
fn what_a_publishing_program_adds_is_no_word_of_the_last_answer() {
    let letter = |last: &str| {
        format!(
            "<rss version=\"2.0\"><channel><title>Plumb</title><item><title>Dates</title><description><![CDATA[\
             <h2>Question 1) When do you tell sales a date?</h2><h3>A. Devon Clarke, VP product at a bank</h3><p>When it \
             has shipped.</p><h3>B. Mira Stein, head of sales</h3><p>In the week before.</p>{last}]]></description></item>\
             </channel></rss>"
        )
    };
    let said = [
        "? When do you tell sales a date? < - | ",
        "a Devon Clarke, VP product at a bank: When it has shipped.",
        "b Mira Stein, head of sales: In the week before.",
    ];
    for last in [
        "<p>Plumb Lines is a reader-supported publication. To receive new posts, consider becoming a subscriber.</p>",
        "<p>Thanks for reading Plumb Lines! Subscribe for free to receive new posts and support my work.</p>",
        "<p>The post <a href=\"https://plumb.example/d\">Dates</a> appeared first on <a \
         href=\"https://plumb.example\">Plumb</a>.</p>",
    ] {
        check("feed.xml", &letter(last), &said);
    }
    // The same words, but said by someone about something.
    let content = "<p>The post that I wrote appeared first on our wiki, and sales read it there.</p>";
    let answers = read("feed.xml", &letter(content)).edition.discussions.remove(0).answers;
    assert!(answers[1].body.ends_with("and sales read it there."));
}

#[test]
fn entities_in_the_title_of_a_feed_are_read_whatever_its_type_says() {
    let feed = "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>T</title><entry><title><![CDATA[Don&#8217;t ship <b> on \
                Fridays &amp; rest]]></title><updated>2025-11-02T10:00:00Z</updated><content type=\"text\">We ship when \
                support is in.</content></entry></feed>";
    let report = import_bytes("feed.xml", feed.as_bytes(), &Limits::default());
    assert_eq!(report.editions[0].edition.title, "Don’t ship <b> on Fridays & rest");
}

#[test]
fn a_byte_order_mark_hides_no_header() {
    let mail = "\u{feff}From: Hedda Voss <h@e.org>\nSubject: Mark first\nDate: Tue, 11 Nov 2025 07:30:00 +0100\n\nSaved by an \
                editor, read by a mail program.\n";
    let report = import_bytes("mark.eml", mail.as_bytes(), &Limits::default());
    let edition = &report.editions[0].edition;
    assert_eq!(
        (edition.title.as_str(), edition.source.as_deref()),
        ("Mark first", Some("Mail from Hedda Voss"))
    );
}
