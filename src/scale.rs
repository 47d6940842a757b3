//! What makes the similarities of different embedding models comparable.

/// A linear function of similarities. The default changes nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    pub slope: f32,
    pub offset: f32,
}

impl Default for Scale {
    fn default() -> Scale {
        Scale {
            slope: 1.0,
            offset: 0.0,
        }
    }
}

impl Scale {
    /// Returns `similarity` on the scale of the built-in model.
    pub fn of(self, similarity: f32) -> f32 {
        self.slope * similarity + self.offset
    }
}
