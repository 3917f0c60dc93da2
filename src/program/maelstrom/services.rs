//! Stores that nodes may ask, as Maelstrom offers them.

use std::collections::BTreeMap;

use rand::RngExt as _;
use serde_json::{Value as Json, json};

use super::{Body, fields};
use crate::rng::Rng;

/// A store that nodes may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Linearizable: whoever reads sees what was written last.
    LinKv,
    /// Sequentially consistent: whoever reads may see the past, but never one before what he has seen.
    SeqKv,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::LinKv, Self::SeqKv];

    /// Where messages to it go.
    pub fn name(self) -> &'static str {
        match self {
            Self::LinKv => "lin-kv",
            Self::SeqKv => "seq-kv",
        }
    }
}

/// All stores that nodes may ask.
#[derive(Debug)]
pub struct Services {
    lin: Store,
    seq: Store,
    rng: Rng,
}

/// Every value that each key has had, and when: times are numbers of changes.
#[derive(Debug, Default)]
struct Store {
    now: u64,
    changes: BTreeMap<String, Vec<(u64, Json)>>,
    /// The latest time that each party knows of.
    seen: BTreeMap<String, u64>,
}

impl Services {
    /// Empty stores. How old what somebody reads may be is drawn from `rng`.
    pub fn new(rng: Rng) -> Self {
        Self { lin: Store::default(), seq: Store::default(), rng }
    }

    /// Answers a question; what is no question needs no answer.
    pub fn answer(&mut self, service: Service, from: &str, question: &Body) -> Option<Body> {
        let number = question.get("msg_id")?.clone();
        let (store, rng) = match service {
            Service::LinKv => (&mut self.lin, None),
            Service::SeqKv => (&mut self.seq, Some(&mut self.rng)),
        };
        let mut answer = fields(store.answer(from, question, rng));
        answer.insert("in_reply_to".to_owned(), number);
        Some(answer)
    }
}

impl Store {
    /// Reads are of the past if there is something to draw it from.
    fn answer(&mut self, from: &str, question: &Body, rng: Option<&mut Rng>) -> Json {
        let field = |name| question.get(name).cloned().unwrap_or_default();
        let key = field("key").to_string();
        match field("type").as_str() {
            Some("read") => {
                let seen = self.seen.get(from).copied().unwrap_or(0);
                let at = rng.map_or(self.now, |rng| rng.random_range(seen..=self.now));
                self.seen.insert(from.to_owned(), at);
                match self.value(&key, at) {
                    Some(value) => json!({ "type": "read_ok", "value": value }),
                    None => error(20, "key does not exist"),
                }
            }
            Some("write") => {
                self.change(from, key, field("value"));
                json!({ "type": "write_ok" })
            }
            Some("cas") => {
                self.seen.insert(from.to_owned(), self.now);
                let found = self.value(&key, self.now);
                match found {
                    None if field("create_if_not_exists") != true => {
                        error(20, "key does not exist")
                    }
                    Some(found) if *found != field("from") => {
                        error(22, &format!("expected {}, but had {found}", field("from")))
                    }
                    None | Some(_) => {
                        self.change(from, key, field("to"));
                        json!({ "type": "cas_ok" })
                    }
                }
            }
            _ => error(10, "expected read, write or cas"),
        }
    }

    fn value(&self, key: &str, at: u64) -> Option<&Json> {
        let changes = self.changes.get(key)?;
        let (_, value) = changes[..changes.partition_point(|(time, _)| *time <= at)].last()?;
        Some(value)
    }

    fn change(&mut self, from: &str, key: String, value: Json) {
        self.now += 1;
        self.changes.entry(key).or_default().push((self.now, value));
        self.seen.insert(from.to_owned(), self.now);
    }
}

fn error(code: u64, text: &str) -> Json {
    json!({ "type": "error", "code": code, "text": text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;

    fn ask(services: &mut Services, service: Service, from: &str, question: Json) -> Json {
        let mut question = fields(question);
        question.insert("msg_id".to_owned(), json!(5));
        let answer = services.answer(service, from, &question).expect("it was a question");
        assert_eq!(answer["in_reply_to"], 5);
        Json::Object(answer)
    }

    #[test]
    fn the_linearizable_store_does_as_it_is_told() {
        let mut services = Services::new(Seed(1).fork("services"));
        let mut ask = |question| ask(&mut services, Service::LinKv, "n1", question);
        assert_eq!(ask(json!({ "type": "read", "key": "x" }))["code"], 20);
        let cas = json!({ "type": "cas", "key": "x", "from": 1, "to": 2 });
        assert_eq!(ask(cas.clone())["code"], 20);
        assert_eq!(ask(json!({ "type": "write", "key": "x", "value": 1 }))["type"], "write_ok");
        assert_eq!(ask(cas.clone())["type"], "cas_ok");
        assert_eq!(ask(cas)["code"], 22);
        assert_eq!(ask(json!({ "type": "read", "key": "x" }))["value"], 2);
        let create =
            json!({ "type": "cas", "key": [1], "from": 0, "to": 9, "create_if_not_exists": true });
        assert_eq!(ask(create)["type"], "cas_ok");
        assert_eq!(ask(json!({ "type": "read", "key": [1] }))["value"], 9);
        assert_eq!(ask(json!({ "type": "dance" }))["code"], 10);
    }

    #[test]
    fn the_sequential_store_shows_the_past_but_never_goes_back() {
        let mut services = Services::new(Seed(1).fork("services"));
        let mut ask = |from: &str, question| ask(&mut services, Service::SeqKv, from, question);
        let (mut last, mut stale) = (0, 0);
        for value in 1..=100 {
            ask("n1", json!({ "type": "write", "key": 0, "value": value }));
            assert_eq!(ask("n1", json!({ "type": "read", "key": 0 }))["value"], value);
            let read =
                ask("n2", json!({ "type": "read", "key": 0 }))["value"].as_u64().unwrap_or(0);
            assert!((last..=value).contains(&read), "{last} to {value}, found {read}");
            stale += u32::from(read < value);
            last = read;
        }
        assert!(stale > 10, "{stale} reads of the past");
    }
}
