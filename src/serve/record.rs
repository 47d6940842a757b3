//! Follows a request from its arrival to the last byte of its reply, for the log and the metrics.
//!
//! A [`Record`] writes itself when it is dropped. So a request is recorded too if its client leaves.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::Method;
use hyper::header::HeaderMap;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;

use super::metrics::Metrics;
use super::outcome::Outcome;

/// The most characters of a request identifier that a proxy may choose.
const MAX_ID: usize = 64;

/// Gets one object for each request.
pub type Sink = Box<dyn Fn(&Value) + Send + Sync>;

/// Where records go.
pub struct Watch {
    pub metrics: Metrics,
    /// Without it, nothing is logged.
    pub log: Option<Sink>,
    /// Whether the log may have the text of questions.
    pub log_questions: bool,
}

/// One request.
pub struct Record {
    watch: Arc<Watch>,
    began: Instant,
    id: String,
    method: &'static str,
    /// A known path, or `other`. A path that a client made up may hold anything.
    pub route: &'static str,
    /// The name of the token.
    pub token: Option<String>,
    status: Option<u16>,
    question: Option<Question>,
}

struct Question {
    text: Option<String>,
    outcome: Option<Outcome>,
    wait: Option<Duration>,
    first: Option<Duration>,
    /// Keeps the server from stopping before the last byte.
    _stay: Option<OwnedSemaphorePermit>,
}

impl Record {
    pub fn begin(watch: &Arc<Watch>, id: String, method: &Method) -> Record {
        Record {
            watch: Arc::clone(watch),
            began: Instant::now(),
            id,
            method: match *method {
                Method::GET => "GET",
                Method::POST => "POST",
                Method::HEAD => "HEAD",
                Method::OPTIONS => "OPTIONS",
                _ => "other",
            },
            route: "other",
            token: None,
            status: None,
            question: None,
        }
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// The request is a question. Until its outcome is set, it counts as cancelled.
    pub fn asks(&mut self, text: &str, stay: Option<OwnedSemaphorePermit>) {
        let wanted = self.watch.log.is_some() && self.watch.log_questions;
        self.question = Some(Question {
            text: wanted.then(|| text.to_string()),
            outcome: None,
            wait: None,
            first: None,
            _stay: stay,
        });
    }

    /// The question left the queue after `wait`.
    pub fn runs(&mut self, wait: Duration) {
        if let Some(question) = &mut self.question {
            question.wait = Some(wait);
        }
    }

    /// The question is in the queue. If nothing else is noted, its client left.
    pub fn waits(&mut self) {
        self.ended(Outcome::Cancelled);
    }

    pub fn ended(&mut self, outcome: Outcome) {
        if let Some(question) = &mut self.question {
            question.outcome = Some(outcome);
        }
    }

    /// The queue dropped the question.
    pub fn dropped(&mut self) {
        let ran = self.question.as_ref().is_some_and(|question| question.wait.is_some());
        self.ended(match ran {
            true => Outcome::Error,
            false => Outcome::Rejected,
        });
    }

    /// The head of the reply is ready, and with it the first byte of its body.
    pub fn replied(&mut self, status: u16) {
        self.status = Some(status);
        let first = self.began.elapsed();
        if let Some(question) = &mut self.question {
            question.first = Some(first);
        }
    }

    fn line(&self, whole: Duration) -> Value {
        let question = self.question.as_ref();
        let outcome = question.map(|question| question.outcome.unwrap_or(Outcome::Cancelled).name());
        let mut line = json!({
            "time": format!("{:.3}", Timestamp::now()),
            "id": self.id,
            "token": self.token,
            "method": self.method,
            "route": self.route,
            "status": self.status,
            "outcome": outcome,
            "ms": millis(whole),
            "first_ms": question.and_then(|question| question.first).map(millis),
            "queue_ms": question.and_then(|question| question.wait).map(millis),
        });
        if let Some(text) = question.and_then(|question| question.text.as_ref()) {
            line["question"] = json!(text);
        }
        line
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let whole = self.began.elapsed();
        self.watch.metrics.replied(self.status);
        if let Some(Question {
            outcome, wait, first, ..
        }) = &self.question
        {
            let outcome = outcome.unwrap_or(Outcome::Cancelled);
            self.watch.metrics.asked(outcome, *wait, *first, whole);
        }
        if let Some(log) = &self.watch.log {
            log(&self.line(whole));
        }
    }
}

/// Milliseconds with three decimals.
fn millis(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e3
}

/// The identifier that a proxy gave the request in `X-Request-Id`, if it is harmless.
pub fn given_id(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get("x-request-id")?.to_str().ok()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    ((1..=MAX_ID).contains(&id.len()) && id.bytes().all(plain)).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    fn watched(log_questions: bool) -> (Arc<Watch>, Arc<Mutex<Vec<Value>>>) {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let watch = Watch {
            metrics: Metrics::new(1).unwrap(),
            log: Some(Box::new(move |line| kept.lock().unwrap().push(line.clone()))),
            log_questions,
        };
        (Arc::new(watch), lines)
    }

    #[test]
    fn a_request_is_logged_when_it_is_over_and_a_client_that_left_is_seen() {
        let (watch, lines) = watched(false);
        let mut record = Record::begin(&watch, "r1".into(), &Method::POST);
        record.asks("a secret", None);
        record.runs(Duration::from_micros(1500));
        record.replied(200);
        record.ended(Outcome::Related);
        assert!(lines.lock().unwrap().is_empty());
        drop(record);
        let mut left = Record::begin(&watch, "r2".into(), &Method::POST);
        left.asks("a secret", None);
        drop(left);
        let lines = lines.lock().unwrap();
        assert_eq!(lines[0]["outcome"], "related");
        assert_eq!(lines[0]["queue_ms"], 1.5);
        assert_eq!(
            (&lines[1]["outcome"], &lines[1]["status"]),
            (&json!("cancelled"), &Value::Null)
        );
        assert!(!format!("{lines:?}").contains("secret"), "{lines:?}");
    }

    #[test]
    fn a_question_is_logged_only_on_request() {
        let (watch, lines) = watched(true);
        let mut record = Record::begin(&watch, "r1".into(), &Method::POST);
        record.asks("why?", None);
        drop(record);
        drop(Record::begin(&watch, "r2".into(), &Method::GET));
        let lines = lines.lock().unwrap();
        assert_eq!(
            (lines[0]["question"].as_str(), lines[1].get("question")),
            (Some("why?"), None)
        );
    }

    #[test]
    fn a_question_that_the_queue_dropped_was_rejected_if_it_still_waited() {
        let (watch, lines) = watched(false);
        for ran in [false, true] {
            let mut record = Record::begin(&watch, "r".into(), &Method::POST);
            record.asks("why?", None);
            if ran {
                record.runs(Duration::ZERO);
            }
            record.dropped();
        }
        let lines = lines.lock().unwrap();
        assert_eq!(
            (&lines[0]["outcome"], &lines[1]["outcome"]),
            (&json!("rejected"), &json!("error"))
        );
    }

    #[test]
    fn an_identifier_of_a_proxy_is_taken_over_only_if_it_is_plain() {
        let given = |id: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-request-id", id.parse().unwrap());
            given_id(&headers).map(str::to_string)
        };
        assert_eq!(given("a-1.B_2").as_deref(), Some("a-1.B_2"));
        for id in ["", "a b", "\u{e9}", "{\"a\":1}", &"x".repeat(65)] {
            assert_eq!(given(id), None, "{id}");
        }
    }
}
