//! Tests what stands around a text, in any language: menus, footers, hidden text, texts that open on a click, and the
//! names and times above the posts of a thread.

use askpm::corpus::import::{Limits, import_bytes};

use crate::import_said::{check, read};

fn dropped(name: &str, text: &str) -> Vec<String> {
    read(name, text).dropped.into_iter().map(|d| d.text).collect()
}

/// Every word of `kept` is in the edition, and none of `gone` is.
fn holds(name: &str, text: &str, kept: &[&str], gone: &[&str]) {
    let edition = read(name, text).edition;
    let written = askpm::corpus::markdown::write(&edition);
    for words in kept {
        assert!(written.contains(words), "{name}: `{words}` is missing\n{written}");
    }
    for words in gone {
        assert!(!written.contains(words), "{name}: `{words}` is kept\n{written}");
    }
}

#[test]
fn a_footer_is_known_by_how_it_is_built() {
    let german = "<html><body><p><a href='https://x.example/v/1'>Im Browser ansehen</a></p><h1>Produktbrief 31</h1><h2>Warum \
                  wir keine Wunschliste mehr führen</h2><p>Wir haben die Liste im Januar gelöscht, und niemand hat in den drei \
                  Monaten danach nach ihr gefragt.</p><p>Abmelden war unser meistgeklickter Link, bis wir den Versandtag \
                  änderten.</p><p>Sie erhalten diese E-Mail, weil Sie sich auf unserer Website angemeldet haben. <a \
                  href='https://x.example/u?u=1'>Abmelden</a> | <a href='https://x.example/prefs'>Einstellungen</a></p><p>\
                  Produktbrief GmbH, Hauptstraße 12, 10115 Berlin</p><p><a href='https://x.example/imp'>Impressum</a> · <a \
                  href='https://x.example/dat'>Datenschutz</a></p></body></html>";
    holds(
        "german.html",
        german,
        &["gelöscht", "Abmelden war unser meistgeklickter Link"],
        &["Im Browser", "Sie erhalten", "Hauptstraße", "Impressum"],
    );
    let french = "<html><body><p><a href='https://x.example/'>Accueil</a> <a href='https://x.example/a'>Archives</a> <a \
                  href='https://x.example/q'>Qui sommes-nous</a></p><h1>Lettre produit</h1><p>Nous avons retiré le prix de la \
                  page pendant un mois, et les ventes n’ont pas bougé d’un point.</p><p>Se désabonner devrait prendre un clic, \
                  disait notre juriste, et elle avait raison.</p><p>Vous recevez ce message car vous êtes inscrit. <a \
                  href='https://x.example/d?u=1'>Se désinscrire</a></p><p>© 2026 Lettre, 12 rue des Lilas, 75011 \
                  Paris</p></body></html>";
    holds(
        "french.html",
        french,
        &["Nous avons retiré", "Se désabonner devrait prendre un clic"],
        &["Accueil", "Vous recevez", "rue des Lilas"],
    );
    let spanish = "Carta 14\n3 de marzo de 2026\n\nLa borramos en enero. Nadie preguntó por ella, y las tres ideas que importaban \
                   volvieron solas.\n\nDarse de baja era el enlace más pulsado hasta que cambiamos el día de envío.\n\n--\nHas \
                   recibido este correo porque te suscribiste.\nDarse de baja: https://x.example/baja?u=1\nCarta S.L., Calle \
                   Mayor 12, 28013 Madrid\n";
    holds(
        "spanish.txt",
        spanish,
        &["La borramos", "Darse de baja era el enlace"],
        &["Calle Mayor", "x.example/baja"],
    );
}

#[test]
fn links_and_addresses_that_are_content_stay() {
    let list = "# Links 12\n\nThree pages that we read twice this week, and one that we could have left alone.\n\n## \
                Tools\n\n[Ledger](https://a.example/1) · [Scale](https://a.example/2)\n\n---\n\n[Unsubscribe](https://x.example/unsubscribe)\n";
    holds("list.md", list, &["Ledger", "Scale"], &["x.example"]);
    let meeting = "# Meeting 4\n\nWe meet in spring, and everybody who has shipped something since the last time may speak for five \
                   minutes.\n\nThe place: Hall GmbH, Hauptstraße 12, 10115 Berlin\n";
    holds("meeting.md", meeting, &["Hauptstraße 12"], &[]);
}

