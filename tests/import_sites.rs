//! Tests which part of a saved web page is its article.

use crate::import_pages::{self, ONE, TWO, read, written};

/// Checks the title, what must be kept and what must be left out of a page without a date.
fn check(name: &str, text: &str, title: &str, kept: &[&str], out: &[&str]) {
    import_pages::check(name, text, title, None, kept, out);
}

const THREE: &str = "Nobody asked for the old page back, and the people who answer letters had a quiet month for once.";

/// A page with a style sheet, as sites have. Mail has none.
fn site(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html><html><head><title>{title}</title><link rel=stylesheet href=a.css></head><body>{body}</body></html>"
    )
}

#[test]
fn the_article_below_the_title_is_the_one_that_counts() {
    let signs: String = (0..15).map(|n| format!("<li>Sign {n}</li>")).collect();
    let body = format!(
        "<main><article><section><div><article><header><h1>Prices that sell</h1><ul>{signs}</ul></header>\
         <div><p>{ONE} It took a day.</p></div></article></div><div><article><footer><a href=/t>price</a></footer></article></div>\
         <div><article><div><p><strong>ON HIRING</strong></p><p>Two who know each other learn faster, he said.</p><p>{TWO}</p>\
         <p><strong>ONE MORE CASE</strong></p><p>{THREE}</p></div></article></div></section></article></main>"
    );
    let page = site("Prices that sell", &body);
    check("a.html", &page, "Prices that sell", &[ONE], &[]);
    // The head of the article is an article, and its text is below.
    let body = format!(
        "<section><article><h1>Prices that sell</h1><p>{ONE} It took us a whole day.</p></article>\
         <div><p>{TWO}</p><p>{THREE}</p><p>{TWO}</p></div></section>"
    );
    let page = site("Prices that sell", &body);
    check("a.html", &page, "Prices that sell", &[ONE, TWO], &[]);
}

#[test]
fn a_form_is_no_article() {
    let terms = "I agree that the makers of this letter write to me now and then, as long as I do not tell them to stop, and \
                 that they keep my address, my name, and the day on which I came to them.";
    let body = format!(
        "<div><h1>Prices that sell</h1><div><div><p>{ONE}</p></div></div></div><div class=box><form><input type=email><div>\
         <p>{terms}</p><p>{terms}</p><p>{terms}</p></div></form></div>"
    );
    let page = site("Prices that sell", &body);
    check("a.html", &page, "Prices that sell", &[ONE], &[]);
}

#[test]
fn labels_of_furniture_on_the_text_itself_hide_nothing() {
    // A live report is written in comments.
    let notes: String = [ONE, TWO, THREE]
        .iter()
        .map(|text| format!("<div class='ticker-comment'><span>9:30</span><p>{text}</p></div>"))
        .collect();
    let page = site("Launch day", &format!("<main><h1>Launch day</h1>{notes}</main>"));
    check("a.html", &page, "Launch day", &[ONE, TWO, THREE], &[]);
    // Below an article they are other people's.
    let text = [ONE, TWO, THREE, ONE].map(|text| format!("<p>{text}</p>")).concat();
    let page = site(
        "Launch day",
        &format!(
            "<main><h1>Launch day</h1>{text}{}</main>",
            notes.replace(ONE, "I saw it too, and it was a day like others at first.")
        ),
    );
    check("a.html", &page, "Launch day", &[ONE, TWO], &["I saw it too"]);
    // A layout is named after its column.
    let links: String = (0..9)
        .map(|n| format!("<li><a href='/{n}'>Letter number {n}</a></li>"))
        .collect();
    let page = site(
        "Launch day",
        &format!(
            "<div class=top><p>{TWO}</p><p>{THREE}</p><p>{TWO}</p></div><div class='wrap with-sidebar-left'><article>\
             <h2>Launch day</h2><p>{ONE}</p><ul>{links}</ul></article></div>"
        ),
    );
    let all = written(&read("a.html", &page));
    assert!(all.contains(ONE), "{all}");
    // A gallery opens pictures above the page.
    let page = site(
        "Launch day",
        &format!(
            "<main><article><h1>Launch day</h1><p>{ONE}</p><p>{ONE}</p><div class='js-lightbox'><p>{TWO}</p></div><p>{THREE}</p>\
             <p>{THREE}</p></article></main>"
        ),
    );
    check("a.html", &page, "Launch day", &[ONE, TWO, THREE], &[]);
}

