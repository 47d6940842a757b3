//! Holds the web page for asking questions: three built-in files that load nothing else.
//!
//! The page inserts answers as text, never as HTML.

/// A file of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    pub text: &'static str,
    pub kind: &'static str,
}

/// The page's Content-Security-Policy. It allows the page's own script, its own style and requests to its own server.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

/// Returns the file at `path`.
pub fn file(path: &str) -> Option<File> {
    let (text, kind) = match path {
        "/" => (include_str!("page/index.html"), "text/html; charset=utf-8"),
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
        ["/", "/page.js", "/page.css"]
            .map(|path| file(path).unwrap().text)
            .into()
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
        assert!(!file("/").unwrap().text.contains("<script>"));
        assert!(!POLICY.contains("unsafe"));
    }
}
