//! Holds the web page for asking questions: three built-in files that load nothing else.
//!
//! The page inserts answers as text, never as HTML.

/// A file of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    pub text: &'static str,
    pub kind: &'static str,
}

/// The media type of the page itself.
pub const HTML: &str = "text/html; charset=utf-8";

/// The page's Content-Security-Policy. It allows the page's own script, its own style and requests to its own server.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

const INDEX: &str = include_str!("page/index.html");

/// Returns the page. If the server needs a token, the page asks for it. If it answers others than the programs of its
/// own machine, the page says so.
pub fn index(token: bool, shared: bool) -> String {
    let mut page = INDEX.to_string();
    if token {
        page = page.replacen("<body>", "<body data-token>", 1);
    }
    if shared {
        page = page.replacen(
            "Everything runs on this machine.",
            "Everything runs on your team's server.",
            1,
        );
    }
    page
}

/// Returns the file at `path`, other than the page itself.
pub fn file(path: &str) -> Option<File> {
    let (text, kind) = match path {
        "/page.js" => (include_str!("page/page.js"), "text/javascript; charset=utf-8"),
        "/page.css" => (include_str!("page/page.css"), "text/css; charset=utf-8"),
        _ => return None,
    };
    Some(File { text, kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts() -> Vec<&'static str> {
        let [script, style] = ["/page.js", "/page.css"].map(|path| file(path).unwrap().text);
        vec![INDEX, script, style]
    }

    #[test]
    fn the_page_loads_nothing_from_elsewhere() {
        for text in texts() {
            for outside in ["http:", "https:", "//cdn", "@import", "url("] {
                assert!(!text.contains(outside), "{outside}");
            }
        }
    }

    #[test]
    fn the_page_of_a_shared_server_asks_for_a_token_and_does_not_claim_to_be_local() {
        assert_eq!(index(false, false), INDEX);
        let shared = index(true, true);
        assert!(shared.contains("<body data-token>") && shared.contains("your team's server"));
        assert!(!shared.contains("on this machine"));
    }

    #[test]
    fn what_is_shown_is_text_and_the_policy_allows_no_script_within_the_page() {
        for text in texts() {
            for way in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                " onclick",
                "<style",
                " style=",
            ] {
                assert!(!text.contains(way), "{way}");
            }
        }
        assert!(!INDEX.contains("<script>"));
        assert!(!POLICY.contains("unsafe"));
    }
}
