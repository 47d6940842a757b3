//! Tests the distributed mode against a real OpenSearch, which `tests/cluster/start` runs without a container. The tests
//! are skipped, with a message, if there is no Java or no Maven.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Home, Ran, Run, noted, skipped};

/// Far longer than any of these steps takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// One cluster runs at a time: each needs half a gigabyte.
static ONE: Mutex<()> = Mutex::new(());

/// Nodes of OpenSearch in one process. They end when dropped.
struct Nodes {
    child: Child,
    commands: ChildStdin,
    lines: BufReader<ChildStdout>,
    /// The addresses of the nodes.
    urls: Vec<String>,
    _folder: TempDir,
}

impl Nodes {
    /// Starts nodes with these settings, or reports why the test is skipped.
    fn start(count: usize, settings: &[&str]) -> Option<Nodes> {
        for tool in ["java", "javac", "mvn"] {
            let found = Command::new(tool).arg("-version").output();
            if found.is_err() {
                skipped(format!("the tests of a real cluster: there is no {tool}"));
                return None;
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/start"))
            .arg(folder.path())
            .arg(count.to_string())
            .args(settings)
            .env("BUILD", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cluster"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the script starts");
        let mut errors = child.stderr.take().expect("a pipe");
        let said = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = errors.read_to_string(&mut text);
            text
        });
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        lines.read_line(&mut line).expect("text");
        let Some(urls) = line.strip_prefix("ready ") else {
            let said = said.join().unwrap_or_default();
            let _ = child.wait();
            // Maven could not fetch OpenSearch.
            if said.contains("Could not resolve") || said.contains("could not be resolved") {
                skipped("the tests of a real cluster: Maven cannot fetch OpenSearch");
                return None;
            }
            panic!("no cluster: {line}{said}");
        };
        Some(Nodes {
            urls: urls.split_whitespace().map(str::to_string).collect(),
            commands: child.stdin.take().expect("a pipe"),
            lines,
            child,
            _folder: folder,
        })
    }

    fn tell(&mut self, command: &str) {
        writeln!(self.commands, "{command}").expect("the nodes read");
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("text");
        assert_eq!(line, "done\n", "{command}");
    }

