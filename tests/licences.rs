//! Checks that every dependency has a licence that `deny.toml` allows.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::harness::skipped;

/// Returns the licences of `deny.toml`.
fn allowed() -> Vec<String> {
    let text = include_str!("../deny.toml");
    let table: toml::Table = toml::from_str(text).unwrap();
    let list = table["licenses"]["allow"].as_array().unwrap().iter();
    list.map(|licence| licence.as_str().unwrap().to_string()).collect()
}

/// Returns whether `allowed` satisfies an SPDX expression (version 2.3, annex D). `/` is an old form of `OR`.
fn met(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    any_of(&words, &mut at, allowed) && at == words.len()
}

fn any_of(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let mut met = all_of(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        met |= all_of(words, at, allowed);
    }
    met
}

fn all_of(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let mut met = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        met &= one(words, at, allowed);
    }
    met
}

fn one(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let word = words.get(*at).copied().unwrap_or("");
    *at += 1;
    if word == "(" {
        let met = any_of(words, at, allowed);
        let closed = words.get(*at) == Some(&")");
        *at += 1;
        return met && closed;
    }
    let mut licence = word.to_string();
    if words.get(*at) == Some(&"WITH") {
        licence = format!("{word} WITH {}", words.get(*at + 1).unwrap_or(&""));
        *at += 2;
    }
    allowed.contains(&licence)
}

#[test]
fn expressions_are_met_as_the_specification_has_it() {
    let allowed = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(String::from);
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0/MIT", true),
        ("MIT AND GPL-3.0", false),
        ("ISC AND (GPL-3.0 OR MIT)", true),
        ("(GPL-3.0 AND MIT) OR GPL-2.0", false),
        ("Apache-2.0", false),
        ("Apache-2.0 WITH LLVM-exception AND MIT", true),
        ("", false),
        ("MIT)", false),
    ] {
        assert_eq!(met(expression, &allowed), expected, "{expression}");
    }
}

#[test]
fn every_dependency_is_under_a_licence_that_is_allowed() {
    let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let metadata = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--offline",
            "--locked",
            "--filter-platform",
            &host,
        ])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .output();
    let Ok(metadata) = metadata.map_err(|error| skipped(format!("cargo cannot be run: {error}"))) else {
        return;
    };
    if !metadata.status.success() {
        skipped(format!(
            "licences: {}",
            String::from_utf8_lossy(&metadata.stderr).trim()
        ));
        return;
    }
    let json: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = json["packages"].as_array().unwrap();
    let allowed = allowed();
    let refused: Vec<String> = packages
        .iter()
        .filter(|package| !met(package["license"].as_str().unwrap_or(""), &allowed))
        .map(|package| format!("{}: {}", package["name"], package["license"]))
        .collect();
    assert!(packages.len() > 100, "{} packages", packages.len());
    assert!(refused.is_empty(), "{refused:#?}");
}