#[test]
fn tables_and_lists_about_furniture_stay() {
    check(
        "rates.md",
        "# Rates\n\n| Days | Unsubscribe rate |\n| --- | --- |\n| 7 | 4.1% |\n| 30 | 0.3% |\n",
        &["s Rates: | Days | Unsubscribe rate | | --- | --- | | 7 | 4.1% | | 30 | 0.3% |"],
    );
    let rows = "<html><body><h1>Rates</h1><table><tr><th>Page</th><th>Unsubscribes</th></tr><tr><td><a \
                href='https://n.example/a'>Why seats go</a></td><td>9</td></tr><tr><td>Plans</td><td>4</td></tr></table></body></html>";
    holds(
        "rows.html",
        rows,
        &["Unsubscribes", "| [Why seats go](https://n.example/a) | 9 |"],
        &[],
    );
    let owners = "# Owners\n\nEvery page of the product has an owner who answers for it, and here is the list that we \
                  keep.\n\n- Unsubscribe: Ewa\n- Terms of service: legal\n\nThe list is read on Mondays, and whoever is missing gets \
                  the page that nobody else wants to have.\n";
    holds(
        "owners.md",
        owners,
        &["Terms of service: legal", "Unsubscribe: Ewa"],
        &[],
    );
}

#[test]
fn a_heading_about_us_inside_of_a_text_does_not_end_it() {
    let page = "<html><body><h1>The ledger</h1><p>We kept a ledger of every promise for a year, and then read it aloud to the \
                whole team.</p><h3>About us</h3><p>What the ledger says about us is that we say no on Mondays.</p><h3>The \
                end</h3><p>Five became a yes.</p></body></html>";
    holds("ledger.html", page, &["we say no on Mondays", "Five became a yes"], &[]);
}

#[test]
fn hidden_text_is_left_out_and_text_that_only_seems_hidden_stays() {
    let page = |parts: &str| {
        format!(
            "<html><body>{parts}<h1>Desk letter</h1><p>We raised the price in March and lost two customers, who came back in \
             May and stayed.</p></body></html>"
        )
    };
    for hidden in [
        "<div style='color:#fff;background-color:#FFFFFF;font-size:1px'>hidden words</div>",
        "<div style='color:white;background:white'>hidden words</div>",
        "<table bgcolor='#ffffff'><tr><td><p style='color:#ffffff'>hidden words</p></td></tr></table>",
        "<div style='width:0;height:0;overflow:hidden'>hidden words</div>",
        "<div style='position:absolute;left:-9999px'>hidden words</div>",
        "<div style='font-size:0;line-height:0'>hidden words</div>",
        "<span style='mso-hide:all'>hidden words</span>",
        "<div hidden>hidden words</div>",
        "<style>.hid{display:none!important}</style><div class='hid'>hidden words</div>",
        "<style>#small{display:none} @media (max-width:600px){#small{display:block}}</style><div id='small'>hidden words</div>",
    ] {
        assert!(
            dropped("hidden.html", &page(hidden))
                .iter()
                .any(|d| d == "hidden words"),
            "{hidden}"
        );
    }
    for shown in [
        "<table style='font-size:0'><tr><td style='font-size:16px'>shown words</td></tr></table>",
        "<div style='visibility:hidden'><p style='visibility:visible'>shown words</p></div>",
        "<div style='visibility:hidden' class='aos-init'>shown words</div>",
        "<div style='visibility:hidden;animation-name:none'>shown words</div>",
        "<p aria-hidden='true'>shown words</p>",
        "<p style='color:#fff'><span style='background:#000'>shown words</span></p>",
        "<div style='background:#1a1a1a'><p style='color:#fff'>shown words</p></div>",
        "<table bgcolor='#ffffff'><tr><td class='dark'><p style='color:#fff'>shown words</p></td></tr></table>",
        "<style>@media (max-width:600px){.wide{display:none}}</style><p class='wide'>shown words</p>",
        "<style>.a .b{display:none}</style><p class='b'>shown words</p>",
        "<style>.tab{display:none}</style><script>open()</script><p class='tab'>shown words</p>",
    ] {
        assert!(
            !dropped("shown.html", &page(shown)).iter().any(|d| d == "shown words"),
            "{shown}"
        );
    }
}

#[test]
fn a_hidden_element_that_never_ends_hides_its_own_paragraph_only() {
    for name in ["font", "b", "i"] {
        let page = format!(
            "<html><body><p><{name} style='display:none'>preview text<p>We asked who counts.</p><p>Ifeoma \
             does.</p><h2>Why</h2><p>Nobody else did.</p></body></html>"
        );
        holds("open.html", &page, &["who counts", "Ifeoma", "Nobody else did"], &[]);
    }
}

