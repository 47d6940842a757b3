//! Tests the output formats of answers, hits and editions, `--save`, and suggestions for typos.

use std::fs;

use crate::harness::Home;

const QUESTION: &str = "How should we price an API?";

/// Creates a home whose only edition tries to inject HTML, Markdown and terminal escapes.
fn hostile() -> Home {
    let home = Home::new();
    home.write(
        "corpus/evil.md",
        "---\nslug: evil\ntitle: \"T<script>alert(1)</script>\"\nsource: \"javascript:alert(1)\"\n---\n\n\
         ## Q1. How should we price an <img src=x onerror=alert(1)> API?\n\nAsked by: A\" onclick=\"x\n\n\
         ### A. Mallory <b>\n\n\
         Price the API by what <script>alert(2)</script> its use is worth ![p](http://t.example/p.png) to the customer.\n\n\
         Look at how competitors price the API before you do.\n",
    );
    home
}

#[test]
fn models_list_says_what_runs_each_model_and_each_architecture() {
    let home = Home::new();
    let listed = home.askpm().args(["models", "list", "--json"]).run().ok().json();
    for model in listed["models"].as_array().unwrap() {
        let kernels = if model["kind"] == "embedding" {
            "candle"
        } else {
            "askpm"
        };
        assert_eq!(model["kernels"], kernels, "{model}");
    }
    let runs = |name: &str| {
        let all = listed["architectures"].as_array().unwrap();
        let one = all.iter().find(|architecture| architecture["name"] == name);
        one.map(|architecture| architecture["kernels"].clone())
    };
    assert_eq!(runs("qwen3").unwrap(), "askpm");
    assert_eq!(runs("gemma2").unwrap(), "candle-transformers");
    assert_eq!(runs("mamba"), None);
    let text = home.askpm().args(["models", "list"]).run().ok().stdout;
    assert!(text.contains("run on candle-transformers") && text.contains("gemma, gemma2, olmo2"));
}

#[test]
fn a_page_has_every_text_escaped_and_fetches_nothing() {
    let home = hostile();
    let askpm = || home.bare().args(["--corpus", "corpus"]);
    for args in [
        &["ask", "-m", "none", "--format", "html", QUESTION][..],
        &["search", "--format", "html", "price API"],
        &["show", "--format", "html", "evil"],
    ] {
        let page = askpm().args(args).run().ok().stdout;
        assert!(
            page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"),
            "{page}"
        );
        assert!(
            page.contains("default-src 'none'") && page.contains("&lt;script&gt;"),
            "{page}"
        );
        for bad in ["<script", "<img", "<b>Mallory <b>", "href=\"javascript", "<link"] {
            assert!(!page.contains(bad), "{bad} is in {page}");
        }
    }
    let page = askpm()
        .args(["ask", "-m", "none", "--format", "html", QUESTION])
        .run()
        .ok()
        .stdout;
    assert!(
        page.contains("<a href=\"#source-1\">[1]</a>") && page.contains("id=\"source-1\""),
        "{page}"
    );
}

#[test]
fn markdown_has_no_tag_and_no_image_of_a_newsletter() {
    let home = hostile();
    let askpm = || home.bare().args(["--corpus", "corpus"]);
    for args in [
        &["ask", "-m", "none", "--format", "md", QUESTION][..],
        &["search", "--format", "md", "price API"],
        &["show", "--format", "md", "evil"],
    ] {
        let text = askpm().args(args).run().ok().stdout;
        assert!(text.starts_with("# "), "{text}");
        let unescaped = |what: &str| text.match_indices(what).any(|(at, _)| !text[..at].ends_with('\\'));
        assert!(!unescaped("<") && !unescaped("!["), "{text}");
    }
    let text = askpm()
        .args(["ask", "-m", "none", "--format", "md", QUESTION])
        .run()
        .ok()
        .stdout;
    assert!(
        text.contains("## Sources") && text.contains("`evil/q1`") && text.contains(" [1]"),
        "{text}"
    );
}

