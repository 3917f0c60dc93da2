//! Objects written down once more, to make histories of them and to try every order.

use quorate_checker::Datum;
use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use rand::seq::IndexedRandom;

pub(crate) const NIL: Datum = Datum::Nil;

/// What an object holds: elements, a count, or a version and a value.
pub(crate) type State = Vec<i64>;

/// A state that an operation may leave, with every result that it may have then.
pub(crate) type After = (State, Vec<Datum>);

/// An object with all that its operations may do.
#[derive(Clone, Copy)]
pub(crate) struct Object {
    pub(crate) initial: &'static [i64],
    /// A function and an argument.
    pub(crate) ask: fn(&mut ChaCha8Rng, &State) -> (&'static str, Datum),
    /// All that an operation may come to; nothing if it is impossible.
    pub(crate) apply: fn(&State, &str, &Datum) -> Vec<After>,
    /// A result for a function and its argument, right or wrong.
    pub(crate) guess: fn(&mut ChaCha8Rng, &str, &Datum) -> Datum,
}

fn int(datum: &Datum) -> i64 {
    match datum {
        Datum::Int(value) => *value,
        _ => panic!("{datum:?} is no integer"),
    }
}

fn list(values: impl IntoIterator<Item = i64>) -> Datum {
    Datum::List(values.into_iter().map(Datum::Int).collect())
}

fn some_of(rng: &mut ChaCha8Rng, values: impl Iterator<Item = i64>) -> Datum {
    list(values.filter(|_| rng.random_range(0..2) == 0))
}

fn element(rng: &mut ChaCha8Rng) -> Datum {
    Datum::Int(rng.random_range(1..=3))
}

/// Add, remove and contains, without read of the whole.
pub(crate) const ELEMENTS: Object = Object {
    initial: &[],
    ask: |rng, _| (["add", "remove", "contains"][rng.random_range(0..3)], element(rng)),
    apply: apply_set,
    guess: |rng, _, _| Datum::Bool(rng.random_range(0..2) == 0),
};

pub(crate) const SET: Object = Object {
    ask: |rng, state| match rng.random_range(0..3) {
        0 => ("read", NIL),
        _ => (ELEMENTS.ask)(rng, state),
    },
    guess: |rng, f, _| match f {
        "read" => some_of(rng, 1..=4),
        _ => Datum::Bool(rng.random_range(0..2) == 0),
    },
    ..ELEMENTS
};

fn apply_set(state: &State, f: &str, argument: &Datum) -> Vec<After> {
    let mut next = state.clone();
    if f == "read" {
        return vec![(next, vec![list(state.iter().copied())])];
    }
    let element = int(argument);
    let was_in = state.contains(&element);
    match f {
        "contains" => return vec![(next, vec![Datum::Bool(was_in)])],
        "add" if !was_in => next.push(element),
        "remove" => next.retain(|other| *other != element),
        _ => {}
    }
    next.sort_unstable();
    let changed = Datum::Bool(was_in == (f == "remove"));
    vec![(next, vec![NIL, argument.clone(), changed])]
}

/// Two registers; nil is 0.
pub(crate) const MULTI_REGISTER: Object = Object {
    initial: &[0, 0],
    ask: |rng, _| {
        let micro = |rng: &mut ChaCha8Rng| {
            let register = Datum::Int(rng.random_range(0..2));
            let (f, value) = match rng.random_range(0..2) {
                0 => ("read", NIL),
                _ => ("write", element(rng)),
            };
            Datum::List(vec![Datum::text(f), register, value])
        };
        ("txn", Datum::List((0..rng.random_range(1..=2)).map(|_| micro(rng)).collect()))
    },
    apply: |state, _, argument| {
        let mut next = state.clone();
        let mut act = |f: &str, register: i64, value: &Datum| {
            let holds = &mut next[register as usize];
            match (f, *holds) {
                ("write", _) => *holds = int(value),
                (_, 0) => return NIL,
                _ => return Datum::Int(*holds),
            }
            value.clone()
        };
        let result = micros(argument, |f, register, value| act(f, register, value));
        vec![(next, vec![result])]
    },
    guess: |rng, _, argument| {
        micros(argument, |f, _, value| if f == "read" { element(rng) } else { value.clone() })
    },
};

/// The same transaction with other values.
fn micros(argument: &Datum, mut value: impl FnMut(&str, i64, &Datum) -> Datum) -> Datum {
    let Datum::List(micros) = argument else { panic!("{argument:?} is no transaction") };
    let micro = |micro: &Datum| {
        let Datum::List(parts) = micro else { panic!("{micro:?} is no part of one") };
        let f = parts[0].as_name().expect("a function");
        let value = value(f, int(&parts[1]), &parts[2]);
        Datum::List(vec![parts[0].clone(), parts[1].clone(), value])
    };
    Datum::List(micros.iter().map(micro).collect())
}

pub(crate) const COUNTER: Object = Object {
    initial: &[0],
    ask: |rng, _| {
        let amount = Datum::Int(rng.random_range(-1..=3));
        match rng.random_range(0..8) {
            0 => ("increment", NIL),
            1 => ("decrement", amount),
            2 => ("add-and-get", amount),
            3 => ("get-and-add", amount),
            4 | 5 => ("add", amount),
            _ => ("read", NIL),
        }
    },
    apply: |state, f, argument| {
        let amount = match f {
            "read" => 0,
            "increment" if *argument == NIL => 1,
            "decrement" => -int(argument),
            _ => int(argument),
        };
        let (before, after) = (state[0], state[0] + amount);
        let results = match f {
            "read" | "add-and-get" => vec![Datum::Int(after)],
            "get-and-add" => vec![Datum::Int(before)],
            "increment" => vec![NIL, Datum::Int(after)],
            _ => vec![NIL, argument.clone()],
        };
        vec![(vec![after], results)]
    },
    guess: |rng, f, argument| match f {
        "add" | "decrement" => argument.clone(),
        _ => Datum::Int(rng.random_range(-1..=6)),
    },
};

pub(crate) const QUEUE: Object = Object {
    initial: &[],
    ask: |rng, _| match rng.random_range(0..2) {
        0 => ("enqueue", element(rng)),
        _ => ("dequeue", NIL),
    },
    apply: |state, f, argument| match (f, &state[..]) {
        ("enqueue", _) => {
            vec![([state, &[int(argument)][..]].concat(), vec![NIL, argument.clone()])]
        }
        (_, []) => vec![(Vec::new(), vec![NIL])],
        (_, [first, rest @ ..]) => vec![(rest.to_vec(), vec![Datum::Int(*first)])],
    },
    guess: |rng, f, argument| match f {
        "enqueue" => argument.clone(),
        _ => [NIL, element(rng), element(rng)].choose(rng).expect("three").clone(),
    },
};

pub(crate) const UNORDERED_QUEUE: Object = Object {
    apply: |state, f, argument| {
        if f == "enqueue" || state.is_empty() {
            return (QUEUE.apply)(state, f, argument);
        }
        let without = |i: usize| [&state[..i], &state[i + 1..]].concat();
        (0..state.len()).map(|i| (without(i), vec![Datum::Int(state[i])])).collect()
    },
    ..QUEUE
};

pub(crate) const APPEND_LIST: Object = Object {
    initial: &[],
    ask: |rng, _| match rng.random_range(0..2) {
        0 => ("append", element(rng)),
        _ => ("read", NIL),
    },
    apply: |state, f, argument| match f {
        "append" => vec![([state, &[int(argument)][..]].concat(), vec![NIL, argument.clone()])],
        _ => vec![(state.clone(), vec![list(state.iter().copied())])],
    },
    guess: |rng, f, argument| match f {
        "append" => argument.clone(),
        _ => some_of(rng, [1, 2, 3, 1, 2].into_iter()),
    },
};

fn versioned(version: i64, value: i64) -> Datum {
    list([version, value])
}

/// A version and a value, with versions rising by up to `jump_max`.
fn apply_versioned(state: &State, f: &str, argument: &Datum, jump_max: i64) -> Vec<After> {
    let (version, value) = (state[0], state[1]);
    if f == "read" {
        return vec![(state.clone(), vec![versioned(version, value)])];
    }
    let (expected, value) = argument.as_pair().expect("an expected version and a value");
    if *expected != NIL && *expected != Datum::Int(version) {
        return Vec::new();
    }
    let made = (version + 1)..=(version + jump_max);
    made.map(|made| (vec![made, int(value)], vec![versioned(made, int(value))])).collect()
}

pub(crate) const VERSIONED: Object = Object {
    initial: &[0, 0],
    ask: |rng, state| {
        let expected = match rng.random_range(0..4) {
            0 => Datum::Int(rng.random_range(0..4)),
            1 => Datum::Int(state[0]),
            _ => NIL,
        };
        match rng.random_range(0..2) {
            0 => ("write", Datum::List(vec![expected, element(rng)])),
            _ => ("read", NIL),
        }
    },
    apply: |state, f, argument| apply_versioned(state, f, argument, 1),
    guess: |rng, f, argument| {
        let version = rng.random_range(0..6);
        match f {
            "write" => versioned(version, int(argument.as_pair().expect("a pair").1)),
            _ => versioned(version, rng.random_range(0..=3)),
        }
    },
};

/// As [`VERSIONED`], but by as much as any version in the histories.
pub(crate) const REVISIONED: Object =
    Object { apply: |state, f, argument| apply_versioned(state, f, argument, 3), ..VERSIONED };

/// What is possible where versions may rise by any amount.
pub(crate) const REVISIONED_BY_ANY: Object =
    Object { apply: |state, f, argument| apply_versioned(state, f, argument, 30), ..VERSIONED };
