//! Turns the bytes of tokens into text as they arrive. A character may be spread over several tokens; the text never
//! ends with half of one.

/// A decoder that holds back the bytes of an unfinished character.
#[derive(Debug, Default)]
pub(crate) struct TextStream {
    held: Vec<u8>,
}

impl TextStream {
    /// Returns the text that these bytes complete. Bytes that are not UTF-8 become U+FFFD.
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

    /// Returns what is left at the end of the stream: U+FFFD for a character that was never finished.
    pub fn finish(&mut self) -> String {
        let text = String::from_utf8_lossy(&self.held).into_owned();
        self.held.clear();
        text
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
