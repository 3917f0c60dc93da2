//! An object of one's own: a stack, checked by its sequential specification.
//!
//! `cargo run -p quorate-checker --example own_model`

use quorate_checker::model::{CallBuilder, CallProof, Model, check_calls};
use quorate_checker::verify::verify_calls;
use quorate_checker::{Budget, Datum, Event, Outcome, ReadError, Reader};

/// A stack of integers.
struct Stack;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Op {
    Push(i64),
    /// What came off; `None` if nobody learned.
    Pop(Option<i64>),
}

impl Model for Stack {
    type Op = Op;
    type State = Vec<i64>;

    fn initial(&self) -> Vec<i64> {
        Vec::new()
    }

    fn op(
        &self,
        invocation: &Event,
        completion: Option<&Event>,
        outcome: Outcome,
    ) -> Result<Option<Op>, ReadError> {
        let integer = |datum: &Datum| match datum {
            Datum::Int(value) => Some(*value),
            _ => None,
        };
        Ok(match (&*invocation.f, outcome) {
            (_, Outcome::Fail) => None,
            ("push", _) => integer(&invocation.value).map(Op::Push),
            _ => Some(Op::Pop(completion.and_then(|completion| integer(&completion.value)))),
        })
    }

    fn step(&self, stack: &Vec<i64>, op: &Op) -> Result<Vec<i64>, String> {
        let mut next = stack.clone();
        match op {
            Op::Push(value) => next.push(*value),
            Op::Pop(popped) => match (next.pop(), popped) {
                (None, _) => return Err("the stack is empty".to_owned()),
                (Some(top), Some(popped)) if top != *popped => {
                    return Err(format!("{top} is on top"));
                }
                _ => {}
            },
        }
        Ok(next)
    }

    fn is_read_only(&self, _: &Op) -> bool {
        false
    }

    fn describe(&self, op: &Op) -> String {
        match op {
            Op::Push(value) => format!("push of {value}"),
            Op::Pop(Some(value)) => format!("pop of {value}"),
            Op::Pop(None) => "pop".to_owned(),
        }
    }
}

/// Two pushes, one after the other, and a pop of the lower one.
const HISTORY: &str = r#"{"process":0,"type":"invoke","f":"push","value":1}
{"process":0,"type":"ok","f":"push","value":1}
{"process":0,"type":"invoke","f":"push","value":2}
{"process":0,"type":"ok","f":"push","value":2}
{"process":1,"type":"invoke","f":"pop","value":null}
{"process":1,"type":"ok","f":"pop","value":1}
"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut builder = CallBuilder::new(&Stack);
    for event in Reader::new(HISTORY.as_bytes(), None)? {
        builder.push(&event?)?;
    }
    let history = builder.finish()?;
    for report in check_calls(&Stack, &history, 0..history.keys.len(), Budget::GENEROUS) {
        let calls = &history.keys[0].1;
        verify_calls(&Stack, calls, &report.proof)?;
        println!("{}, and the verifier agrees", report.verdict());
        if let CallProof::Counterexample(counterexample) = report.proof {
            for op in counterexample.ops {
                println!("  {}", Stack.describe(&calls[op as usize].op));
            }
        }
    }
    Ok(())
}
