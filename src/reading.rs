//! The input of a reader, a model that reads a question and a passage together.
//!
//! `answer` creates a [`Text`] and `retrieve` reads it, so neither needs to know the other.

/// One passage of a discussion, and the question that it may answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<'a> {
    pub question: &'a str,
    /// Title of the discussion.
    pub title: &'a str,
    /// What the asker of the discussion wrote.
    pub asker: &'a str,
    /// The passage's sentences, in order.
    pub sentences: Vec<&'a str>,
}
