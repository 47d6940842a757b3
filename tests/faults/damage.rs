//! Files that were truncated, emptied, or have flipped bits.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::hub::{Pull, model_bytes};
use super::{Outcome, found, home, ids, lost, snapshot};
use crate::harness::Home;
use crate::harness::tiny_bert;
use askpm_fixtures::{Numbers, TinyGguf, Weights};

/// Damages `bytes` in several ways: truncated, emptied, and with one bit flipped at each of `flips` places.
fn harmed(bytes: &[u8], flips: usize, random: &mut Numbers) -> Vec<Vec<u8>> {
    let place =
        |random: &mut Numbers| ((bytes.len() as f64 * random.unit()) as usize).min(bytes.len().saturating_sub(1));
    let mut out = vec![
        Vec::new(),
        bytes[..bytes.len() / 2].to_vec(),
        bytes[..place(random)].to_vec(),
    ];
    for _ in 0..flips.min(bytes.len()) {
        let (at, bit) = (place(random), (8.0 * random.unit()) as u32);
        let mut harmed = bytes.to_vec();
        harmed[at] ^= 1 << bit.min(7);
        out.push(harmed);
    }
    out
}

/// Restores everything under `folder`.
fn restore(folder: &Path, pristine: &std::collections::BTreeMap<PathBuf, Vec<u8>>) {
    fs::remove_dir_all(folder).unwrap();
    for (path, bytes) in pristine {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// Whatever happened to a file of the index, a search finds the same as before.
pub fn index() -> Outcome {
    let mut outcome = Outcome::new();
    let home = home(10);
    let expected = found(&home);
    let folder = home.path(".cache/askpm/index");
    let pristine = snapshot(&folder);
    let mut random = Numbers(11);
    for (path, bytes) in &pristine {
        let mut harms: Vec<Option<Vec<u8>>> = harmed(bytes, 3, &mut random).into_iter().map(Some).collect();
        harms.push(None);
        for harm in harms {
            match &harm {
                Some(bytes) => fs::write(path, bytes).unwrap(),
                None => fs::remove_file(path).unwrap(),
            }
            let ran = home.bare().args(["search", "--json", "-n", "100", "walrus"]).run();
            outcome.ends(&home, &ran);
            // Without the marker that the folder is askpm's, nothing in it is touched, and the error has a hint.
            match ran.status {
                Some(0) => assert_eq!(ids(&ran), expected, "{path:?} {ran:#?}"),
                _ => assert!(ran.stderr.contains("hint: "), "{path:?} {ran:#?}"),
            }
            restore(&folder, &pristine);
        }
    }
    assert_eq!(found(&home), expected);
    outcome
}

/// Damaged vectors are recomputed.
pub fn vectors() -> Outcome {
    let mut outcome = Outcome::new();
    let home = home(10);
    let hex = |bytes: &[u8]| -> String { Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect() };
    let commit = "2".repeat(40);
    let snapshot_of = home.path(&format!(".cache/huggingface/hub/models--some--bert/snapshots/{commit}"));
    fs::create_dir_all(&snapshot_of).unwrap();
    tiny_bert::write(&snapshot_of, 7);
    let read = |name: &str| fs::read(snapshot_of.join(name)).unwrap();
    let weights = read("model.safetensors");
    let mut list = format!(
        "version = 1\n[[model]]\nname = \"all-minilm-l6-v2\"\nkind = \"embedding\"\ntitle = \"T\"\narchitecture = \"bert\"\n\
         quantization = \"F32\"\ncontext = 48\nlicence = \"MIT\"\nsize = {}\nsha256 = \"{}\"\nmin_memory_mb = 1\n",
        weights.len(),
        hex(&weights)
    );
    for name in ["tokenizer.json", "config.json"] {
        let bytes = read(name);
        list += &format!(
            "[[model.file]]\nname = \"{name}\"\nsize = {}\nsha256 = \"{}\"\n",
            bytes.len(),
            hex(&bytes)
        );
    }
    list += &format!(
        "[[model.source]]\nkind = \"hub\"\nrepo = \"some/bert\"\nrevision = \"{commit}\"\nfile = \"model.safetensors\"\n"
    );
    home.write(".config/askpm/models.toml", list);
    let search = || {
        home.bare()
            .args(["search", "--json", "--by", "both", "-n", "100", "the price we do"])
            .run()
    };
    let expected = ids(&search().ok());
    let files = snapshot(&home.path(".cache/askpm/index"));
    let (path, bytes) = files
        .iter()
        .find(|(path, _)| path.ends_with("vectors"))
        .expect("a file of vectors");
    for harm in harmed(bytes, 25, &mut Numbers(13)) {
        fs::write(path, harm).unwrap();
        let ran = search();
        outcome.goes_on(&home, &ran);
        assert_eq!(ids(&ran), expected, "{ran:#?}");
        assert_eq!(&fs::read(path).unwrap(), bytes, "the vectors were not made again");
    }
    outcome
}

/// A file that the user names is used as it is. It may give another answer or be rejected, but never crashes askpm.
pub fn model_file() -> Outcome {
    let mut outcome = Outcome::new();
    let home = home(5);
    let bytes = TinyGguf::new("llama", Weights::F32).bytes();
    let mut random = Numbers(17);
    // Most of the file is weights. What can go wrong is in the header.
    let header = bytes.len().min(6_000);
    let mut harms = harmed(&bytes, 10, &mut random);
    for harm in harmed(&bytes[..header], 40, &mut random) {
        let whole = harm.len() == header;
        harms.push(if whole {
            [&harm[..], &bytes[header..]].concat()
        } else {
            harm
        });
    }
    let before = snapshot(&home.path("corpus"));
    for harm in harms {
        home.write("harmed.gguf", harm);
        let args = [
            "ask",
            "--max-tokens",
            "4",
            "-m",
            "harmed.gguf",
            "Which walrus is number 3?",
        ];
        let ran = home.bare().args(args).run();
        outcome.ends(&home, &ran);
    }
    outcome.lost += lost(&before);
    outcome
}

/// A damaged listed model is reported when it is verified, and downloaded again. Until then it is not used.
pub fn listed_model() -> Outcome {
    let mut outcome = Outcome::new();
    let bytes = model_bytes();
    let pull = Pull::new(&bytes);
    pull.pull().ok();
    let file = fs::canonicalize(pull.file().unwrap()).unwrap();
    for harm in harmed(&bytes, 5, &mut Numbers(19)) {
        fs::write(&file, &harm).unwrap();
        let ran = pull.askpm().args(["models", "verify", "tiny"]).run();
        outcome.fails(&pull.home, &ran);
        pull.pull().ok();
        pull.askpm().args(["models", "verify", "tiny"]).run().ok();
        outcome.lost += usize::from(fs::read(&file).unwrap() != bytes);
    }
    outcome
}

/// A damaged edition is reported, or read as it is now. The others are still found.
pub fn editions() -> Outcome {
    let mut outcome = Outcome::new();
    let home = home(5);
    let path = home.path("corpus/edition-2.md");
    let bytes = fs::read(&path).unwrap();
    let others: Vec<_> = found(&home)
        .into_iter()
        .filter(|id| !id.starts_with("edition-2/"))
        .collect();
    let mut before = snapshot(&home.path("corpus"));
    before.remove(&path);
    for harm in harmed(&bytes, 40, &mut Numbers(23)) {
        fs::write(&path, &harm).unwrap();
        let ran = home.bare().args(["search", "--json", "-n", "100", "walrus"]).run();
        outcome.goes_on(&home, &ran);
        let left = ids(&ran);
        assert!(others.iter().all(|id| left.contains(id)), "{ran:#?}");
        outcome.lost += lost(&before) + usize::from(fs::read(&path).unwrap() != harm);
    }
    outcome
}

/// Settings are valid or reported with their line, and never rewritten.
pub fn settings() -> Outcome {
    let mut outcome = Outcome::new();
    let home = home(3);
    let path = home.path(".config/askpm/config.toml");
    let bytes = format!(
        "corpus = {:?}\nmodel = \"none\"\ntop_k = 5\nfeeds = []\n",
        home.path("corpus")
    );
    for harm in harmed(bytes.as_bytes(), 60, &mut Numbers(29)) {
        fs::write(&path, &harm).unwrap();
        let ran = home.bare().args(["search", "walrus"]).run();
        outcome.ends(&home, &ran);
        outcome.lost += usize::from(fs::read(&path).unwrap() != harm);
    }
    outcome
}

/// askpm's own notes can be lost without harm if they cannot be read.
pub fn notes() -> Outcome {
    let mut outcome = Outcome::new();
    let server = crate::harness::feed_server::FeedServer::start();
    let feed = "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Letters</title><item><title>Zeppelins</title>\
                <description>What was said of the walrus, at some length.</description></item></channel></rss>";
    server.serve(
        "/feed",
        crate::harness::feed_server::Served::Tagged("\"1\"", feed.into()),
    );
    let bytes = model_bytes();
    let pull = Pull::new(&bytes);
    let home: &Home = &pull.home;
    home.write(
        ".config/askpm/config.toml",
        format!("feeds = [\"{}\"]\nmodel = \"none\"\n", server.at("/feed")),
    );
    pull.pull().ok();
    pull.askpm().args(["refresh"]).run().ok();
    let imported = snapshot(&home.path(".local/share/askpm"));
    let cache = home.path(".cache/askpm");
    let pristine = snapshot(&cache);
    let noted = pristine
        .iter()
        .filter(|(path, _)| !path.starts_with(cache.join("index")));
    let mut random = Numbers(31);
    let mut files = 0;
    for (path, bytes) in noted {
        files += 1;
        for harm in harmed(bytes, 12, &mut random) {
            fs::write(path, harm).unwrap();
            for args in [&["refresh"][..], &["models", "path", "tiny"], &["models", "list"]] {
                let ran = pull.askpm().args(args).run();
                outcome.goes_on(home, &ran);
            }
        }
    }
    assert!(files >= 2, "{:?}", pristine.keys());
    outcome.lost += lost(&imported) + usize::from(fs::read(pull.file().unwrap()).unwrap() != bytes);
    outcome
}
