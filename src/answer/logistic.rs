//! Evaluates a logistic regression. `eval/logistic.py` fits the constants.

/// The intercept and the weights of `N` features, in order.
pub(super) struct Fit<const N: usize> {
    pub intercept: f32,
    pub weights: [f32; N],
}

impl<const N: usize> Fit<N> {
    /// Returns the probability of a yes: 0..=1.
    pub fn probability(&self, features: &[f32; N]) -> f32 {
        let weighed = self.weights.iter().zip(features).map(|(weight, value)| weight * value);
        1.0 / (1.0 + (-(self.intercept + weighed.sum::<f32>())).exp())
    }
}