#[test]
fn text_for_readers_without_scripts_is_text_if_it_is_the_article() {
    let page = site(
        "Launch day",
        &format!(
            "<header><h1>Launch day</h1></header><div><noscript><p>{ONE}</p><p>{TWO}</p></noscript></div><p>Archive</p>"
        ),
    );
    check("a.html", &page, "Launch day", &[ONE, TWO], &[]);
    let page = site(
        "Launch day",
        &format!(
            "<noscript><div class=note><p>Please turn on scripts.</noscript><div><h1>Launch day</h1><p>{ONE}</p><p>{TWO}</p></div>"
        ),
    );
    check("a.html", &page, "Launch day", &[ONE, TWO], &["turn on scripts"]);
}

#[test]
fn slides_that_wait_for_their_turn_are_shown() {
    let slide = |text: &str| format!("<div class=slide style='display:none'><p>{text}</p></div>");
    let page = site(
        "Launch day",
        &format!(
            "<article><h1>Launch day</h1><div><div class=slide><p>{ONE}</p></div>{}{}</div></article>",
            slide(TWO),
            slide(THREE)
        ),
    );
    check("a.html", &page, "Launch day", &[ONE, TWO, THREE], &[]);
}

#[test]
fn a_part_of_an_article_that_is_invisible_is_left_out() {
    let hidden = |style: &str, text: &str| {
        let text = format!("<div style='{style}'><p>{TWO}</p><p>{TWO}</p></div><p>{text}</p><p>{text}</p>");
        site("Launch day", &format!("<article><h1>Launch day</h1>{text}</article>"))
    };
    check(
        "a.html",
        &hidden("visibility: hidden", ONE),
        "Launch day",
        &[ONE],
        &[TWO],
    );
    // The rest opens on a click, or a script shows everything.
    check("a.html", &hidden("display: none", ONE), "Launch day", &[ONE, TWO], &[]);
    check(
        "a.html",
        &hidden("visibility: hidden", "By Dana"),
        "Launch day",
        &[TWO],
        &[],
    );
}

#[test]
fn a_player_of_videos_says_nothing() {
    let body = format!(
        "<article><h1>Launch day</h1><p>{ONE}</p><div class='video-js vjs-skin'><div class=vjs-bar><p>Loaded: 0%</p>\
         <p>Captions off</p><p>Playback rate</p></div></div><p>{TWO}</p><p>{THREE}</p></article>"
    );
    check(
        "a.html",
        &site("Launch day", &body),
        "Launch day",
        &[ONE, TWO],
        &["Playback", "Loaded"],
    );
}

#[test]
fn teasers_below_an_article_are_not_of_it() {
    let item =
        |n| format!("<li><h3><a href='/{n}'>Letter {n}</a></h3><p>{THREE} This is what letter {n} tells.</p></li>");
    let items: String = (0..9).map(item).collect();
    let text = format!("<p>{ONE}</p><p>{TWO}</p>").repeat(6);
    let body = format!(
        "<div role=main><div class=story><h1>Launch day</h1>{text}</div><div><h2>More</h2><p>x</p><p>y</p>\
         <p>z</p><p>w</p><ul>{items}</ul></div></div>"
    );
    check(
        "a.html",
        &site("Launch day", &body),
        "Launch day",
        &[ONE, TWO],
        &["letter 7 tells"],
    );
}

