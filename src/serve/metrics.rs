//! Counts what the server does, for Prometheus.
//!
//! No label holds text from a request: outcomes and statuses are the only ones, and both are few.

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{Encoder, Gauge, Histogram, HistogramOpts, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};

use super::outcome::Outcome;
use crate::jobs::CorpusFigures;

/// Upper bounds of the histograms, in seconds: from quotes in milliseconds to a model that writes for minutes.
const SECONDS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0,
];

/// The media type of Prometheus' text format.
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The figures of one server.
pub struct Metrics {
    registry: Registry,
    questions: IntCounterVec,
    requests: IntCounterVec,
    first: Histogram,
    last: Histogram,
    wait: Histogram,
    waiting: IntGauge,
    running: IntGauge,
    editions: IntGauge,
    passages: IntGauge,
    newest: Gauge,
    indexed: Gauge,
}

impl Metrics {
    /// # Errors
    /// Two figures with one name, which tests would find.
    pub fn new(places: usize) -> prometheus::Result<Metrics> {
        let registry = Registry::new();
        let counters =
            |name: &str, help: &str, label: &str| add(&registry, IntCounterVec::new(Opts::new(name, help), &[label])?);
        let histogram = |name: &str, help: &str| {
            let opts = HistogramOpts::new(name, help).buckets(SECONDS.into());
            add(&registry, Histogram::with_opts(opts)?)
        };
        let number = |name: &str, help: &str| add(&registry, IntGauge::new(name, help)?);
        let time = |name: &str, help: &str| add(&registry, Gauge::new(name, help)?);
        let metrics = Metrics {
            questions: counters("askpm_questions_total", "Questions by their outcome.", "outcome")?,
            requests: counters("askpm_requests_total", "Requests by the status of the reply.", "code")?,
            first: histogram(
                "askpm_first_byte_seconds",
                "Time from a question to the first byte of its answer.",
            )?,
            last: histogram(
                "askpm_answer_seconds",
                "Time from a question to the last byte of its answer.",
            )?,
            wait: histogram("askpm_queue_wait_seconds", "Time that a question waited in the queue.")?,
            waiting: number("askpm_questions_waiting", "Questions in the queue now.")?,
            running: number(
                "askpm_questions_running",
                "Questions that are being answered now: 0 or 1.",
            )?,
            editions: number("askpm_corpus_editions", "Editions in the index.")?,
            passages: number("askpm_corpus_passages", "Passages in the index.")?,
            newest: time(
                "askpm_corpus_newest_edition_timestamp_seconds",
                "Date of the newest edition, or 0 if no edition has a date.",
            )?,
            indexed: time(
                "askpm_index_changed_timestamp_seconds",
                "When the index last changed, as the last question saw it.",
            )?,
            registry: registry.clone(),
        };
        number("askpm_queue_places", "Questions that may wait.")?.set(signed(places));
        let about =
            Opts::new("askpm_build_info", "Version of askpm.").const_label("version", env!("CARGO_PKG_VERSION"));
        add(&registry, IntGauge::with_opts(about)?)?.set(1);
        // A series that is there from the start can be watched for its first increase.
        for outcome in Outcome::ALL {
            metrics.questions.with_label_values(&[outcome.name()]);
        }
        Ok(metrics)
    }

    /// Counts a reply, or a request whose client left before the reply.
    pub fn replied(&self, status: Option<u16>) {
        let status = status.map_or("none".to_string(), |status| status.to_string());
        self.requests.with_label_values(&[&status]).inc();
    }

    /// Counts a question. Only those that got an answer count for its times.
    pub fn asked(&self, outcome: Outcome, wait: Option<Duration>, first: Option<Duration>, last: Duration) {
        self.questions.with_label_values(&[outcome.name()]).inc();
        if let Some(wait) = wait {
            self.wait.observe(wait.as_secs_f64());
        }
        if let (true, Some(first)) = (outcome.is_answer(), first) {
            self.first.observe(first.as_secs_f64());
            self.last.observe(last.as_secs_f64());
        }
    }

    /// Returns all figures in Prometheus' text format.
    ///
    /// # Errors
    /// A figure that cannot be written, which tests would find.
    pub fn text(&self, (waiting, running): (usize, bool), corpus: &CorpusFigures) -> prometheus::Result<Vec<u8>> {
        self.waiting.set(signed(waiting));
        self.running.set(i64::from(running));
        self.editions.set(signed(corpus.editions));
        self.passages.set(signed(corpus.passages));
        self.newest.set(corpus.newest.unwrap_or(0) as f64);
        self.indexed.set(corpus.indexed_at.unwrap_or(0) as f64);
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

/// Registers a figure and returns it. Its clones share their value.
fn add<C: Collector + Clone + 'static>(registry: &Registry, figure: C) -> prometheus::Result<C> {
    registry.register(Box::new(figure.clone()))?;
    Ok(figure)
}

fn signed(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_counts_for_the_times_and_a_rejected_question_does_not() {
        let metrics = Metrics::new(8).unwrap();
        let short = Duration::from_millis(20);
        metrics.asked(Outcome::Answered, Some(short), Some(short), short * 2);
        metrics.asked(Outcome::Rejected, None, None, short);
        metrics.replied(Some(200));
        metrics.replied(None);
        let corpus = CorpusFigures {
            editions: 3,
            passages: 9,
            newest: Some(86_400),
            indexed_at: Some(1_796_000_000),
        };
        let text = String::from_utf8(metrics.text((2, true), &corpus).unwrap()).unwrap();
        for line in [
            "# TYPE askpm_questions_total counter",
            "askpm_questions_total{outcome=\"answered\"} 1",
            "askpm_questions_total{outcome=\"cancelled\"} 0",
            "askpm_questions_total{outcome=\"rejected\"} 1",
            "askpm_answer_seconds_bucket{le=\"0.025\"} 0",
            "askpm_answer_seconds_bucket{le=\"0.05\"} 1",
            "askpm_answer_seconds_count 1",
            "askpm_queue_wait_seconds_count 1",
            "askpm_requests_total{code=\"none\"} 1",
            "askpm_questions_waiting 2",
            "askpm_questions_running 1",
            "askpm_queue_places 8",
            "askpm_corpus_passages 9",
            "askpm_index_changed_timestamp_seconds 1796000000",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
        }
    }
}
