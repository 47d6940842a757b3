//! Tests `askpm mcp` through the real binary: with hand-written JSON-RPC lines, and with the official clients for Python
//! and TypeScript.

use std::io::{BufRead, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::harness::{Home, fixture};
use crate::node_clients::node;
use crate::serve::python;

const QUESTION: &str = "How should we price an API?";
const ELSEWHERE: &str = "best pizza in Naples";

/// A minimal client that sends and receives lines.
struct Client {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    next: u64,
}

impl Client {
    fn bare(home: &Home) -> Client {
        let mut command = home.askpm().args(["mcp", "-m", "none"]).command();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Client {
            input: child.stdin.take(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
            next: 0,
        }
    }

    /// Creates a client that has completed the handshake.
    fn new(home: &Home) -> Client {
        let mut client = Client::bare(home);
        let hello = json!({
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"},
        });
        let told = client.request("initialize", hello);
        assert_eq!(told["result"]["serverInfo"]["name"], "askpm", "{told:#}");
        assert!(told["result"]["capabilities"]["tools"].is_object(), "{told:#}");
        client.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string());
        client
    }

    fn send(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Returns the next message. Every line on standard output must be one.
    fn receive(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let message: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line:?}"));
        assert_eq!(message["jsonrpc"], "2.0", "{message:#}");
        message
    }

    fn request(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string());
        let message = self.receive();
        assert_eq!(message["id"], id, "{message:#}");
        message
    }

    fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let told = self.request("tools/call", json!({"name": tool, "arguments": arguments}));
        assert!(told["result"].is_object(), "{told:#}");
        told["result"].clone()
    }

    /// Closes the server's input. The server must then exit without further output.
    fn end(mut self) {
        drop(self.input.take());
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.output, &mut rest).unwrap();
        assert_eq!(rest, "");
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().expect("text")
}

#[test]
fn the_tools_are_listed_with_their_schemas() {
    let home = Home::new();
    let mut client = Client::new(&home);
    let told = client.request("tools/list", json!({}));
    let tools = told["result"]["tools"].as_array().unwrap();
    let names: Vec<&str> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["search", "ask", "show"]);
    for tool in tools {
        assert_eq!(tool["inputSchema"]["type"], "object", "{tool:#}");
        assert_eq!(tool["annotations"]["readOnlyHint"], true, "{tool:#}");
    }
    client.end();
}

#[test]
fn the_tools_give_the_objects_of_the_command_line() {
    let home = Home::new();
    let mut client = Client::new(&home);

    let answer = client.call("ask", json!({ "question": QUESTION }));
    let asked = home
        .askpm()
        .args(["ask", "-m", "none", "--json", QUESTION])
        .run()
        .ok()
        .json();
    let structured = &answer["structuredContent"];
    for field in [
        "question",
        "answer",
        "abstained",
        "mode",
        "sentences",
        "citations",
        "corpus",
        "model",
    ] {
        assert_eq!(structured[field], asked[field], "{field}");
    }
    let quote = asked["citations"][0]["quote"]
        .as_str()
        .unwrap()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(text(&answer).contains(&quote), "{answer:#}");

    let found = client.call("search", json!({"query": "price", "top_k": 2}));
    let searched = home
        .askpm()
        .args(["search", "--json", "-n", "2", "price"])
        .run()
        .ok()
        .json();
    assert_eq!(found["structuredContent"]["hits"], searched["hits"]);

    let id = searched["hits"][0]["id"].as_str().unwrap();
    let shown = client.call("show", json!({ "id": id }));
    let whole = home.askpm().args(["show", "--json", id]).run().ok().json();
    assert_eq!(shown["structuredContent"], whole);
    client.end();
}

#[test]
fn a_question_that_the_corpus_does_not_answer_is_no_error_and_no_answer() {
    let home = Home::new();
    let mut client = Client::new(&home);
    let answer = client.call("ask", json!({ "question": ELSEWHERE }));
    assert_ne!(answer["isError"], true, "{answer:#}");
    assert_eq!(answer["structuredContent"]["abstained"], true);
    assert!(text(&answer).contains("nothing in the corpus answers"), "{answer:#}");
}

