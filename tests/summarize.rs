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

#[test]
fn what_cannot_be_summarized_is_said_with_the_way_out() {
    let home = Home::new();
    let ran = summarize(&home, &["nowhere"]).fails(1, &["cannot summarize nowhere"]);
    assert!(ran.hint().contains("askpm list"), "{ran:#?}");
    summarize(&home, &["raising-prices/q9"]).fails(1, &["no such part"]);
    summarize(&home, &["raising-prices/r1"]).fails(1, &["a resource has no discussion"]);
    home.write("empty.txt", "");
    summarize(&home, &["empty.txt"]).fails(1, &["cannot summarize empty.txt"]);
}
