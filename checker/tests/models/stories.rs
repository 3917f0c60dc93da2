//! One history of each object that can be explained and one that cannot, with its story.

use expect_test::{Expect, expect};
use quorate_checker::{Budget, Certificate, Finding, Object, Reader, Reading, Recorded, Verdict};

/// A history a line an event: process, type, function, value, and further fields if there are any.
fn recorded(object: Object, history: &str) -> Recorded {
    let event = |line: &str| {
        let mut words = line.trim().splitn(4, ' ');
        let [process, kind, f, value] = std::array::from_fn(|_| words.next().expect("four words"));
        format!("{{\"process\":{process},\"type\":\"{kind}\",\"f\":\"{f}\",\"value\":{value}}}\n")
    };
    let lines: String = history.trim().lines().map(event).collect();
    let reader = Reader::new(lines.as_bytes(), None).expect("it is a history");
    let reading = Reading { object: Some(object), ..Reading::default() };
    Recorded::read(reader, &reading).unwrap_or_else(|error| panic!("{error}"))
}

/// The verdict, its certificate verified; and the stories.
fn examine(object: Object, history: &str) -> (Verdict, String) {
    let recorded = recorded(object, history);
    let mut certificate = recorded.certificate();
    let mut stories = String::new();
    for result in recorded.check(Budget::GENEROUS) {
        certificate.keys.push(result.certificate());
        if let Finding::Invalid { explanation, minimal, .. } = result.finding {
            assert!(minimal);
            let story: Vec<String> =
                explanation.story.iter().map(|line| format!("  {line}\n")).collect();
            stories +=
                &format!("{}\n{}\n{}", explanation.title, story.concat(), explanation.timeline);
        }
    }
    let mut file = Vec::new();
    certificate.write(&mut file).expect("writing to memory");
    let certificate = Certificate::read(&file[..]).expect("what was written is read");
    (recorded.verify(&certificate).expect("proofs are accepted"), stories)
}

fn valid(object: Object, history: &str) {
    assert_eq!(examine(object, history), (Verdict::Valid, String::new()));
}

fn invalid(object: Object, history: &str, story: &Expect) {
    let (verdict, found) = examine(object, history);
    assert_eq!(verdict, Verdict::Invalid);
    story.assert_eq(&found);
}