#[test]
fn what_fails_is_a_tool_error_that_says_why() {
    let home = Home::new();
    let mut client = Client::new(&home);
    for (tool, arguments, part) in [
        ("show", json!({"id": "no-such-edition"}), "has no edition"),
        ("show", json!({"id": "../../etc/passwd"}), ""),
        ("ask", json!({"question": " "}), "empty"),
        ("ask", json!({"question": "x".repeat(20_000)}), "limit"),
        ("ask", json!({}), "question"),
        ("search", json!({"query": "price", "top_k": 1000}), "from 1 to 100"),
        ("search", json!({"query": "price", "sort": "date"}), "sort"),
    ] {
        let result = client.call(tool, arguments.clone());
        assert_eq!(result["isError"], true, "{tool} {arguments}: {result:#}");
        assert!(text(&result).contains(part), "{tool} {arguments}: {result:#}");
    }
    let unknown = client.request("tools/call", json!({"name": "delete", "arguments": {}}));
    assert!(
        unknown["error"]["message"].as_str().unwrap().contains("`delete`"),
        "{unknown:#}"
    );
    // After all these errors it still answers.
    assert_ne!(client.call("ask", json!({ "question": QUESTION }))["isError"], true);
}

#[test]
fn the_editions_are_resources_and_their_text_is_that_of_show() {
    let home = Home::new();
    let mut client = Client::new(&home);
    let listed = client.request("resources/list", json!({}));
    let resources = listed["result"]["resources"].as_array().unwrap();
    let list = home.askpm().args(["list", "--json"]).run().ok().json();
    let editions = list["editions"].as_array().unwrap();
    assert_eq!(resources.len(), editions.len());
    for (resource, edition) in resources.iter().zip(editions) {
        let slug = edition["slug"].as_str().unwrap();
        assert_eq!(resource["uri"], format!("askpm://edition/{slug}"));
        assert_eq!(resource["title"], edition["title"]);
        let shown = home.askpm().args(["show", "--format", "md", slug]).run().ok();
        let read = client.request("resources/read", json!({ "uri": resource["uri"] }));
        assert_eq!(read["result"]["contents"][0]["text"], shown.stdout, "{read:#}");
    }
    let templates = client.request("resources/templates/list", json!({}));
    let template = &templates["result"]["resourceTemplates"][0]["uriTemplate"];
    assert_eq!(template, "askpm://edition/{+id}");
    for uri in [
        "askpm://edition/nowhere",
        "askpm://edition/../../etc/passwd",
        "file:///etc/passwd",
    ] {
        let told = client.request("resources/read", json!({ "uri": uri }));
        assert_eq!(told["error"]["code"], -32002, "{told:#}");
    }
    client.end();
}

#[test]
fn the_prompt_asks_the_question() {
    let home = Home::new();
    let mut client = Client::new(&home);
    let listed = client.request("prompts/list", json!({}));
    let prompt = &listed["result"]["prompts"][0];
    assert_eq!(
        (&prompt["name"], &prompt["arguments"][0]["required"]),
        (&json!("ask"), &json!(true))
    );
    let given = json!({"name": "ask", "arguments": {"question": QUESTION}});
    let told = client.request("prompts/get", given);
    let text = told["result"]["messages"][0]["content"]["text"].as_str().unwrap();
    assert!(text.ends_with(QUESTION), "{told:#}");
    let told = client.request("prompts/get", json!({"name": "ask", "arguments": {}}));
    assert!(
        told["error"]["message"].as_str().unwrap().contains("question"),
        "{told:#}"
    );
    client.end();
}

#[test]
fn each_sentence_is_progress_for_a_client_that_wants_it() {
    let home = Home::new();
    let mut client = Client::new(&home);
    let params = json!({"name": "ask", "arguments": {"question": QUESTION}, "_meta": {"progressToken": "p"}});
    client.send(&json!({"jsonrpc": "2.0", "id": 900, "method": "tools/call", "params": params}).to_string());
    let mut sentences = Vec::new();
    let result = loop {
        let message = client.receive();
        if message["id"] == 900 {
            break message["result"].clone();
        }
        assert_eq!(message["method"], "notifications/progress", "{message:#}");
        assert_eq!(message["params"]["progressToken"], "p");
        assert_eq!(message["params"]["progress"], sentences.len() as f64 + 1.0);
        sentences.push(message["params"]["message"].clone());
    };
    let whole = result["structuredContent"]["sentences"].as_array().unwrap();
    let whole: Vec<_> = whole.iter().map(|sentence| sentence["text"].clone()).collect();
    assert!(!whole.is_empty() && sentences == whole, "{result:#}");
    client.end();
}

