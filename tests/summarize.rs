//! Tests `askpm summarize`.

use crate::harness::{Home, Ran, fixture};

fn summarize(home: &Home, args: &[&str]) -> Ran {
    home.bare()
        .env("ASKPM_CORPUS", fixture("digest"))
        .args(["summarize"])
        .args(args)
        .run()
}

fn ids(ran: &Ran) -> Vec<String> {
    let json = ran.json();
    let sentences = json["sentences"].as_array().unwrap().iter();
    sentences.map(|one| one["id"].as_str().unwrap().to_string()).collect()
}

#[test]
fn an_edition_a_discussion_and_an_answer_are_summarized_in_their_own_sentences() {
    let home = Home::new();
    let ran = summarize(&home, &["raising-prices", "--json"]).ok();
    let text = std::fs::read_to_string(fixture("digest/raising-prices.md")).unwrap();
    let json = ran.json();
    let sentences = json["sentences"].as_array().unwrap();
    assert!((3..=5).contains(&sentences.len()), "{json}");
    for sentence in sentences {
        assert!(text.contains(sentence["quote"].as_str().unwrap()), "{sentence}");
    }
    assert!(ids(&ran).contains(&"raising-prices/q2/a".to_string()), "{ran:#?}");
    let one = ids(&summarize(&home, &["raising-prices/q1", "--json"]).ok());
    assert!(
        one.len() > 2 && one.iter().all(|id| id.starts_with("raising-prices/q1/")),
        "{one:?}"
    );
    let answer = ids(&summarize(&home, &["raising-prices/q1/c", "--json"]).ok());
    assert!(answer.iter().all(|id| id == "raising-prices/q1/c"), "{answer:?}");
    for format in ["text", "md", "html"] {
        let shown = summarize(&home, &["first-hire", "--format", format]).ok().stdout;
        assert!(
            shown.contains("Publish the salary band") && shown.contains("first-hire/s1"),
            "{shown}"
        );
    }
}

#[test]
fn a_file_and_standard_input_are_summarized_without_being_imported() {
    let home = Home::new();
    let letter = "On mangos\n\nQuestion 1) How should we price the mango plan?\n\nA] Charge by the crate, because every \
                  customer counts crates already.\n\n\u{2013} Jo Doe\n";
    home.write("letter.txt", letter);
    let of_file = summarize(&home, &["letter.txt"]).ok();
    assert!(
        of_file
            .stdout
            .contains("Charge by the crate, because every customer counts crates already."),
        "{of_file:#?}"
    );
    let piped = home.bare().args(["summarize", "-"]).stdin(letter).run().ok();
    assert!(piped.stdout.contains("Charge by the crate"), "{piped:#?}");
    let listed = home.bare().args(["list"]).run().ok().stdout;
    assert!(!listed.contains("mango plan"), "{listed}");
}

/// A discussion in which the second contributor contradicts the first.
const LETTER: &str = "---\nslug: w1\ntitle: Pricing letter\ndate: 2026-11-25\nsource: \"Ana, https://post.example/1\"\n---\n\n\
    ## Q1. How do I price an AI feature?\n\n### A. Dana, consultant\n\nCharge for the AI feature per seat, because small \
    customers fear surprise bills. Start with ten dollars.\n\n### B. Omar, head of product\n\nI disagree with Dana: never \
    charge for the AI feature per seat, because usage varies too much. Charge by use.\n";

#[test]
fn advice_comes_first_and_one_who_contradicts_follows() {
    let home = Home::new();
    home.write("own/w1.md", LETTER);
    for what in ["w1", "w1/q1"] {
        let run = home.bare().args(["--corpus", "own", "summarize", what]);
        let text = run.run().ok().stdout;
        let (dana, omar) = (
            text.find("Dana, consultant: “Charge for"),
            text.find("Another view, Omar"),
        );
        assert!(dana.is_some() && dana < omar, "{text}");
        assert!(
            text.contains("Ana") && text.contains("\nhttps://post.example/1\n"),
            "{text}"
        );
    }
}

#[test]
fn no_built_in_edition_is_summarized_by_dissent_alone() {
    let home = Home::new();
    for (edition, _) in askpm::corpus::builtin() {
        let run = home
            .bare()
            .args(["summarize", &edition.slug, "--by", "words", "--json"]);
        let json = run.run().ok().json();
        let sentences = json["sentences"].as_array().unwrap();
        let dissents = sentences.iter().filter(|one| one["stance"] == "dissents").count();
        assert!(dissents <= 1 && sentences.len() >= 3, "{}: {json:#}", edition.slug);
        let discussions: std::collections::BTreeSet<&str> = sentences
            .iter()
            .filter(|one| one["stance"] != "dissents")
            .map(|one| one["id"].as_str().unwrap().rsplit_once('/').unwrap().0)
            .collect();
        assert_eq!(
            discussions.len(),
            edition.discussions.len().min(5),
            "{}: {json:#}",
            edition.slug
        );
    }
}

#[test]
fn an_article_is_summarized_from_all_of_its_parts() {
    let home = Home::new();
    let mut article = String::from("On prices\n\nA price is a promise that customers can check before they buy.\n\n");
    for part in [
        "Bakers who show the price of bread in the window see customers come back on Monday.",
        "Pilots print the fare on the ticket, because a fare that changes later loses their regulars.",
        "A printer should quote the price of paper and ink apart, so that a client sees what grows.",
        "Lawyers win clients with a fixed price for the first hour and a list of what it holds.",
        "Dentists lose patients over a bill that nobody explained before the chair went down.",
        "Plumbers keep customers when the price of the drive is on the same page as the work.",
    ] {
        article += &format!("{part} It was late. I disagree with those who hide it. They know why.\n\n");
    }
    let text = home
        .bare()
        .args(["summarize"])
        .stdin(article.as_str())
        .run()
        .ok()
        .stdout;
    let quotes: Vec<&str> = text.lines().filter(|line| line.contains('“')).collect();
    assert_eq!(quotes.len(), 5, "{text}");
    assert!(quotes[0].contains("A price is a promise"), "{text}");
    assert!(!text.contains("I disagree"), "{text}");
    let places: Vec<Option<usize>> = quotes
        .iter()
        .map(|quote| {
            let start = quote.find('“').unwrap() + '“'.len_utf8();
            article.find(&quote[start..quote.rfind('”').unwrap()])
        })
        .collect();
    assert!(
        places.is_sorted() && places[4] > Some(article.len() / 2),
        "{places:?} {text}"
    );
}

#[test]
fn what_cannot_be_summarized_is_said_with_the_way_out() {
    let home = Home::new();
    let ran = summarize(&home, &["nowhere"]).fails(1, &["cannot summarize nowhere"]);
    assert!(ran.hint().contains("askpm list"), "{ran:#?}");
    summarize(&home, &["raising-prices/q9"]).fails(1, &["no such part"]);
    summarize(&home, &["raising-prices/r1"]).fails(1, &["a resource has no discussion"]);
    let part = summarize(&home, &["nowhere/q1"]).fails(1, &["the corpus has no edition nowhere"]);
    assert!(part.hint().contains("askpm list"), "{part:#?}");
    home.write("folder/a.txt", "");
    let folder = summarize(&home, &["folder"]).fails(1, &["it is a folder"]);
    assert!(folder.hint().contains("name one of its files"), "{folder:#?}");
    home.write("empty.txt", "");
    summarize(&home, &["empty.txt"]).fails(1, &["cannot summarize empty.txt"]);
}
