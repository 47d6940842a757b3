//! Chooses the next token from logits.
//!
//! Nucleus sampling: Holtzman et al., "The Curious Case of Neural Text Degeneration" (2020). Repeat penalty: Keskar et
//! al., "CTRL" (2019), section 4.1. Random numbers: SplitMix64 (Steele et al., 2014), implemented here so that a seed
//! gives the same text on every machine and after every update.

use super::Sampling;

pub(crate) struct Sampler<'a> {
    sampling: &'a Sampling,
    state: u64,
}

impl<'a> Sampler<'a> {
    pub fn new(sampling: &'a Sampling) -> Self {
        Self {
            sampling,
            state: sampling.seed,
        }
    }

    /// Returns the next token, or `None` if the logits hold no number to choose by.
    pub fn next(&mut self, logits: &mut [f32], so_far: &[u32]) -> Option<u32> {
        self.penalise(logits, so_far);
        let best = argmax(logits)?;
        if self.sampling.temperature <= 0.0 {
            return Some(best);
        }
        let top = f64::from(*logits.get(best as usize)?);
        let weight = |logit: f32| ((f64::from(logit) - top) / self.sampling.temperature).exp();
        let mut choices: Vec<(u32, f64)> = (0u32..)
            .zip(logits.iter().map(|&l| weight(l)))
            .filter(|(_, w)| *w > 0.0)
            .collect();
        // Likeliest first, and the lower id of equals, so that the order and the draw are the same on every machine.
        choices.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let total: f64 = choices.iter().map(|c| c.1).sum();
        self.keep_nucleus(&mut choices, total);
        self.draw(&choices).or(Some(best))
    }

    /// Divides positive logits and multiplies negative logits of the tokens in the window, each token once.
    fn penalise(&self, logits: &mut [f32], so_far: &[u32]) {
        let penalty = self.sampling.repeat_penalty;
        if penalty == 1.0 || !penalty.is_finite() || penalty <= 0.0 {
            return;
        }
        let from = so_far.len().saturating_sub(self.sampling.repeat_window);
        let seen: std::collections::BTreeSet<u32> = so_far.iter().skip(from).copied().collect();
        for id in seen {
            if let Some(logit) = logits.get_mut(id as usize) {
                *logit = if *logit > 0.0 {
                    *logit / penalty
                } else {
                    *logit * penalty
                };
            }
        }
    }

    /// Keeps the smallest set of likeliest tokens that together reach `top_p`, and always at least one.
    fn keep_nucleus(&self, choices: &mut Vec<(u32, f64)>, total: f64) {
        let top_p = self.sampling.top_p;
        if !(0.0..1.0).contains(&top_p) {
            return;
        }
        let mut reached = 0.0;
        let mut keep = 0;
        for (_, weight) in choices.iter() {
            keep += 1;
            reached += weight / total;
            if reached >= top_p {
                break;
            }
        }
        choices.truncate(keep.max(1));
    }

    fn draw(&mut self, choices: &[(u32, f64)]) -> Option<u32> {
        let total: f64 = choices.iter().map(|c| c.1).sum();
        let mut left = self.uniform() * total;
        for &(id, weight) in choices {
            left -= weight;
            if left < 0.0 {
                return Some(id);
            }
        }
        choices.last().map(|c| c.0)
    }

    /// Returns a number in `0..1`, made from the upper 53 bits.
    fn uniform(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Returns the lowest id with the largest logit. NaN never wins.
pub(crate) fn argmax(logits: &[f32]) -> Option<u32> {
    let mut best: Option<(u32, f32)> = None;
    for (id, &logit) in (0u32..).zip(logits) {
        if !logit.is_nan() && best.is_none_or(|(_, b)| logit > b) {
            best = Some((id, logit));
        }
    }
    best.map(|b| b.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampling(temperature: f64, top_p: f64, seed: u64) -> Sampling {
        Sampling {
            temperature,
            top_p,
            seed,
            ..Sampling::default()
        }
    }

    fn draws(sampling: &Sampling, logits: &[f32], count: usize) -> Vec<u32> {
        let mut sampler = Sampler::new(sampling);
        (0..count)
            .map(|_| sampler.next(&mut logits.to_vec(), &[]).unwrap())
            .collect()
    }

    #[test]
    fn greedy_takes_the_lowest_id_of_the_greatest() {
        assert_eq!(draws(&sampling(0.0, 1.0, 0), &[1.0, 3.0, f32::NAN, 3.0], 1), [1]);
    }

    #[test]
    fn logits_without_a_number_give_no_token() {
        assert_eq!(Sampler::new(&Sampling::default()).next(&mut [f32::NAN; 3], &[]), None);
        assert_eq!(Sampler::new(&Sampling::default()).next(&mut [], &[]), None);
    }

    #[test]
    fn a_seed_fixes_the_draws_and_another_seed_changes_them() {
        let logits: Vec<f32> = (0..50).map(|i| (i % 7) as f32 / 3.0).collect();
        let first = draws(&sampling(1.0, 1.0, 7), &logits, 40);
        assert_eq!(first, draws(&sampling(1.0, 1.0, 7), &logits, 40));
        assert_ne!(first, draws(&sampling(1.0, 1.0, 8), &logits, 40));
    }

    #[test]
    fn draws_follow_the_softmax() {
        // The weights are 1 : 3 after the temperature is applied.
        let logits = [0.0, 2.0 * 3f32.ln()];
        let ones = draws(&sampling(2.0, 1.0, 1), &logits, 8000)
            .iter()
            .filter(|&&id| id == 1)
            .count();
        assert!((5800..6200).contains(&ones), "{ones} of 8000, 6000 expected");
    }

    #[test]
    fn the_nucleus_holds_the_fewest_tokens_that_reach_top_p() {
        // Probabilities 0.5, 0.3, 0.2.
        let logits = [0.5f32.ln(), 0.3f32.ln(), 0.2f32.ln()];
        let mut seen = draws(&sampling(1.0, 0.7, 3), &logits, 500);
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, [0, 1]);
        assert!(draws(&sampling(1.0, 0.0, 3), &logits, 50).iter().all(|&id| id == 0));
    }

    #[test]
    fn the_repeat_penalty_reaches_back_as_far_as_its_window() {
        let sampling = Sampling {
            repeat_penalty: 2.0,
            repeat_window: 2,
            ..Sampling::default()
        };
        let next = |so_far: &[u32]| Sampler::new(&sampling).next(&mut [3.0, 2.0, -1.0], so_far).unwrap();
        assert_eq!(next(&[0]), 1);
        assert_eq!(next(&[0, 2, 2]), 0);
        let mut logits = [3.0, 2.0, -1.0];
        Sampler::new(&sampling).next(&mut logits, &[2, 2]);
        assert_eq!(logits, [3.0, 2.0, -2.0]);
    }
}
