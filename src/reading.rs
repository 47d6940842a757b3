//! What a reader is asked: a model that reads a question and a passage together.
//!
//! In: nothing. Out: [`Text`], which `answer` makes and `retrieve` reads. It must not know either.

/// One passage of a discussion, and the question that it may answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<'a> {
    pub question: &'a str,
    /// Of the discussion.
    pub title: &'a str,
    /// What the asker of the discussion wrote.
    pub asker: &'a str,
    /// The passage's sentences, in their order.
    pub sentences: Vec<&'a str>,
}