    /// Sends a request to the first node.
    fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        let address = self.urls[0].strip_prefix("http://").expect("an http address");
        let mut stream = TcpStream::connect(address).expect("the node accepts");
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let head = "Connection: close\r\nContent-Type: application/json";
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: {address}\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .expect("the node reads");
        let mut reply = String::new();
        stream.read_to_string(&mut reply).expect("a reply");
        let (_, body) = reply.split_once("\r\n\r\n").expect("a body");
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error} in {reply}"))
    }

    /// The indexes with this prefix, each with its number of documents.
    fn indexes(&self, prefix: &str) -> Vec<(String, u64)> {
        let all = self.send("GET", &format!("/{prefix}-*/_stats/docs"), &Value::Null);
        let all = all["indices"].as_object().cloned().unwrap_or_default();
        let count = |index: &Value| index["primaries"]["docs"]["count"].as_u64().unwrap_or(0);
        all.iter().map(|(name, index)| (name.clone(), count(index))).collect()
    }

    /// A home whose settings name this cluster, by its first node.
    fn home(&self, index: &str) -> Home {
        let home = Home::new();
        let url = &self.urls[0];
        let settings = format!("[retriever]\nkind = \"elastic\"\nurl = \"{url}\"\nindex = \"{index}\"\nsend = true\n");
        home.write(".config/askpm/config.toml", settings);
        home
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn edition(slug: &str, text: &str) -> String {
    format!("---\nslug: {slug}\ntitle: {slug}\n---\n\n## Q1. Who keeps the {slug}?\n\n### A. Somebody\n\n{text}\n")
}

/// `askpm` with the corpus in the folder `letters` of `home`.
fn writer(home: &Home) -> Run {
    home.bare().by_default().env("ASKPM_CORPUS", home.path("letters"))
}

/// `askpm` on a machine without newsletters.
fn reader(home: &Home) -> Run {
    home.bare().by_default().env("ASKPM_CORPUS", home.path("nothing"))
}

fn ask(home: &Home, question: &str) -> Ran {
    reader(home).args(["ask", "-m", "none", "--json", question]).run()
}

/// The identifiers of the first hits.
fn search(home: &Home, words: &str) -> Vec<String> {
    let found = reader(home).args(["search", "--json", words]).run();
    let hits = found.json()["hits"].as_array().cloned().unwrap_or_default();
    hits.iter()
        .map(|hit| hit["id"].as_str().unwrap_or("").to_string())
        .collect()
}

#[test]
fn a_team_shares_a_corpus_and_a_lost_node_loses_nothing() {
    let _one = ONE.lock().unwrap_or_else(|error| error.into_inner());
    let Some(mut nodes) = Nodes::start(3, &[]) else { return };
    let (home, other) = (nodes.home("team"), nodes.home("team"));
    home.write(
        "letters/zeppelin.md",
        edition(
            "zeppelin",
            "Give the zeppelin to its pilot, because only the pilot sees each tear. The pilot should keep a list of repairs.",
        ),
    );
    home.write(
        "letters/lantern.md",
        edition(
            "lantern",
            "Leave it to the lamplighter, who has the only ladder that is long enough.",
        ),
    );
    let before = ask(&other, "Who keeps the zeppelin?").fails(1, &["it has no index team"]);
    assert!(before.hint().contains("askpm refresh"), "{before:#?}");
    writer(&home).args(["refresh"]).run().ok();
    let first = ask(&other, "Who keeps the zeppelin?").ok().json();
    assert_eq!(first["citations"][0]["id"], "zeppelin/q1/a", "{first:#}");
    assert_eq!(first["corpus"]["editions"], 2);
    assert_eq!(search(&other, "zepelin"), ["zeppelin/q1/a"], "a misspelt word");
    let shown = reader(&other).args(["show", "lantern/q1"]).run().ok();
    assert!(shown.stdout.contains("lamplighter"), "{shown:#?}");
    let listed = reader(&other).args(["list", "--json"]).run().ok().json();
    let slugs: Vec<&str> = listed["editions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["slug"].as_str().unwrap())
        .collect();
    assert_eq!(slugs.len(), 2, "{slugs:?}");
    assert!(slugs.contains(&"lantern") && slugs.contains(&"zeppelin"), "{slugs:?}");
    assert!(!other.path(".cache/askpm/index").exists(), "no local index");

    // One edition changes, and one is removed.
    home.write(
        "letters/zeppelin.md",
        edition(
            "zeppelin",
            "Give the zeppelin to two riggers, because one of them must hold the ladder. The riggers should keep a list of repairs.",
        ),
    );
    std::fs::remove_file(home.path("letters/lantern.md")).unwrap();
    writer(&home).args(["refresh"]).run().ok();
    let changed = ask(&other, "Who keeps the zeppelin?").ok().json();
    assert!(
        changed["answer"].as_str().unwrap().contains("two riggers"),
        "{changed:#}"
    );
    assert_eq!(search(&other, "lamplighter"), [""; 0]);
    assert_eq!(nodes.indexes("team").len(), 1, "{:?}", nodes.indexes("team"));

    // A refresh that watches sends what it sees.
    let mut watching = writer(&home).args(["refresh", "--watch"]).spawn();
    home.write(
        "letters/beacon.md",
        edition("beacon", "Leave it to the warden, who is awake at that hour anyway."),
    );
    let started = Instant::now();
    while search(&other, "warden beacon").is_empty() && started.elapsed() < PATIENCE {}
    watching.kill().unwrap();
    watching.wait().unwrap();
    assert_eq!(search(&other, "warden beacon"), ["beacon/q1/a"]);

    // A node is lost between questions.
    nodes.tell("stop 2");
    assert_eq!(
        ask(&other, "Who keeps the zeppelin?").ok().json()["citations"],
        changed["citations"]
    );
    nodes.tell("start 2");

    // A node is lost while a larger corpus is sent.
    for number in 0..300 {
        let slug = format!("letter-{number}");
        let text = format!("The answer to number {number} is here. ").repeat(40);
        home.write(&format!("letters/{slug}.md"), edition(&slug, &text));
    }
    let old = nodes.indexes("team");
    let mut sending = writer(&home).args(["refresh"]).spawn();
    while nodes.indexes("team") == old && sending.try_wait().unwrap().is_none() {}
    nodes.tell("stop 1");
    let sent = sending.wait_with_output().unwrap();
    assert!(sent.status.success(), "{sent:?}");
    // A passage and an edition each. A cluster without a leader does not say it at once.
    let (started, mut there) = (Instant::now(), nodes.indexes("team"));
    while there.iter().all(|(_, count)| *count == 0) && started.elapsed() < PATIENCE {
        there = nodes.indexes("team");
    }
    assert_eq!(
        there.iter().map(|(_, count)| *count).collect::<Vec<_>>(),
        [2 * 302],
        "{there:?}"
    );
    assert_eq!(search(&other, "number 217")[0], "letter-217/q1/a");
    assert_eq!(
        ask(&other, "Who keeps the zeppelin?").ok().json()["citations"],
        changed["citations"]
    );
}

#[test]
fn two_writers_a_busy_a_read_only_and_an_older_cluster() {
    let _one = ONE.lock().unwrap_or_else(|error| error.into_inner());
    // Little room for requests in flight, so that the writers are rejected now and then.
    let Some(nodes) = Nodes::start(1, &["indexing_pressure.memory.limit=5mb"]) else {
        return;
    };
    let homes = [nodes.home("busy"), nodes.home("busy"), nodes.home("busy")];
    for (at, home) in homes.iter().enumerate() {
        for number in 0..60 {
            let slug = format!("letter-{number}");
            let text = format!("The answer of writer{at} to number {number} is here. ").repeat(1_000);
            home.write(&format!("letters/{slug}.md"), edition(&slug, &text));
        }
    }
    let running: Vec<Child> = homes
        .iter()
        .map(|home| writer(home).args(["refresh"]).spawn())
        .collect();
    for child in running {
        let sent = child.wait_with_output().unwrap();
        assert!(sent.status.success(), "{sent:?}");
    }
    let rejected = nodes
        .send("GET", "/_nodes/stats/indexing_pressure", &Value::Null)
        .to_string();
    noted(format!("rejected by the busy cluster: {}", rejections(&rejected)));
    let there = nodes.indexes("busy");
    assert_eq!(there.len(), 1, "the last writer's: {there:?}");
    writer(&homes[0]).args(["refresh"]).run().ok();
    assert!(search(&homes[1], "writer0").len() > 1 && search(&homes[1], "writer1").is_empty());

    // A cluster that must not be changed keeps what it has.
    let block = |on: Value| {
        nodes.send(
            "PUT",
            "/_cluster/settings",
            &json!({"persistent": {"cluster.blocks.read_only": on}}),
        )
    };
    block(json!(true));
    let refused = writer(&homes[1])
        .args(["refresh"])
        .run()
        .fails(1, &["403", "read-only"]);
    assert!(refused.hint().contains("writable"), "{refused:#?}");
    assert!(search(&homes[1], "writer0").len() > 1);
    block(Value::Null);

    // Another program's index, and one of another version of askpm.
    nodes.send("PUT", "/other", &json!({"aliases": {"theirs": {}}}));
    let theirs = nodes.home("theirs");
    theirs.write("letters/a.md", edition("a", "One."));
    reader(&theirs)
        .args(["search", "one"])
        .run()
        .fails(1, &["not made by askpm"]);
    writer(&theirs)
        .args(["refresh"])
        .run()
        .fails(1, &["names other, which askpm did not make"]);
    let meta = json!({"_meta": {"askpm": {"format": 0}}});
    let older = json!({"aliases": {"older": {}}, "mappings": meta});
    nodes.send("PUT", "/older-0123456789abcdef", &older);
    let older = nodes.home("older");
    older.write("letters/a.md", edition("a", "One."));
    let refused = reader(&older)
        .args(["search", "one"])
        .run()
        .fails(1, &["another version of askpm"]);
    assert!(refused.hint().contains("askpm refresh"), "{refused:#?}");
    writer(&older).args(["refresh"]).run().ok();
    assert_eq!(search(&older, "keeps a one"), ["a/q1/a"]);
    assert_eq!(nodes.indexes("older").len(), 1);
}

/// The sum of all counts of rejections in a text of statistics.
fn rejections(text: &str) -> u64 {
    let parts = text.split("rejections\":").skip(1);
    let number = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>();
    parts.filter_map(|part| number(part).parse::<u64>().ok()).sum()
}

/// Makes an authority, and a certificate of it for 127.0.0.1 as `node.p12`, in `folder`. Returns false if there is no
/// OpenSSL.
fn certify(folder: &Path) -> bool {
    let names = folder.join("names");
    std::fs::write(names, "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n").unwrap();
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    for command in [
        format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=team"),
        format!("req {key} -keyout node.key -out node.csr -subj /CN=node"),
        "x509 -req -in node.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out node.pem -days 2 -extfile names".into(),
        "pkcs12 -export -inkey node.key -in node.pem -certfile ca.pem -out node.p12 -passout pass:".into(),
    ] {
        let run = Command::new("openssl")
            .args(command.split(' '))
            .current_dir(folder)
            .output();
        match run {
            Ok(output) => assert!(output.status.success(), "{command}: {output:?}"),
            Err(_) => {
                skipped("the test of a private authority: there is no openssl");
                return false;
            }
        }
    }
    true
}

#[test]
fn a_private_authority_is_trusted_if_the_settings_name_it() {
    let _one = ONE.lock().unwrap_or_else(|error| error.into_inner());
    let folder = tempfile::tempdir().unwrap();
    if !certify(folder.path()) {
        return;
    }
    let tls = format!("tls={}", folder.path().join("node.p12").display());
    let Some(nodes) = Nodes::start(1, &[&tls]) else { return };
    let home = Home::new();
    home.write(
        "letters/lantern.md",
        edition(
            "lantern",
            "Leave it to the lamplighter, who has the only ladder that is long enough.",
        ),
    );
    let settings = format!(
        "[retriever]\nkind = \"elastic\"\nurl = \"{}\"\nsend = true\n",
        nodes.urls[1]
    );
    home.write(".config/askpm/config.toml", &settings);
    let stranger = reader(&home)
        .args(["search", "lantern"])
        .run()
        .fails(1, &["certificate"]);
    assert!(stranger.hint().contains("`ca`"), "{stranger:#?}");
    let authority = folder.path().join("ca.pem");
    home.write(
        ".config/askpm/config.toml",
        format!("{settings}ca = \"{}\"\n", authority.display()),
    );
    writer(&home).args(["refresh"]).run().ok();
    assert_eq!(search(&home, "lantern"), ["lantern/q1/a"]);
    home.write(".config/askpm/config.toml", format!("{settings}ca = \"nowhere.pem\"\n"));
    let missing = reader(&home)
        .args(["search", "lantern"])
        .run()
        .fails(1, &["cannot read nowhere.pem"]);
    assert!(missing.hint().contains("`ca`"), "{missing:#?}");
}

/// What an answer comes to: whether there is one, and the discussions that it cites.
fn outcome(answer: &Value) -> (bool, Vec<String>) {
    let cited = answer["citations"].as_array().into_iter().flatten();
    let group = |id: &str| {
        id.rsplit_once('/')
            .map_or(id.to_string(), |(group, _)| group.to_string())
    };
    let mut discussions: Vec<String> = cited
        .map(|citation| group(citation["id"].as_str().unwrap_or("")))
        .collect();
    discussions.sort();
    discussions.dedup();
    (answer["abstained"] == true, discussions)
}

/// By words, the answers are the same. By meaning, those differ whose passages share no word with the question.
#[test]
fn laptop_and_cluster_answer_alike() {
    let _one = ONE.lock().unwrap_or_else(|error| error.into_inner());
    let Some(nodes) = Nodes::start(1, &[]) else { return };
    let home = nodes.home("alike");
    let by_meaning = std::env::var_os("ASKPM_TEST_EMBEDDER").is_some() && crate::meaning::bring_embedder(&home);
    home.bare().by_default().args(["refresh"]).run().ok();
    // The other set takes minutes by meaning, and is for measurements.
    let sets: &[&str] = if by_meaning {
        &["plain", "questions"]
    } else {
        &["plain"]
    };
    for set in sets {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("eval/{set}.jsonl"));
        let text = std::fs::read_to_string(path).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let questions: Vec<String> = lines
            .map(|line| line["question"].as_str().unwrap().to_string())
            .collect();
        let file = home.write("questions.txt", questions.join("\n"));
        let answers = |by: &[&str]| {
            let started = Instant::now();
            let run = home.bare().by_default().args(["ask", "-m", "none", "--batch"]);
            let ran = run.args([&file]).args(by).run().ok();
            let answers = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap());
            let outcomes: Vec<_> = answers.map(|answer: Value| outcome(&answer)).collect();
            (outcomes, started.elapsed() / questions.len() as u32)
        };
        let (cluster, there) = answers(&[]);
        let (laptop, here) = answers(&["--by", if by_meaning { "both" } else { "words" }]);
        assert_eq!((cluster.len(), laptop.len()), (questions.len(), questions.len()));
        let both = || cluster.iter().zip(&laptop);
        let decided = both().filter(|(a, b)| a.0 == b.0).count();
        let same = both().filter(|(a, b)| a == b).count();
        noted(format!(
            "{set}: of {} questions, {decided} with the same outcome, {same} with the same discussions; {} ms each in \
             the cluster, {} ms on this machine",
            questions.len(),
            there.as_millis(),
            here.as_millis()
        ));
        for (question, pair) in questions.iter().zip(both()).filter(|(_, (a, b))| a != b) {
            noted(format!("{question}: cluster and laptop {pair:?}"));
        }
        let least = if by_meaning {
            questions.len() * 95 / 100
        } else {
            questions.len()
        };
        assert!(same >= least, "{same} of {}", questions.len());
    }
}