#[test]
fn what_opens_on_a_click_has_a_heading() {
    let page = "<html><body><h1>Desk letter</h1><p>Two numbers from the test that we ran in the spring of this year.</p><details>\
                <summary>Who stayed</summary><p>Of 200, 31 stayed.</p></details><details><summary>Who left</summary><p>The \
                rest did, most of them on the first day.</p></details></body></html>";
    check(
        "click.html",
        page,
        &[
            "s Desk letter: Two numbers from the test that we ran in the spring of this year.",
            "s Who stayed: Of 200, 31 stayed.",
            "s Who left: The rest did, most of them on the first day.",
        ],
    );
    let text = "# Desk letter\n\n## Q1. How do you keep a roadmap honest?\n\n<details>\n<summary>Answer by Ivo Marek, \
                CFO</summary>\n\nWe delete it in January.\n\n</details>\n\n<details>\n<summary><b>Answer by Lena Ortiz, head of \
                product</b></summary>\n\nWe never had one.\n\n</details>\n\nThe next letter comes in May.\n";
    check(
        "click.md",
        text,
        &[
            "? How do you keep a roadmap honest? < - | ",
            "a Ivo Marek, CFO: We delete it in January.",
            "b Lena Ortiz, head of product: We never had one.",
            "s Note after question 1: The next letter comes in May.",
        ],
    );
}

#[test]
fn posts_of_a_thread_belong_to_who_wrote_them() {
    let expected = [
        "? How do you price an add-on? < marta_w | We sell reports and nobody agrees. Per seat or flat?",
        "a Ivo Marek: Flat. Nobody counts the seats of a report.",
        "b dev-ana: Ask three buyers and take the middle one.",
    ];
    let beside = "# How do you price an add-on?\n\n**marta_w** · 3 March 2026\n\nWe sell reports and nobody agrees. Per seat or \
                  flat?\n\n**Ivo Marek** · 3 March 2026\n\nFlat. Nobody counts the seats of a report.\n\n**dev-ana** · 4 March \
                  2026\n\nAsk three buyers and take the middle one.\n";
    check("beside.md", beside, &expected);
    let below = "<html><body><h1>How do you price an add-on?</h1><div>marta_w</div><div>March 3, 2026, 10:14am</div><p>We sell \
                 reports and nobody agrees. Per seat or flat?</p><div>2 replies</div><div>Ivo Marek</div><div>2 days \
                 ago</div><p>Flat. Nobody counts the seats of a report.</p><div>dev-ana</div><div>2 days ago</div><p>Ask three \
                 buyers and take the middle one.</p></body></html>";
    check("below.html", below, &expected);
    let wrote = "How do you price an add-on?\n===========================\n\nmarta_w wrote on 3 March 2026:\n\nWe sell reports and \
                 nobody agrees. Per seat or flat?\n\nIvo Marek replied on 3 March 2026 at 11:40:\n\nFlat. Nobody counts the seats \
                 of a report.\n\ndev-ana replied on 4 March 2026 at 9:02:\n\nAsk three buyers and take the middle one.\n";
    check("wrote.txt", wrote, &expected);
}

#[test]
fn mails_of_a_list_below_each_other_are_a_thread() {
    let list = "From: Marta Wilk <marta@example.org>\nDate: Tue, 3 Mar 2026 10:14:00 +0100\nSubject: [pm-list] How do you price \
                it?\n\nWe sell reports and nobody agrees. Per seat or flat?\n\nMarta\n\nFrom: Ivo Marek \
                <ivo@example.org>\nDate: Tue, 3 Mar 2026 11:40:00 +0100\nSubject: Re: [pm-list] How do you price it?\n\nFlat. \
                Nobody counts the seats of a report.\n\nIvo\n\nFrom: lena at example.org (Lena Ortiz)\nDate: Wed, 4 Mar 2026 \
                09:02:00 +0100\nSubject: Re: [pm-list] How do you price it?\n\nPer seat.\n";
    let report = import_bytes("list.txt", list.as_bytes(), &Limits::default());
    let discussion = &report.editions[0].edition.discussions[0];
    assert_eq!(discussion.title, "How do you price it?");
    let said: Vec<(&str, &str)> = discussion
        .answers
        .iter()
        .map(|answer| (answer.contributor.as_str(), answer.body.trim()))
        .collect();
    assert_eq!(
        said,
        [
            ("Ivo Marek", "Flat. Nobody counts the seats of a report."),
            ("Lena Ortiz", "Per seat.")
        ]
    );
}

#[test]
fn an_article_with_bylines_or_comments_is_no_thread() {
    let article = "# Prices by seat\n\n**Ana Lima** · 3 March 2026\n\nWe asked nine firms: why by seat? ".to_string()
        + &"They count seats because the seats are there to be counted. ".repeat(30)
        + "\n\n**Ivo Marek** · 4 March 2026\n\nThank you for this.\n\n**Lena Ortiz** · 5 March 2026\n\nWe do not.\n";
    assert!(read("article.md", &article).edition.discussions.is_empty());
    let items = "# Reading\n\n## Seats\n\nAna Lima · 3 March 2026\n\nShe asks why we count them.\n\n## Plans\n\nIvo Marek · 4 March \
                 2026\n\nHe has three.\n";
    assert!(read("items.md", items).edition.discussions.is_empty());
}

