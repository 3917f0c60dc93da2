//! Scripts: what they say, and what is wrong with those that cannot be followed.

mod shrunk;
mod traces;

use std::path::Path;

use quorate::workload::{File, Workload};

fn resolve(script: &str) -> Result<Workload, String> {
    let text = format!(
        "about = \"A script.\"\nexpect = \"violation\"\nscript = \"\"\"\n{script}\n\"\"\"\n\
         [cluster]\nprotocol = \"lww\"\nnodes = [\"A\", \"B\", \"far away\"]\nr = 2\nw = 2\n"
    );
    let file = File::parse(Path::new("script.toml"), &text).map_err(|error| error.to_string())?;
    file.resolve().map_err(|error| error.to_string())
}

#[track_caller]
fn assert_refused(script: &str, line: usize, problem: &str) {
    let error = resolve(script).expect_err(script);
    // Three lines stand before the script.
    let expected = format!("script.toml:{}: field `script`: {problem}", line + 3);
    assert_eq!(error, expected);
}

#[test]
fn everything_that_can_be_said_is_understood() {
    let script = "
        clients w r           # numbered in this order
        w: write 1 at A
        duplicate store A -> B
        deliver 2nd store A -> B
        deliver all A -> B, \"far away\"
        sync B \"far away\"
        drop holding B -> A
        deliver holding B -> A
        deliver all \"far away\"->A
        sync A
        clock A -5ms
        crash A B losing unsynced
        restart A B
        r: read at A
        give up r
        w: write 2 at B
        crash \"far away\"
        restart \"far away\"
        wipe A \"far away\"
        restart A \"far away\"
        settle A B \"far away\"
        ";
    let workload = resolve(script).expect("it is possible");
    let again = File::parse(Path::new("script.toml"), &workload.to_toml()).expect("it is right");
    assert_eq!(again.resolve().expect("it is possible"), workload);
}

#[test]
fn what_is_no_step_is_refused() {
    assert_refused(
        "w: write 1 at D",
        1,
        "no node \"D\"; expected the name of a node: A, B, far away",
    );
    assert_refused("w: write one at A", 1, "found \"one\"; expected a whole number");
    assert_refused("w: write 1 A", 1, "found \"A\"; expected at");
    assert_refused(
        "w: write 1 to y at A",
        1,
        "found \"y\"; expected a register, such as x2, or at",
    );
    assert_refused(
        "wait a bit",
        1,
        "`a` is no duration; expected a number with a unit, such as 20ms, 1.5s or 2m",
    );
    assert_refused("w: erase at A", 1, "found \"erase\"; expected read, write or cas");
    assert_refused("\nsync", 2, "the line ends; expected the name of a node: A, B, far away");
    assert_refused("sync A now", 1, "found \"now\"; expected the end of the line");
    assert_refused(
        "clock A 5ms",
        1,
        "found \"5ms\"; expected a time with a sign, such as -5ms or +1s",
    );
    assert_refused("crash \"far", 1, "a quote that does not end; expected a second one");
    assert_refused("# nothing", 0, "it has no steps; expected at least one");
    assert_refused("w: cas nothing -> 1 at A", 1, "protocol lww has no compare-and-set");
    let unknown = resolve("jump A").expect_err("there is no such step");
    assert!(
        unknown.contains("found \"jump\"; expected the name of a client and a colon"),
        "{unknown}"
    );
}

#[test]
fn a_step_that_is_impossible_is_refused() {
    assert_refused("w: write 1 at A\ndeliver A -> A", 2, "nothing is on its way there");
    assert_refused(
        "w: write 1 at A\ndeliver query A -> B",
        2,
        "no such message; on its way there: store",
    );
    assert_refused(
        "w: write 1 at A\n# a comment\ndeliver 2nd store A -> B",
        3,
        "there are 1 of them on their way there",
    );
    assert_refused(
        "w: write 1 at A\nr: read at A\ndeliver A -> B",
        3,
        "several kinds of messages are meant; on its way there: query, store",
    );
    assert_refused("sync A", 1, "everything it wrote is on disk already");
    assert_refused("restart A", 1, "the node is not down");
    assert_refused("crash A\ncrash A", 2, "the node is down");
    assert_refused("w: write 1 at A\ncrash B\ndeliver store A -> B", 3, "the node is down");
    assert_refused("timer A", 1, "it has set no such timer");
    assert_refused(
        "w: write 1 at A\nw: read at A",
        2,
        "the client still waits for its last operation",
    );
    assert_refused("w: write 1 at A\ngive up w\ngive up w", 3, "the client waits for nothing");
    assert_refused("w: write 1 at A\nanswer w", 2, "no answer is on its way to the client");
    assert_refused(
        "w: write 1 at A later\narrive w\narrive w",
        3,
        "nothing that the client asked for is on its way to its node",
    );
    assert_refused(
        "w: write 1 at A later\ndisconnect w",
        2,
        "the client's connection has not broken",
    );
    assert_refused(
        "w: write 1 at A\ngive up r",
        2,
        "no client \"r\" asks for anything; expected w",
    );
}

#[test]
fn a_script_leaves_nothing_else_to_say() {
    let text = "script = \"sync A\"\n[clients]\nops = 7\n";
    let file = File::parse(Path::new("both.toml"), text).expect("it is TOML");
    let error = file.resolve().expect_err("both are said").to_string();
    let problem = "a script says all that happens; expected it to go, or the script";
    assert_eq!(error, format!("both.toml:3: field `clients.ops`: {problem}"));
}
