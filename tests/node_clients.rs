//! Tests `askpm serve` with OpenAI's own client for Node.

use std::process::{Command, Stdio};

use crate::harness::{Home, skipped};
use crate::serve::{ELSEWHERE, QUESTION, quoting};

/// Returns the folder with the clients for Node, if Node is there and `ASKPM_TEST_NODE` names it.
pub fn node() -> Option<String> {
    let modules = std::env::var("ASKPM_TEST_NODE").ok();
    let node = Command::new("node").arg("--version").stdout(Stdio::null()).status();
    match modules {
        Some(modules) if node.is_ok_and(|status| status.success()) => Some(modules),
        _ => {
            skipped(
                "ASKPM_TEST_NODE names no folder with the clients of tests/clients/package.json, or Node is absent",
            );
            None
        }
    }
}

#[test]
fn openai_s_client_for_node_understands_it() {
    let Some(modules) = node() else { return };
    let home = Home::new();
    let server = quoting(&home);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/openai_client.mjs");
    let output = Command::new("node")
        .args([
            script,
            &modules,
            &format!("http://{}/v1", server.address),
            QUESTION,
            ELSEWHERE,
        ])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