#[test]
fn a_name_in_bold_below_an_item_stays_with_it() {
    let page = "<html><body><h1>Notes of June</h1><h3>The film team that sold software</h3><p>A crew of nine wrote a tool for its own \
                days, and then sold it to others.</p><p><strong>Ana Lima</strong></p><h3>Meetings by mail</h3><p>Nobody met for \
                a month, and the notes of that month are the best that they have.</p><p><strong>Ben Osei</strong></p></body></html>";
    check(
        "items.html",
        page,
        &[
            "s The film team that sold software: A crew of nine wrote a tool for its own days, and then sold it to others. Ana Lima",
            "s Meetings by mail: Nobody met for a month, and the notes of that month are the best that they have. Ben Osei",
        ],
    );
}

#[test]
fn lines_with_the_same_dash_are_a_list() {
    let letter = "# Desk letter 3\n\nQuestion 1) What do you bring?\n\nA] Three things:\n\n– Post-its\n\n– Dot Voting\n\n– \
                  Figma\n\nB] Nothing.\n\n– Hugo Brandt\n";
    check(
        "dashes.md",
        letter,
        &[
            "? What do you bring? < - | ",
            "a Unsigned: Three things: – Post-its – Dot Voting – Figma",
            "b Hugo Brandt: Nothing.",
        ],
    );
}

#[test]
fn days_are_read_from_what_pages_say_about_themselves() {
    let graph = "<html><head><title>Slow days</title><script type='application/ld+json'>{\"@graph\":[{\"@type\":\"WebPage\",\
                 \"datePublished\":\"2026-03-30T08:00:00Z\"}]}</script></head><body><article><h1>Slow days</h1><p>We stopped for a \
                 week in spring, and nobody outside of the team saw any of it.</p></article></body></html>";
    let labelled = "<html><head><title>Slow days</title><link rel='stylesheet' href='a.css'></head><body><article><header \
                    class='entry-header'><h1>Slow days</h1><div class='entry-meta'>Posted on <time class='entry-date published' \
                    datetime='2026-02-11T09:00:00Z'>11 February 2026</time></div></header><p>We stopped for a week in spring, and \
                    nobody outside of the team saw any of it.</p></article></body></html>";
    for (page, day) in [(graph, "2026-03-30"), (labelled, "2026-02-11")] {
        assert_eq!(read("day.html", page).edition.date.as_deref(), Some(day));
    }
    for (line, day) in [
        ("14 stycznia 2026", Some("2026-01-14")),
        ("14 января 2026 г.", Some("2026-01-14")),
        ("7 févr. 2026", Some("2026-02-07")),
        ("Vol. 3 No. 2, February 2026", Some("2026-02-01")),
    ] {
        let text = format!(
            "# Slow days\n\n{line}\n\nWe stopped for a week in spring, and nobody outside of the team saw it.\n"
        );
        assert_eq!(read("line.md", &text).edition.date.as_deref(), day, "{line}");
    }
    let spans = "<html><body><h1>Slow days</h1><div><span>Anneke Visser</span><span>September 10, 2026</span><span>4 min \
                 read</span></div><p>We stopped for a week in spring, and nobody outside of the team saw any of it.</p></body></html>";
    holds("spans.html", spans, &[], &["VisserSeptember", "20264"]);
}

#[test]
fn the_author_of_an_entry_is_named() {
    let entry = "<entry><title>Seats</title><id>urn:a:1</id><author><name>Blanche Petit</name><uri>https://b.example</uri></author>\
                 <content>We count them.</content></entry>";
    let atom = format!("<feed xmlns='http://www.w3.org/2005/Atom'><title>Planet</title>{entry}</feed>");
    let rss = "<rss version='2.0' xmlns:dc='http://purl.org/dc/elements/1.1/'><channel><title>Planet</title><item><title>Seats</title>\
               <dc:creator>Blanche Petit</dc:creator><description>We count them.</description></item></channel></rss>";
    let json = "{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"Planet\",\"items\":[{\"id\":\"1\",\"title\":\"Seats\",\
                \"authors\":[{\"name\":\"Blanche Petit\"}],\"content_text\":\"We count them.\"}]}";
    for (name, text) in [("a.xml", atom.as_str()), ("b.xml", rss), ("c.json", json)] {
        let report = import_bytes(name, text.as_bytes(), &Limits::default());
        let source = report.editions[0].edition.source.clone().unwrap_or_default();
        assert!(source.contains("Planet, by Blanche Petit"), "{name}: {source}");
    }
}