#[test]
fn boxes_around_an_article_leave_no_heading() {
    let author = "<div class='author-box'><h4>Dana Reyes</h4><p>Dana writes about prices, and has done so for ten years now.</p></div>";
    let body = format!(
        "<div id=text><h1>Launch day</h1><p>{ONE}</p><p>{TWO}</p><p>{THREE}</p>{author}</div><div class=box><h1>Most read</h1>\
         <ul><li><a href='/1'>A launch that failed</a><li><a href='/2'>Ten prices</a></ul></div>"
    );
    check(
        "a.html",
        &site("Launch day", &body),
        "Launch day",
        &[ONE, THREE],
        &["Most read", "Dana writes"],
    );
    // Several such boxes name those who speak.
    let boxes: String = ["Ana", "Ben", "Cem"]
        .iter()
        .map(|name| format!("<div><p>{ONE}</p><div class='author-box'><p>{name} leads a team of nine people in Porto, and has set the prices of three tools for larger firms.</p></div></div>"))
        .collect();
    let page = site("Launch day", &format!("<main><h1>Launch day</h1>{boxes}</main>"));
    check("a.html", &page, "Launch day", &["Ana leads", "Cem leads"], &[]);
}

#[test]
fn captions_are_text_and_credits_are_not() {
    let body = format!(
        "<article><h1>Launch day</h1><p>{ONE}</p><figure><img src=a.jpg><h2>The team in front of the old mill</h2>\
         <span class=credit>Jo Lens</span></figure><p>{TWO}</p><p>{THREE}</p></article>"
    );
    let imported = read("a.html", &site("Launch day", &body));
    let all = written(&imported);
    assert!(
        all.contains("\nThe team in front of the old mill\n") && !all.contains("Jo Lens"),
        "{all}"
    );
    assert_eq!(imported.edition.sections.len(), 1, "{all}");
}

#[test]
fn readings_above_words_are_not_in_the_middle_of_them() {
    let page = site(
        "お知らせ",
        "<article><h1>お知らせ</h1><p>新しい<ruby>値段<rp>(</rp><rt>ねだん</rt><rp>)</rp></ruby>を<ruby>決<rt>き</rt></ruby>めました。</p></article>",
    );
    check("a.html", &page, "お知らせ", &["新しい値段を決めました。"], &["ねだん"]);
}

#[test]
fn scripts_without_spaces_have_words() {
    let text = "新しい価格の説明会を開きました。参加した人たちは多くの質問をしました。答えは来週の手紙に書きます。";
    let body = format!(
        "<div class=top><p>入口 価格 手紙 質問 地図 連絡先 採用 写真 動画 音楽 店舗 地域</p></div><div class=art><h1>価格の説明会</h1>\
         <p>{text}</p><p>{text}</p></div><div class=end><p>会社概要 採用情報 個人情報 会員規約</p></div>"
    );
    check(
        "a.html",
        &site("価格の説明会", &body),
        "価格の説明会",
        &[text],
        &["入口", "会社概要"],
    );
}

#[test]
fn a_page_of_one_line_is_read() {
    let page = "<!DOCTYPE html><html><head></head><body>Moved</body></html>";
    check("old.html", page, "old", &["Moved"], &[]);
    check(
        "old.html",
        &site("Notes", "Moved to the new site"),
        "Notes",
        &["Moved to the new site"],
        &[],
    );
}

#[test]
fn a_space_before_the_end_of_a_link_changes_nothing() {
    let body = "<div><p>C. </p></div><div><p><strong>12. What makes a plan sell?</strong></p></div><div><p><br>A clear price.</p>\
                <p>—Ana, age 40</p><p><strong>Say it, and say it twice!</strong></p><p>—Ben, age 51 and a half</p></div>\
                <p><strong><a href='https://example.org/a'>The whole story of the launch </a></strong></p>\
                <h2><a href='https://example.org/1'>Nine prices of tools</a></h2>";
    let page = format!("<html><head></head><body>{body}</body></html>");
    let all = written(&read("a.html", &page));
    assert!(
        all.contains("[The whole story of the launch](https://example.org/a)\n"),
        "{all}"
    );
}
