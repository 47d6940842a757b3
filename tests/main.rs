//! The only integration test binary. Every file of `tests/` is one of its modules.

mod adapter;
mod architecture;
mod ask;
mod bad_input;
mod bench;
#[cfg(unix)]
mod chat;
mod circles;
#[cfg(unix)]
mod cluster;
mod compare;
mod config;
mod copies;
mod corpus;
mod digest;
mod doctor;
mod embedder;
mod escapes;
mod eval;
mod eval_answers;
mod export;
#[cfg(unix)]
mod faults;
mod feeds;
#[cfg(unix)]
mod first_run;
mod follow;
mod followups;
mod formats;
mod fuzz;
mod harness;
mod honest;
mod hostile;
#[cfg(unix)]
mod imap;
mod imap_faults;
mod import;
mod import_archives;
mod import_around;
mod import_documents;
mod import_forms;
mod import_hostile;
mod import_kinds;
mod import_letters;
mod import_mail;
mod import_names;
mod import_pages;
mod import_said;
mod import_signed;
mod import_sites;
mod import_speakers;
mod import_whole;
mod in_short;
#[cfg(unix)]
mod kills;
mod licences;
mod list;
mod mcp;
#[cfg(unix)]
mod meaning;
mod models;
mod node_clients;
#[cfg(target_os = "linux")]
mod offline;
mod prefixes;
mod real;
mod saved;
mod scripts;
mod search;
mod serve;
mod serve_corpus;
#[cfg(unix)]
mod serve_proxy;
mod serve_team;
mod summarize;
mod tag;
mod topics;
mod train;
mod trust;
mod ways_out;
#[cfg(unix)]
mod year;

/// A file that is not listed above would never run.
#[test]
fn no_test_file_is_forgotten() {
    let source = include_str!("main.rs");
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(module) = name.strip_suffix(".rs").filter(|module| *module != "main") {
            assert!(
                source.contains(&format!("\nmod {module};")),
                "tests/{name} is not a module of tests/main.rs"
            );
        }
    }
}