#[test]
fn a_call_that_is_cancelled_gets_no_result_and_frees_its_place() {
    let home = Home::new();
    let mut client = Client::new(&home);
    let call = |id: u64| {
        let params = json!({"name": "ask", "arguments": {"question": QUESTION}});
        json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}).to_string()
    };
    let cancel = |id: u64| {
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}}).to_string()
    };
    // More calls than the queue has places: all but the first are cancelled at once.
    client.send(&call(1000));
    for id in 1001..1040 {
        client.send(&call(id));
        client.send(&cancel(id));
    }
    client.send(&call(2000));
    let mut answered = Vec::new();
    while answered.last() != Some(&2000) {
        let message = client.receive();
        let answer = &message["result"];
        if answer["isError"] != true {
            answered.push(message["id"].as_u64().unwrap());
        }
    }
    assert_eq!(answered.first(), Some(&1000));
    // One may have been answered before the server read that it is cancelled.
    assert!(answered.len() <= 3, "{answered:?}");
    client.end();
}

#[test]
fn lines_that_are_no_messages_do_not_end_it() {
    let home = Home::new();
    let mut client = Client::new(&home);
    let long = format!("{{\"jsonrpc\":\"2.0\",\"id\":\"{}\"}}", "x".repeat(300 << 10));
    for line in ["", "nonsense", "{}", "[1, 2]", &long] {
        client.send(line);
    }
    client.next += 1;
    let id = client.next;
    client.send(&json!({"jsonrpc": "2.0", "id": id, "method": "ping"}).to_string());
    // Any response to those lines must itself be a message.
    while client.receive()["id"] != id {}
}

#[test]
fn a_long_request_and_a_last_line_without_its_end_are_answered() {
    let home = Home::new();
    let mut client = Client::new(&home);
    let long = client.call("search", json!({"query": "x".repeat(300 << 10)}));
    assert!(long["isError"] == true && text(&long).contains("limit"), "{long:#}");
    let params = json!({"name": "search", "arguments": {"query": "price"}});
    let last = json!({"jsonrpc": "2.0", "id": "last", "method": "tools/call", "params": params});
    write!(client.input.as_mut().unwrap(), "{last}").unwrap();
    drop(client.input.take());
    let told = client.receive();
    assert_eq!(told["id"], "last", "{told:#}");
    assert_ne!(told["result"]["isError"], true, "{told:#}");
    client.end();
}

#[test]
fn input_that_ends_at_once_is_no_failure() {
    let home = Home::new();
    Client::bare(&home).end();
}

#[test]
fn a_corpus_that_is_not_there_is_told_before_anything_is_spoken() {
    let home = Home::new();
    let ran = home
        .askpm()
        .args(["mcp", "-m", "none", "--corpus", "/no/such/corpus"])
        .run();
    ran.fails(1, &["/no/such/corpus"]);
}

#[test]
fn the_official_typescript_client_understands_it() {
    let Some(modules) = node() else { return };
    let home = Home::new();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/mcp_client.mjs");
    let output = Command::new("node")
        .args([script, &modules, env!("CARGO_BIN_EXE_askpm"), QUESTION, ELSEWHERE])
        .env("HOME", home.path(""))
        .env("ASKPM_CORPUS", fixture("corpus"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_official_python_client_understands_it() {
    let Some(python) = python("mcp") else { return };
    let home = Home::new();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/mcp_client.py");
    let output = Command::new(python)
        .args([script, env!("CARGO_BIN_EXE_askpm"), QUESTION, ELSEWHERE])
        .env("HOME", home.path(""))
        .env("ASKPM_CORPUS", fixture("corpus"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
