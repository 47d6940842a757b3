//! What is measured of a question and a discussion before it is judged.

/// The measurements of a question and a discussion. Similarities are cosines, shares are 0..=1.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Features {
    /// Similarity to the title of the discussion.
    pub title: f32,
    /// Similarity to the passage found, see `retrieve::dense`.
    pub passage: f32,
    /// Share of the question's words, weighted by rarity, that the title and the asker's text have.
    pub asked_words: f32,
    /// Share that the whole discussion has.
    pub all_words: f32,
    /// Rarity of the rarest word missing from the title, the asker's text and the other wordings. 1 is about the rarest
    /// possible.
    pub asked_lacks: f32,
    /// Rarity of the rarest word missing from the whole discussion, on the same scale.
    pub lacks: f32,
    /// Relative difference in score to the best other discussion. Only the fit by words uses it.
    pub margin: f32,
    /// ln(1 + content words), of which at most 8 count. Only the fit by words uses it.
    pub length: f32,
}
