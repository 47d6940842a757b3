//! Computes measures of rankings and of yes-or-no decisions, with confidence intervals and a paired test.
//!
//! It knows nothing about what was ranked. Measures are from 0 to 1.

/// Share of the `relevant` items that are among the first `k`.
///
/// No more than `k` can be among them, so the best value is 1 whatever their number. `ranks` holds the ranks, from 1,
/// of those that were found.
pub fn recall_at(k: usize, ranks: &[usize], relevant: usize) -> f64 {
    let found = ranks.iter().filter(|&&rank| rank <= k).count();
    found as f64 / relevant.min(k).max(1) as f64
}

/// 1 if any relevant item is among the first `k`, else 0.
pub fn success_at(k: usize, ranks: &[usize]) -> f64 {
    f64::from(u8::from(ranks.iter().any(|&rank| rank <= k)))
}

/// One over the rank of the first relevant item, or 0 if none is among the first `k`. The mean of this over queries is
/// the mean reciprocal rank.
pub fn reciprocal_rank_at(k: usize, ranks: &[usize]) -> f64 {
    ranks
        .iter()
        .filter(|&&rank| rank <= k)
        .min()
        .map_or(0.0, |&rank| 1.0 / rank as f64)
}

/// Normalised discounted cumulative gain (Järvelin and Kekäläinen 2002) with the discount `log2(1 + rank)`.
///
/// `found` holds the ranks, from 1, and gains of what was ranked. `all` holds the gains of everything that is relevant.
pub fn ndcg_at(k: usize, found: &[(usize, f64)], all: &[f64]) -> f64 {
    let discounted = |rank: usize, gain: f64| gain / ((rank + 1) as f64).log2();
    let within = found.iter().filter(|(rank, _)| *rank <= k);
    let gained: f64 = within.map(|(rank, gain)| discounted(*rank, *gain)).sum();
    let mut best = all.to_vec();
    best.sort_by(|a, b| b.total_cmp(a));
    let ideal: f64 = (1..=k).zip(best).map(|(rank, gain)| discounted(rank, gain)).sum();
    if ideal == 0.0 { 0.0 } else { gained / ideal }
}

/// The gain of a grade of relevance, `2^grade - 1` (Burges and others, ICML 2005): 1 for what bears on a question, 3
/// for what answers it.
pub fn gain(grade: i32) -> f64 {
    2f64.powi(grade.max(0)) - 1.0
}

/// How two measurements of the same items differ.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Difference {
    /// Mean of the first minus mean of the second.
    pub value: f64,
    /// The probability of a difference at least as large, in either direction, if the two measurements were swapped at
    /// random.
    pub p: f64,
}

/// The number of draws of a paired test.
const DRAWS: usize = 20_000;

/// Fisher's paired randomisation test, two-sided, with a fixed seed (for retrieval: Smucker, Allan and Carterette, CIKM
/// 2007). `a` and `b` hold the same items in the same order.
pub fn paired(a: &[f64], b: &[f64]) -> Difference {
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let value = mean(&differences);
    let mut random = SplitMix(0x5eed);
    let mut as_large = 0;
    for _ in 0..DRAWS {
        let drawn = differences.iter().map(|d| if random.below(2) == 0 { *d } else { -d });
        // Sums of the same numbers with other signs differ in their last digits.
        if drawn.sum::<f64>().abs() >= differences.iter().sum::<f64>().abs() - 1e-9 {
            as_large += 1;
        }
    }
    Difference {
        value,
        p: (as_large + 1) as f64 / (DRAWS + 1) as f64,
    }
}

/// Precision, recall and F1 of a decision, from (decided, true) pairs. Each is 0 if undefined.
pub fn precision_recall_f1(pairs: &[(bool, bool)]) -> [f64; 3] {
    let count = |decided: bool, truth: bool| pairs.iter().filter(|pair| **pair == (decided, truth)).count() as f64;
    let (hit, false_alarm, miss) = (count(true, true), count(true, false), count(false, true));
    let share = |part: f64, whole: f64| if whole == 0.0 { 0.0 } else { part / whole };
    let (precision, recall) = (share(hit, hit + false_alarm), share(hit, hit + miss));
    [precision, recall, share(2.0 * precision * recall, precision + recall)]
}

/// A measure with its 95% confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Estimate {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// The number of resamples of a confidence interval.
const RESAMPLES: usize = 2_000;

