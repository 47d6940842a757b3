//! Bytes of tokens to text that can be shown as it comes.
//!
//! In: the bytes of one token after another; a character can be spread over several. Out: text, never half a character.
//! It must not know tokens.

/// Holds back the bytes of an unfinished character.
#[derive(Debug, Default)]
pub(crate) struct TextStream {
    held: Vec<u8>,
}

impl TextStream {
    /// The text that is complete with these bytes. Bytes that are no UTF-8 become U+FFFD.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.held.extend_from_slice(bytes);
        let mut text = String::new();
        loop {
            match std::str::from_utf8(&self.held) {
                Ok(all) => {
                    text.push_str(all);
                    self.held.clear();
                    return text;
                }
                Err(error) => {
                    let valid = error.valid_up_to();
                    text.push_str(&String::from_utf8_lossy(&self.held[..valid]));
                    let Some(bad) = error.error_len() else {
                        self.held.drain(..valid);
                        return text;
                    };
                    text.push('\u{FFFD}');
                    self.held.drain(..valid + bad);
                }
            }
        }
    }

    /// What is left when nothing more comes: U+FFFD for a character that was never finished.
    pub fn finish(&mut self) -> String {
        let text = String::from_utf8_lossy(&self.held).into_owned();
        self.held.clear();
        text
    }
}

/// An answer as it grows, and where each token of it ended.
#[derive(Debug, Default)]
pub(crate) struct Text {
    stream: TextStream,
    text: String,
    ends: Vec<usize>,
}

impl Text {
    /// Whether there is no token yet.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Adds a token's bytes; the text that is complete with them.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        let piece = self.stream.push(bytes);
        self.text.push_str(&piece);
        self.ends.push(self.text.len());
        piece
    }

    /// What is left when nothing more comes.
    pub fn finish(&mut self) -> String {
        let rest = self.stream.finish();
        self.text.push_str(&rest);
        rest
    }

    pub fn written(self) -> String {
        self.text
    }

    /// Forgets all from the first token on that begins at byte `from` or later and has a letter: what opens a sentence,
    /// the blanks and marks before it left alone. Returns how many tokens are kept, or `None` where nothing is forgotten,
    /// and the text that is kept from `from` on.
    pub fn take_back(&mut self, from: usize) -> (Option<usize>, String) {
        let start = |token: usize| token.checked_sub(1).map_or(0, |before| self.ends[before]);
        let has_letter = |token: &usize| {
            let piece = self.text.get(start(*token)..self.ends[*token]);
            start(*token) >= from && piece.is_some_and(|piece| piece.contains(char::is_alphabetic))
        };
        let mut opening = (0..self.ends.len()).find(has_letter);
        // A character spread over several tokens is forgotten whole.
        while let Some(token) = opening.filter(|&token| token > 0 && start(token - 1) == start(token)) {
            opening = Some(token - 1);
        }
        if let Some(token) = opening {
            self.text.truncate(start(token));
            self.ends.truncate(token);
            self.stream = TextStream::default();
        }
        (opening, self.text.get(from..).unwrap_or_default().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_character_over_several_tokens_comes_out_whole() {
        let mut stream = TextStream::default();
        assert_eq!(stream.push(b"a\xF0\x9F"), "a");
        assert_eq!(stream.push(b"\x98"), "");
        assert_eq!(stream.push(b"\x80b"), "\u{1F600}b");
        assert_eq!(stream.finish(), "");
    }

    #[test]
    fn text_is_taken_back_from_the_first_word_of_a_sentence_and_a_character_whole() {
        let written = |tokens: &[&[u8]]| {
            let mut text = Text::default();
            tokens.iter().for_each(|bytes| drop(text.push(bytes)));
            text
        };
        let mut text = written(&[b"One.", b"\n", b"2", b".", b" Two", b" is", b" so.", b" Th"]);
        assert_eq!(text.take_back(4), (Some(4), "\n2.".to_string()));
        text.push(b" Three");
        assert_eq!(text.written(), "One.\n2. Three");
        let mut text = written(&["É".as_bytes(), b".", b" ", b"\xC3", b"\xA9t", b"\xC3"]);
        assert_eq!(text.take_back(3), (Some(3), " ".to_string()));
        assert_eq!(text.push(b"a"), "a");
        // The token that ends a sentence and begins the next is kept.
        let mut text = written(&[b"One. T", b"wo"]);
        assert_eq!(text.take_back(4), (Some(1), " T".to_string()));
        assert_eq!(text.take_back(4), (None, " T".to_string()));
        assert_eq!(text.take_back(99), (None, String::new()));
    }

    #[test]
    fn broken_bytes_become_replacement_characters_and_lose_nothing_else() {
        let mut stream = TextStream::default();
        assert_eq!(stream.push(b"x\xFFy\xE2\x82"), "x\u{FFFD}y");
        assert_eq!(stream.finish(), "\u{FFFD}");
    }

    proptest! {
        #[test]
        fn any_cutting_of_a_text_gives_the_text(text in ".{0,40}", cuts in proptest::collection::vec(1usize..5, 0..60)) {
            let (mut stream, mut out, mut rest) = (TextStream::default(), String::new(), text.as_bytes());
            for cut in cuts {
                let (now, later) = rest.split_at(cut.min(rest.len()));
                out += &stream.push(now);
                rest = later;
            }
            out += &stream.push(rest);
            out += &stream.finish();
            prop_assert_eq!(out, text);
        }

        #[test]
        fn any_bytes_give_what_a_lossy_reading_gives(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let mut stream = TextStream::default();
            let mut out: String = bytes.chunks(3).map(|part| stream.push(part)).collect();
            out += &stream.finish();
            prop_assert_eq!(out, String::from_utf8_lossy(&bytes));
        }
    }
}