#[test]
fn format_json_is_what_json_prints_and_contradictions_are_refused() {
    let home = Home::new();
    let show = |flags: &[&str]| home.askpm().args(["show", "pricing"]).args(flags).run();
    assert_eq!(show(&["--format", "json"]).ok().stdout, show(&["--json"]).ok().stdout);
    assert_eq!(show(&["--format", "text"]).ok().stdout, show(&[]).ok().stdout);
    assert_eq!(show(&["--json", "--format", "md"]).status, Some(2));
    for args in [
        &["ask", "--jsonl", "--format", "md", "x"][..],
        &["search", "--explain", "--format", "html", "x"],
        &["ask", "--batch", "-", "--save", "a.md"],
        &["ask", "--save", "answer.pdf", "x"],
        &["ask", "--save", "answer", "x"],
    ] {
        let ran = home.askpm().args(args).run();
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""), "{ran:#?}");
    }
}

#[test]
fn an_answer_is_kept_as_the_file_s_ending_says_and_printed_as_ever() {
    let home = Home::new();
    let ask = |save: &str| home.askpm().args(["ask", "-m", "none", "--save", save, QUESTION]).run();
    for (name, part) in [
        ("a.md", "## Sources"),
        ("a.html", "<!DOCTYPE html>"),
        ("a.json", "\"citations\""),
        ("a.txt", "Sources"),
    ] {
        let ran = ask(name).ok();
        assert!(ran.stdout.contains("\nSources\n"), "{ran:#?}");
        let kept = fs::read_to_string(home.path(name)).unwrap();
        assert!(kept.contains(part) && kept.contains("pricing/q"), "{kept}");
    }
    let ran = ask("nowhere/a.md");
    assert!(ran.status == Some(1) && ran.stderr.contains("nowhere/a.md"), "{ran:#?}");
    // An abstention is not saved.
    let ran = home
        .askpm()
        .args(["ask", "-m", "none", "--save", "none.md", "best pizza in Naples"])
        .run();
    assert_eq!(ran.status, Some(3), "{ran:#?}");
    assert!(!home.path("none.md").exists());
}

#[test]
fn off_a_terminal_there_are_no_links_whatever_the_terminal_could_do() {
    let home = Home::new();
    for args in [&["show", "pricing"][..], &["ask", "-m", "none", QUESTION]] {
        let ran = home
            .askpm()
            .env("FORCE_HYPERLINK", "1")
            .env("PAGER", "/nowhere/pager")
            .args(args)
            .run()
            .ok();
        assert!(!ran.stdout.contains('\u{1b}'), "{ran:#?}");
    }
}

#[test]
fn a_word_that_is_no_command_is_refused_before_it_is_answered_and_a_question_is_asked() {
    let home = Home::new();
    let refused = |args: &[&str]| {
        let ran = home.askpm().args(args).run();
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""), "{ran:#?}");
        ran
    };
    let ran = refused(&["otters"]);
    assert!(ran.stderr.contains("`otters` is not an askpm command"), "{ran:#?}");
    assert!(ran.hint().contains("`askpm ask otters`"), "{ran:#?}");
    let ran = refused(&["serch", "pricing"]);
    assert!(ran.stderr.contains("did you mean `askpm search pricing`?"), "{ran:#?}");
    let words = ["show", "me", "how", "to", "price", "an", "API"];
    let ran = home
        .askpm()
        .env("ASKPM_MODEL", "none")
        .args(words)
        .args(["--json"])
        .run()
        .ok();
    assert_eq!(ran.json()["question"], "show me how to price an API");
}

#[test]
fn slips_in_names_and_commands_are_met_with_the_nearest() {
    let home = Home::new();
    let ran = home.askpm().args(["show", "pricng/q1"]).run().fails(1, &["pricng/q1"]);
    assert!(ran.hint().starts_with("did you mean `pricing`?"), "{ran:#?}");
    let ran = home
        .askpm()
        .args(["models", "path", "smollm2-153m"])
        .run()
        .fails(1, &["smollm2-153m"]);
    assert!(ran.hint().starts_with("did you mean `smollm2-135m`?"), "{ran:#?}");
    let ran = home.askpm().args(["serch", "-m", "none"]).run();
    assert!(ran.stderr.contains("did you mean `askpm search -m none`?"), "{ran:#?}");
    let ran = home.askpm().args(["-m", "none", QUESTION]).run().ok();
    assert!(!ran.stderr.contains("did you mean"), "{ran:#?}");
}

#[test]
fn search_tells_its_times_with_v_only() {
    let home = Home::new();
    let ran = home.askpm().args(["search", "-v", "price"]).run().ok();
    assert!(
        ran.stderr.contains("index opened in") && ran.stderr.contains("searched in"),
        "{ran:#?}"
    );
    assert_eq!(home.askpm().args(["search", "price"]).run().ok().stderr, "");
}
