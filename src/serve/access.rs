//! Knows the bearer tokens that a server accepts.
//!
//! Only SHA-256 hashes of the tokens are kept. The hash of a presented token is compared with every known one, in
//! constant time, so that the time of a refusal says nothing about a token.

use hyper::header::{AUTHORIZATION, HeaderMap};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// Least length of a token, in characters. Twenty random letters and digits cannot be guessed.
pub const MIN_TOKEN: usize = 20;

/// Most characters of a token, and of a name.
const MAX_TOKEN: usize = 512;
const MAX_NAME: usize = 64;

/// Most tokens of a server.
const MAX_TOKENS: usize = 1000;

/// The tokens of a server, each with a name. Without tokens, everyone may ask.
#[derive(Clone, Default)]
pub struct Tokens(Vec<Known>);

#[derive(Clone)]
struct Known {
    name: String,
    hash: [u8; 32],
}

/// What is wrong with a list of tokens. No message has a token in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("there is no token in it")]
    None,
    #[error("line {0} must be `TOKEN` or `NAME TOKEN`")]
    Line(usize),
    #[error("line {0}: a token must have at least {MIN_TOKEN} characters")]
    Short(usize),
    #[error("line {0}: a token may have at most {MAX_TOKEN} characters, all of them letters, digits or -._~+/=")]
    Token(usize),
    #[error("line {0}: a name may have at most {MAX_NAME} characters, all of them letters, digits or -._@")]
    Name(usize),
    #[error("line {0} repeats a name or a token of an earlier line")]
    Twice(usize),
    #[error("there are more than {MAX_TOKENS} tokens")]
    Many,
}

impl Tokens {
    /// Reads tokens, one on each line: `TOKEN` or `NAME TOKEN`. Empty lines and lines that begin with `#` are skipped. A
    /// token without a name is called after its place, such as `token-1`.
    ///
    /// # Errors
    /// A line that is neither, or no token at all.
    pub fn parse(text: &str) -> Result<Tokens, TokenError> {
        let mut known: Vec<Known> = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let at = at + 1;
            let words: Vec<&str> = line.split_whitespace().collect();
            let (name, token) = match words[..] {
                [] => continue,
                [first, ..] if first.starts_with('#') => continue,
                [token] => (format!("token-{}", known.len() + 1), token),
                [name, token] => (name.to_string(), token),
                _ => return Err(TokenError::Line(at)),
            };
            let plain = |text: &str, marks: &str| {
                text.bytes()
                    .all(|b| b.is_ascii_alphanumeric() || marks.as_bytes().contains(&b))
            };
            if name.len() > MAX_NAME || !plain(&name, "-._@") {
                return Err(TokenError::Name(at));
            }
            if token.len() > MAX_TOKEN || !plain(token, "-._~+/=") {
                return Err(TokenError::Token(at));
            }
            if token.len() < MIN_TOKEN {
                return Err(TokenError::Short(at));
            }
            let hash = hash(token);
            if known.iter().any(|other| other.name == name || other.hash == hash) {
                return Err(TokenError::Twice(at));
            }
            if known.len() == MAX_TOKENS {
                return Err(TokenError::Many);
            }
            known.push(Known { name, hash });
        }
        match known.is_empty() {
            true => Err(TokenError::None),
            false => Ok(Tokens(known)),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The name of a token that [`Tokens::find`] returned.
    pub(super) fn name(&self, at: usize) -> Option<&str> {
        self.0.get(at).map(|known| known.name.as_str())
    }

    /// Returns which token a request has.
    pub(super) fn find(&self, headers: &HeaderMap) -> Option<usize> {
        let presented = hash(bearer(headers)?);
        let mut found = u64::MAX;
        for (at, known) in (0u64..).zip(&self.0) {
            let same: Choice = known.hash.ct_eq(&presented);
            found = u64::conditional_select(&found, &at, same);
        }
        usize::try_from(found).ok().filter(|at| *at < self.0.len())
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// The token of `Authorization: Bearer TOKEN`. The header must be there once.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: &str = "AAAAAAAAAAAAAAAAAAAA";
    const BEN: &str = "BBBBBBBBBBBBBBBBBBBB";

    fn with(value: &str) -> HeaderMap {
        let mut map = HeaderMap::new();
        map.append(AUTHORIZATION, value.parse().unwrap());
        map
    }

    #[test]
    fn each_token_is_found_by_its_name_and_no_other_is() {
        let tokens = Tokens::parse(&format!("# the team\nana {ANA}\n\n  {BEN}  \r\n")).unwrap();
        for (value, name) in [
            (format!("Bearer {ANA}"), Some("ana")),
            (format!("bearer  {BEN}"), Some("token-2")),
            (format!("Bearer {ANA}A"), None),
            (format!("Bearer {}", &ANA[1..]), None),
            (format!("Basic {ANA}"), None),
            (ANA.to_string(), None),
            ("Bearer ".to_string(), None),
        ] {
            let found = tokens.find(&with(&value));
            assert_eq!(found.and_then(|at| tokens.name(at)), name, "{value}");
        }
        assert_eq!(tokens.find(&HeaderMap::new()), None);
        let mut two = with(&format!("Bearer {ANA}"));
        two.append(AUTHORIZATION, format!("Bearer {BEN}").parse().unwrap());
        assert_eq!(tokens.find(&two), None);
    }

    #[test]
    fn a_list_that_is_wrong_is_refused_by_its_line_and_without_its_tokens() {
        let long = "x".repeat(MAX_TOKEN + 1);
        for (text, error) in [
            (String::new(), TokenError::None),
            ("# nothing\n\n".into(), TokenError::None),
            (format!("{ANA}\nana short"), TokenError::Short(2)),
            (format!("ana {ANA} x"), TokenError::Line(1)),
            (format!("{ANA}\"quoted\""), TokenError::Token(1)),
            (long, TokenError::Token(1)),
            (format!("a\u{7}na {ANA}"), TokenError::Name(1)),
            (format!("ana {ANA}\nana {BEN}"), TokenError::Twice(2)),
            (format!("ana {ANA}\nben {ANA}"), TokenError::Twice(2)),
        ] {
            let refused = Tokens::parse(&text).err();
            assert_eq!(refused.as_ref(), Some(&error), "{text}");
            assert!(!error.to_string().contains(ANA));
        }
    }
}