/// Returns `measure` of `items`, and the interval that holds 95% of its values on resamples: the percentile bootstrap
/// (Efron 1979) with a fixed seed.
pub fn estimate<T: Clone>(items: &[T], measure: impl Fn(&[T]) -> f64) -> Estimate {
    let value = measure(items);
    if items.is_empty() {
        return Estimate {
            value,
            low: value,
            high: value,
        };
    }
    let mut random = SplitMix(0x5eed);
    let mut values: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let sample: Vec<T> = items.iter().map(|_| items[random.below(items.len())].clone()).collect();
            measure(&sample)
        })
        .collect();
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[((RESAMPLES - 1) as f64 * share).round() as usize];
    Estimate {
        value,
        low: at(0.025),
        high: at(0.975),
    }
}

/// The mean of `values`, or 0 without values.
pub fn mean(values: &[f64]) -> f64 {
    // The standard library's sum of nothing is -0.0, which would be printed with its sign.
    values.iter().sum::<f64>() / values.len().max(1) as f64 + 0.0
}

/// SplitMix64 (Steele, Lea and Flood 2014): small, and the same on every platform.
struct SplitMix(u64);

impl SplitMix {
    /// Returns a number below `n`, uniform enough for resampling.
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perfect_ranking_scores_1_and_an_empty_one_0() {
        assert_eq!(
            [
                recall_at(5, &[1, 2], 2),
                reciprocal_rank_at(10, &[1, 2]),
                ndcg_at(10, &[(1, 3.0), (2, 1.0)], &[1.0, 3.0])
            ],
            [1.0; 3]
        );
        assert_eq!(
            [
                recall_at(5, &[], 2),
                reciprocal_rank_at(10, &[]),
                ndcg_at(10, &[], &[1.0]),
                success_at(5, &[])
            ],
            [0.0; 4]
        );
        assert_eq!(recall_at(2, &[1, 2, 3], 6), 1.0);
    }

    #[test]
    fn values_are_those_of_the_definitions() {
        assert_eq!(recall_at(5, &[2, 9], 2), 0.5);
        assert_eq!(reciprocal_rank_at(10, &[4, 2]), 0.5);
        // One relevant item of two, at rank 2: (1/log2 3) / (1 + 1/log2 3).
        assert!((ndcg_at(10, &[(2, 1.0)], &[1.0, 1.0]) - 0.386_852_807).abs() < 1e-8);
        // What answers is second, what bears on it first: (1 + 3/log2 3) / (3 + 1/log2 3).
        let swapped = ndcg_at(10, &[(1, gain(1)), (2, gain(2))], &[gain(2), gain(1)]);
        assert!((swapped - 0.796_707_581).abs() < 1e-8, "{swapped}");
        assert_eq!(ndcg_at(10, &[(11, 1.0)], &[1.0]), 0.0);
    }

    #[test]
    fn a_paired_test_tells_a_steady_difference_from_none() {
        let flat = vec![0.5; 12];
        let same = paired(&flat, &flat);
        assert_eq!((same.value, same.p), (0.0, 1.0));
        let better: Vec<f64> = flat.iter().map(|x| x + 0.25).collect();
        let steady = paired(&better, &flat);
        // Of 2^12 choices of signs, two give a sum this large.
        assert!(
            steady.value == 0.25 && (0.0001..0.002).contains(&steady.p),
            "{steady:?}"
        );
        assert_eq!(paired(&flat, &better).p, steady.p);
        // One item of two differs. The difference is as large with every draw.
        assert_eq!(paired(&[1.0, 0.0], &[0.0, 0.0]).p, 1.0);
        assert_eq!(paired(&[], &[]).p, 1.0);
    }

    #[test]
    fn decisions_are_scored_by_their_confusions() {
        let pairs = [(true, true), (true, false), (false, true), (true, true), (false, false)];
        let [precision, recall, f1] = precision_recall_f1(&pairs);
        assert!(
            (precision - 2.0 / 3.0).abs() < 1e-12
                && (recall - 2.0 / 3.0).abs() < 1e-12
                && (f1 - 2.0 / 3.0).abs() < 1e-12
        );
        assert_eq!(precision_recall_f1(&[]), [0.0; 3]);
    }

    #[test]
    fn the_interval_holds_the_value_is_repeatable_and_narrows_with_more_items() {
        let items = |n: usize| (0..n).map(|i| f64::from(u8::from(i % 4 != 0))).collect::<Vec<_>>();
        let (few, many) = (estimate(&items(20), mean), estimate(&items(2_000), mean));
        assert!(few.low < few.value && few.value < few.high);
        assert!(many.high - many.low < (few.high - few.low) / 3.0);
        assert_eq!(few, estimate(&items(20), mean));
    }
}