#[test]
fn a_set_that_loses_an_element() {
    valid(
        Object::Set,
        r#"0 invoke add 1
           1 invoke add 2
           0 info add 1
           1 ok add 2
           2 invoke read null
           2 ok read [2]
           2 invoke read null
           2 ok read [2, 1]"#,
    );
    invalid(
        Object::Set,
        r#"0 invoke add 1
           1 invoke add 2
           0 ok add 1
           1 ok add 2
           1 invoke add 3
           2 invoke read null
           2 ok read [1]
           1 ok add 3
           2 invoke read null
           2 ok read [1, 2, 3]"#,
        &expect![[r#"
            stale-read: a read missed a write that had completed before it began
              Look at 2 alone, whatever else there is.
              Let A be process 1's add of 2, from event 2 to event 4,
              and B be process 2's read of {}, from event 6 to event 7.
              Then every attempt to order them ends:
                after A: B is due, but the set is {2};
              However, they all returned what they returned. A contradiction.

            process 1  |- A add of 2 -|
            process 2                   |- B read of {} -|
        "#]],
    );
}

#[test]
fn a_set_whose_elements_are_checked_apart() {
    valid(
        Object::Set,
        r#"0 invoke add 1
           0 ok add true
           0 invoke remove 1
           1 invoke contains 1
           1 ok contains false
           0 ok remove true"#,
    );
    invalid(
        Object::Set,
        r#"0 invoke add 1
           1 invoke add 1
           0 ok add true
           1 ok add true
           0 invoke add 2
           0 ok add true"#,
        &expect![[r#"
            contradiction on key 1: no order of these operations explains what they returned
              Let A be process 0's add of 1, which was new, from event 1 to event 3,
              and B be process 1's add of 1, which was new, from event 2 to event 4.
              Then every attempt to order them ends:
                after B: A is due, but 1 is in the set;
                after A: B is due, but 1 is in the set;
              However, they all returned what they returned. A contradiction.

            process 0  |- A add of 1, which was new -|
            process 1    |- B add of 1, which was new -|
        "#]],
    );
}

#[test]
fn a_counter_that_forgets() {
    valid(
        Object::Counter,
        r#"0 invoke increment null
           1 invoke add-and-get 5
           0 ok increment 6
           1 ok add-and-get 5
           1 invoke read null
           1 ok read 6"#,
    );
    invalid(
        Object::Counter,
        r#"0 invoke add 2
           1 invoke add 3
           0 ok add 2
           2 invoke read null
           2 ok read 2
           2 invoke read null
           2 ok read 3
           1 ok add 3"#,
        &expect![[r#"
            contradiction: no order of these operations explains what they returned
              Let A be process 0's add of 2, from event 1 to event 3,
              and B be process 1's add of 3, still open when the others had ended, from event 2 to event 8,
              and C be process 2's read of 3, from event 6 to event 7.
              Then every attempt to order them ends:
                after B, A: C is due, but the count is 5;
              However, they all returned what they returned. A contradiction.

            process 0  |- A add of 2 -|
            process 1    |- B add of 3 -------------------?
            process 2                   |- C read of 3 -|
        "#]],
    );
}

#[test]
fn a_queue_that_overtakes() {
    valid(
        Object::Queue,
        r#"0 invoke enqueue "a"
           1 invoke enqueue "b"
           0 ok enqueue "a"
           1 ok enqueue "b"
           0 invoke dequeue null
           0 ok dequeue "b"
           0 invoke dequeue null
           0 ok dequeue "a"
           0 invoke dequeue null
           0 ok dequeue null"#,
    );
    invalid(
        Object::Queue,
        r#"0 invoke enqueue "a"
           0 ok enqueue "a"
           0 invoke enqueue "b"
           0 ok enqueue "b"
           0 invoke enqueue "c"
           0 ok enqueue "c"
           1 invoke dequeue null
           1 ok dequeue "a"
           1 invoke dequeue null
           1 ok dequeue "c""#,
        &expect![[r#"
            contradiction: no order of these operations explains what they returned
              Look at "b" and "c" alone, whatever else there is.
              Let A be process 0's enqueue of "b", from event 3 to event 4,
              and B be process 0's enqueue of "c", from event 5 to event 6,
              and C be process 1's dequeue of "c", from event 9 to event 10.
              Then every attempt to order them ends:
                after A, B: C is due, but the first in the queue is "b";
              However, they all returned what they returned. A contradiction.

            process 0  |- A enqueue of "b" -| |- B enqueue of "c" -|
            process 1                                                |- C dequeue of "c" -|
        "#]],
    );
}

#[test]
fn a_queue_that_gives_a_value_twice() {
    valid(
        Object::UnorderedQueue,
        r#"0 invoke enqueue 1
           0 ok enqueue 1
           0 invoke enqueue 2
           0 ok enqueue 2
           1 invoke dequeue null
           1 ok dequeue 2
           1 invoke dequeue null
           1 info dequeue null
           2 invoke dequeue null
           2 ok dequeue null"#,
    );
    invalid(
        Object::UnorderedQueue,
        r#"0 invoke enqueue 1
           0 ok enqueue 1
           0 invoke enqueue 2
           0 ok enqueue 2
           1 invoke dequeue null
           2 invoke dequeue null
           1 ok dequeue 2
           2 ok dequeue 2"#,
        &expect![[r#"
            contradiction: no order of these operations explains what they returned
              Look at 2 alone, whatever else there is.
              Let A be process 0's enqueue of 2, from event 3 to event 4,
              and B be process 1's dequeue of 2, from event 5 to event 7,
              and C be process 2's dequeue of 2, from event 6 to event 8.
              Then every attempt to order them ends:
                after A, C: B is due, but the queue is empty;
                after A, B: C is due, but the queue is empty;
              However, they all returned what they returned. A contradiction.

            process 0  |- A enqueue of 2 -|
            process 1                       |- B dequeue of 2 -|
            process 2                         |- C dequeue of 2 -|
        "#]],
    );
}

#[test]
fn a_list_whose_readers_disagree() {
    valid(
        Object::AppendList,
        r#"0 invoke append 1
           1 invoke append 2
           0 ok append 1
           1 ok append 2
           2 invoke read null
           2 ok read [2, 1]"#,
    );
    invalid(
        Object::AppendList,
        r#"0 invoke append 1
           1 invoke append 2
           2 invoke append 3
           0 ok append 1
           1 ok append 2
           3 invoke read null
           3 ok read [2, 1]
           2 ok append 3
           3 invoke read null
           3 ok read [1, 2, 3]"#,
        &expect![[r#"
            contradiction: no order of these operations explains what they returned
              Look at 1 and 2 alone, whatever else there is.
              Let A be process 0's append of 1, from event 1 to event 4,
              and B be process 1's append of 2, from event 2 to event 5,
              and C be process 3's read of [2, 1], from event 6 to event 7,
              and D be process 3's read of [1, 2], from event 9 to event 10.
              Then every attempt to order them ends:
                after B, A, C: D is due, but the list is [2, 1];
                after A, B: C is due, but the list is [1, 2];
              However, they all returned what they returned. A contradiction.

            process 0  |- A append of 1 -|
            process 1    |- B append of 2 -|
            process 3                        |- C read of [2, 1] -| |- D read of [1, 2] -|
        "#]],
    );
}

#[test]
fn two_writes_over_the_same_version() {
    valid(
        Object::VersionedRegister,
        r#"0 invoke write [null, "a"]
           0 ok write [1, "a"]
           0 invoke write [1, "b"]
           1 invoke write [1, "c"]
           0 ok write [2, "b"]
           1 fail write null
           1 invoke read null
           1 ok read [2, "b"]"#,
    );
    // The version is one higher than all writes together can have made it.
    invalid(
        Object::VersionedRegister,
        r#"0 invoke write [null, "a"]
           0 ok write [1, "a"]
           0 invoke write [null, "b"]
           1 invoke read null
           1 ok read [3, "b"]
           0 ok write [3, "b"]"#,
        &expect![[r#"
            version-order: no order of these operations explains their versions, though one explains the values
              Let A be process 0's write of "a", which got version 1, from event 1 to event 2,
              and B be process 0's write of "b", which got version 3, still open when the others had ended, from event 3 to event 6,
              and C be process 1's read of "b" with version 3, from event 4 to event 5.
              Then every attempt to order them ends:
                after A: C is due, but the register holds "a" with version 1;
              However, they all returned what they returned. A contradiction.

            process 0  |- A write of "a", which got version 1 -| |- B write of "b", which got version 3 -?
            process 1                                              |- C read of "b" with version 3 -|
        "#]],
    );
    invalid(
        Object::RevisionedRegister,
        r#"0 invoke write [null, "a"]
           0 ok write [4, "a"]
           0 invoke write [4, "b"]
           1 invoke write [4, "c"]
           0 ok write [7, "b"]
           1 ok write [9, "c"]
           1 invoke read null
           1 ok read [9, "c"]"#,
        &expect![[r#"
            version-order: no order of these operations explains their versions, though one explains the values
              Let A be process 0's write of "a", which got version 4, from event 1 to event 2,
              and B be process 0's write of "b" over version 4, which got version 7, from event 3 to event 5,
              and C be process 1's write of "c" over version 4, which got version 9, from event 4 to event 6.
              Then every attempt to order them ends:
                after A, C: B is due, but the register holds "c" with version 9;
                after A, B: C is due, but the register holds "b" with version 7;
              However, they all returned what they returned. A contradiction.

            process 0  |- A write of "a", which got version 4 -| |- B write of "b" over version 4, which got version 7 -|
            process 1                                              |- C write of "c" over version 4, which got version 9 -|
        "#]],
    );
}

#[test]
fn a_plain_register_with_a_field_for_the_version() {
    // The values repeat, and an unknown write has happened: only the versions tell the order.
    valid(
        Object::RevisionedRegister,
        r#"0 invoke read null
           0 ok read null,"version":0
           0 invoke write 1
           1 invoke write 1
           2 invoke write 2
           0 ok write 1,"version":4
           1 ok write 1,"version":9
           2 info write 2,"error":"timed-out"
           1 invoke read null
           0 invoke read null
           0 ok read 2,"version":12
           1 ok read 1,"version":9
           0 invoke write 3
           0 fail write 3,"error":"refused""#,
    );
    invalid(
        Object::RevisionedRegister,
        r#"0 invoke write 1
           0 ok write 1,"version":4
           1 invoke write 2
           1 ok write 2,"version":3"#,
        &expect![[r#"
            version-order: no order of these operations explains their versions, though one explains the values
              Let A be process 0's write of 1, which got version 4, from event 1 to event 2,
              and B be process 1's write of 2, which got version 3, from event 3 to event 4.
              Then every attempt to order them ends:
                after A: B is due, but the register holds 1 with version 4;
              However, they all returned what they returned. A contradiction.

            process 0  |- A write of 1, which got version 4 -|
            process 1                                          |- B write of 2, which got version 3 -|
        "#]],
    );
    // As values alone this is a register, whose second write was never read.
    invalid(
        Object::RevisionedRegister,
        r#"0 invoke write 1
           0 ok write 1,"version":4
           1 invoke write 1
           1 ok write 1,"version":9
           0 invoke read null
           0 ok read 1,"version":4"#,
        &expect![[r#"
            version-order: no order of these operations explains their versions, though one explains the values
              Let A be process 0's write of 1, which got version 4, from event 1 to event 2,
              and B be process 1's write of 1, which got version 9, from event 3 to event 4,
              and C be process 0's read of 1 with version 4, from event 5 to event 6.
              Then every attempt to order them ends:
                after A, B: C is due, but the register holds 1 with version 9;
              However, they all returned what they returned. A contradiction.

            process 0  |- A write of 1, which got version 4 -|                                         |- C read of 1 with version 4 -|
            process 1                                          |- B write of 1, which got version 9 -|
        "#]],
    );
}
