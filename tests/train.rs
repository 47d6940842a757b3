//! Checks the finder's training data: it is well formed, and separate from what the finder is evaluated on.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The number of consecutive words that two texts must not share. Plain questions share nine by chance: `When should a
/// startup hire its first product manager?`
const SHINGLE: usize = 10;

fn files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|path| endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)));
    files.sort();
    assert!(!files.is_empty(), "nothing in {}", folder.display());
    files
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn shingles(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let words = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let words: Vec<&str> = words.collect();
    words.windows(SHINGLE).map(|words| words.join(" ")).collect()
}

/// Returns the sentences of an answer, in order.
fn sentences(answer: &Value) -> Vec<String> {
    let sentences = answer["s"].as_object().unwrap();
    (1..=sentences.len())
        .map(|n| sentences[&n.to_string()].as_str().unwrap().to_string())
        .collect()
}

#[test]
fn nothing_of_the_corpus_or_of_an_exam_is_learnt_from() {
    let exams = [
        files("corpus", &[".md"]),
        files("eval", &[".jsonl"]),
        files("eval/imported", &[".md", ".txt", ".eml", ".html", ".jsonl"]),
    ];
    let mut known = HashSet::new();
    for path in exams.concat() {
        known.extend(shingles(&String::from_utf8_lossy(&fs::read(path).unwrap())));
    }
    for path in files("train/data", &[".jsonl"]) {
        for line in lines(&path) {
            let mut texts: Vec<String> = ["q", "lead", "title", "question"]
                .iter()
                .filter_map(|key| line[key].as_str().map(String::from))
                .collect();
            let answers = line["answers"].as_array().unwrap().iter();
            texts.extend(answers.filter(|a| a.is_object()).map(|a| sentences(a).join(" ")));
            for shingle in texts.iter().flat_map(|text| shingles(text)) {
                assert!(!known.contains(&shingle), "{}: {shingle:?}", path.display());
            }
        }
    }
}

#[test]
fn every_question_names_discussions_and_runs_that_there_are() {
    let (mut all, mut near, mut discussions) = (0, 0, 0);
    for path in files("train/data", &[".discussions.jsonl"]) {
        let world: BTreeMap<String, Value> = lines(&path)
            .into_iter()
            .map(|line| (line["id"].as_str().unwrap().to_string(), line))
            .collect();
        discussions += world.len();
        let questions = path.to_string_lossy().replace(".discussions.", ".questions.");
        for question in lines(Path::new(&questions)) {
            let ids = |key: &str| -> Vec<String> {
                let ids = question[key].as_array().unwrap().iter();
                ids.map(|id| id.as_str().unwrap().to_string()).collect()
            };
            let (answers, related) = (ids("answers"), ids("related"));
            let known = answers.iter().chain(&related).all(|id| world.contains_key(id));
            assert!(known, "{question}");
            all += 1;
            near += usize::from(answers.is_empty() && !related.is_empty());
            if answers.is_empty() {
                continue;
            }
            assert!(
                question["lead"].as_str().unwrap().split_whitespace().count() <= 25,
                "{question}"
            );
            for run in question["runs"].as_array().unwrap() {
                let (place, span) = run.as_str().unwrap().split_once(':').unwrap();
                let (id, answer) = place.split_once("/a").unwrap();
                let (first, last) = span.split_once('-').unwrap_or((span, span));
                let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
                let answer = &world[id]["answers"][answer.parse::<usize>().unwrap() - 1];
                let there = sentences(answer).len();
                assert!(answers.iter().any(|other| other == id), "{question}");
                assert!(
                    1 <= first && first <= last && last <= there && last - first < 3,
                    "{question}"
                );
            }
        }
    }
    assert!(
        discussions >= 150 && all >= 2_500 && near * 3 >= all,
        "{discussions} {all} {near}"
    );
}
