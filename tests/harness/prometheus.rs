//! A strict reader of Prometheus' text format, version 0.0.4.

use std::collections::{BTreeMap, BTreeSet};

/// Samples by name and labels, such as `a_total{code="200"}`.
pub type Samples = BTreeMap<String, f64>;

/// Reads `text`. Panics at anything that the format does not allow, or that a server should not send: a sample without a
/// type and help, a metric in two places, a sample twice, or a histogram whose buckets do not add up.
#[track_caller]
pub fn read(text: &str) -> Samples {
    assert!(text.ends_with('\n'), "no line end after the last line: {text}");
    let mut samples = Samples::new();
    let mut finished = BTreeSet::new();
    let (mut family, mut kind, mut helped) = (String::new(), String::new(), String::new());
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').expect("a help text");
            assert!(is_name(name) && !help.is_empty(), "{line}");
            helped = name.to_string();
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, of) = rest.split_once(' ').expect("a type");
            assert_eq!(name, helped, "the type does not follow its help: {line}");
            assert!(["counter", "gauge", "histogram"].contains(&of), "{line}");
            assert!(finished.insert(name.to_string()), "{name} comes twice");
            (family, kind) = (name.to_string(), of.to_string());
        } else {
            let (series, value) = line.rsplit_once(' ').expect("a value");
            let (name, labels) = series.split_once('{').map_or((series, ""), |(name, rest)| {
                (name, rest.strip_suffix('}').expect("the end of the labels"))
            });
            assert!(is_name(name), "{line}");
            labels
                .split(',')
                .filter(|label| !label.is_empty())
                .for_each(check_label);
            let suffix = name.strip_prefix(family.as_str()).expect("a sample of the last family");
            match kind.as_str() {
                "histogram" => assert!(["_bucket", "_sum", "_count"].contains(&suffix), "{line}"),
                "counter" => assert!(suffix.is_empty() && name.ends_with("_total"), "{line}"),
                _ => assert!(suffix.is_empty(), "{line}"),
            }
            let value: f64 = value.parse().expect("a number");
            assert!(value.is_finite() && value >= 0.0, "{line}");
            assert!(
                samples.insert(series.to_string(), value).is_none(),
                "{series} comes twice"
            );
        }
    }
    check_histograms(&samples);
    samples
}

fn is_name(name: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    !name.starts_with(|c: char| c.is_ascii_digit()) && !name.is_empty() && name.chars().all(part)
}

fn check_label(label: &str) {
    let (name, value) = label.split_once('=').expect("a label with a value");
    let value = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let value = value.expect("a quoted value");
    assert!(is_name(name) && !name.contains(':'), "{label}");
    assert!(!value.contains(['"', '\\', '\n']), "{label}");
}

fn check_histograms(samples: &Samples) {
    let mut buckets: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for (series, count) in samples {
        if let Some((name, bound)) = series.split_once("_bucket{le=\"") {
            let bound = bound.strip_suffix("\"}").expect("only the label `le`");
            let bound = bound.replace("+Inf", "inf").parse().expect("a bound");
            buckets.entry(name).or_default().push((bound, *count));
        }
    }
    for (name, mut of) in buckets {
        of.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert!(of.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{name}: {of:?}");
        let last = of.last().expect("a bucket");
        assert!(last.0.is_infinite(), "{name} has no bucket without a bound");
        assert_eq!(Some(&last.1), samples.get(&format!("{name}_count")), "{name}");
        assert!(samples.contains_key(&format!("{name}_sum")), "{name}");
    }
}
