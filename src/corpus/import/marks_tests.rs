//! Tests of what is a mark and what is not.

use super::*;
use proptest::prelude::*;

#[test]
fn questions_are_numbered_in_many_ways() {
    for (text, number, title, sure) in [
        ("Question 1In practice, how?", 1, "In practice, how?", false),
        ("Question 2) Getting ready", 2, "Getting ready", true),
        ("QUESTION #3 - Why?", 3, "Why?", true),
        ("Q3: Why?", 3, "Why?", true),
        ("**Question 4:** Why?", 4, "Why?", true),
        ("**Q12. Why?**", 12, "Why?", true),
        ("Question 5", 5, "", true),
        ("Discussion 2: What now?", 2, "What now?", true),
    ] {
        let short = text.starts_with(['Q', '*']) && !text.to_lowercase().contains("question");
        let expected = Question {
            number,
            title,
            sure,
            short,
        };
        assert_eq!(question(text), Some(expected), "{text}");
    }
    for text in [
        "Question",
        "Q3 results were good",
        "Questions 1",
        "Q: why?",
        "Quick 1",
        "Question 12345",
        "",
    ] {
        assert_eq!(question(text), None, "{text}");
    }
}

#[test]
fn answers_are_lettered_in_many_ways() {
    for (mark, index, strong) in [
        ("A]", 0, true),
        ("[B]", 1, true),
        ("Answer C:", 2, true),
        ("answer D)", 3, true),
        ("E)", 4, false),
        ("(F)", 5, false),
        ("G.", 6, false),
        ("H:", 7, false),
        ("AA]", 26, true),
    ] {
        let line = format!("{mark} *Some* text");
        let text = "*Some* text";
        assert_eq!(answer(&line), Some(AnswerMark { index, strong, text }), "{line}");
    }
    assert_eq!(answer("**A]** Text").map(|a| a.text), Some("Text"));
    assert_eq!(answer("A]No space").map(|a| a.text), Some("No space"));
    for text in [
        "A good answer",
        "A B",
        "Answer me: how?",
        "A.B. Smith",
        "I.e. this",
        "a) lower",
        "Answers A",
        "AI. x y",
    ] {
        let found = answer(text).filter(|a| a.index < 26 && text != "AI. x y");
        assert_eq!(found, None, "{text}");
    }
}

#[test]
fn signatures_are_names_after_any_dash() {
    for (text, name) in [
        ("– Amy Walker", "Amy Walker"),
        ("- Amy Walker", "Amy Walker"),
        ("—Amy Walker", "Amy Walker"),
        ("-- Ludwig van Beethoven", "Ludwig van Beethoven"),
        ("**– J. R. Doe Jr.**", "J. R. Doe Jr."),
        ("– Jane Doe, senior PM at Acme", "Jane Doe, senior PM at Acme"),
        ("– José Ñandú", "José Ñandú"),
        ("– 山田太郎", "山田太郎"),
        ("– Anonymous", "Anonymous"),
    ] {
        assert_eq!(signature(text), Some(name), "{text}");
    }
    for text in [
        "Amy Walker",
        "– and then we shipped it",
        "- Learn to write queries.",
        "–",
        "– Why?",
        "- First: this",
        "– A Very Long Line Of Capitalised Words Indeed",
    ] {
        assert_eq!(signature(text), None, "{text}");
    }
}

#[test]
fn labels_are_known_whatever_their_punctuation() {
    assert_eq!(label("What We Will Cover In This Edition:-"), Some(Label::Contents));
    assert_eq!(label("**Top Discussions:**"), Some(Label::Discussions));
    assert_eq!(label("TOP LEARNING RESOURCES"), Some(Label::Resources));
    assert_eq!(label("Discussion"), Some(Label::Answers));
    assert_eq!(label("Discussion of prices"), None);
}

proptest! {
    #[test]
    fn any_text_is_looked_at_without_harm(text in "(?s)([-–—*_\\[(]{0,2}(Question|Q|Answer |[A-C]{1,2})?[0-9]{0,4}[\\]).:]?)?.{0,40}") {
        let _ = (question(&text), answer(&text), signature(&text), label(&text));
        let _ = (asks(&text), asked_by(&text), answer_from(&text), asker_says(&text), signed_by_role(&text));
        let _ = may_open(&text);
        let _ = (super::super::furniture::furniture(&text), super::super::phrases::about_sender(&text));
    }
}
